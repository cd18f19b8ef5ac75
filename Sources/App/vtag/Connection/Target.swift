/// A path and a query, percent-encoded (RFC 3986).
struct Target {
    private(set) var text: String
    private var hasQuery = false

    /// Path segments, each encoded whole: a slash inside one does not end it.
    init(_ segments: String...) {
        text = segments.map { "/" + Self.encode($0) }.joined()
    }

    /// Adds a path segment; to be called before `add`.
    mutating func descend(_ segment: String) { text += "/" + Self.encode(segment) }

    /// Adds `name=value`; does nothing without a value.
    mutating func add(_ name: String, _ value: String?) {
        guard let value else { return }
        text += (hasQuery ? "&" : "?") + Self.encode(name) + "=" + Self.encode(value)
        hasQuery = true
    }

    func adding(_ name: String, _ value: String?) -> Target {
        var copy = self
        copy.add(name, value)
        return copy
    }

    private static func encode(_ text: String) -> String {
        let hex = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
