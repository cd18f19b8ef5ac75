import HTTPTransport

/// The name under which a request is found again in logs, audit entries and problems.
enum RequestID {
    /// Longest accepted id in bytes.
    static let bytesMax = 64

    /// The caller's own (`X-Request-Id`), if it is 1 to 64 letters, digits, `-`, `_`, `.` or `:`; a new one otherwise.
    static func of(_ head: HTTPRequestHead) -> String {
        head.headers.withValue(of: "x-request-id") { stated($0) }?.flatMap { $0 } ?? make()
    }

    private static func stated(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard (1...bytesMax).contains(bytes.count), bytes.allSatisfy(isAccepted) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isAccepted(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: ":"):
            true
        default: false
        }
    }

    static func make() -> String {
        let number = UInt64.random(in: .min ... .max)
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
