/// Facts about status codes (RFC 9110 section 15).
enum HTTPStatus {
    static let digitCount = 3
    private static let range = 100...599

    /// Three ASCII digits for every status, for the life of the process.
    nonisolated(unsafe) private static let table: UnsafePointer<UInt8> = {
        let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: range.count * digitCount)
        var index = 0
        for status in range {
            for digit in [status / 100, status / 10 % 10, status % 10] {
                (bytes + index).initialize(to: UInt8(ascii: "0") + UInt8(digit))
                index += 1
            }
        }
        return UnsafePointer(bytes)
    }()

    /// The three digits of a status, valid for the life of the process.
    static func digits(_ status: Int) -> UnsafePointer<UInt8> {
        precondition(range.contains(status), "There is no status \(status)")
        return table + (status - range.lowerBound) * digitCount
    }

    /// Whether a response of that status has a body, be it an empty one.
    static func allowsBody(_ status: Int) -> Bool {
        status != 204 && status != 304 && status >= 200
    }

    /// The reason phrase of an HTTP/1.1 status line.
    static func reason(_ status: Int) -> StaticString {
        switch status {
        case 100: "Continue"
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 206: "Partial Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 411: "Length Required"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 416: "Range Not Satisfiable"
        case 417: "Expectation Failed"
        case 422: "Unprocessable Content"
        case 425: "Too Early"
        case 426: "Upgrade Required"
        case 428: "Precondition Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        case 507: "Insufficient Storage"
        default: "Status"
        }
    }
}
