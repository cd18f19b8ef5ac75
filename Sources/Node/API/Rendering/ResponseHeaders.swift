import HTTPTransport

/// Header fields that go with every answer.
enum ResponseHeaders {
    /// Answers hold what only their reader may see: nothing in between keeps them, and browsers take them for what they are.
    static let standard: HTTPFields = [
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "referrer-policy": "no-referrer",
    ]

    /// For answers that may be kept if they are checked again: those with an ETag.
    static let validated: HTTPFields = [
        "cache-control": "private, no-cache",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "referrer-policy": "no-referrer",
    ]

    /// Under TLS: from now on under TLS alone (RFC 6797), for a year.
    static let strictTransport = (name: "strict-transport-security", value: "max-age=31536000")

    /// For point reads, where each byte counts: what matters to a reader that is no browser page.
    static let pointRead: HTTPFields = [
        "cache-control": "private, no-cache",
        "x-content-type-options": "nosniff",
    ]
}
