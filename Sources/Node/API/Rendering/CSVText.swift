/// Comma-separated values (RFC 4180).
struct CSVText {
    private(set) var bytes: [UInt8] = []

    init(header: [String]) { row(header) }

    mutating func row(_ fields: [String]) {
        for (position, field) in fields.enumerated() {
            if position > 0 { bytes.append(UInt8(ascii: ",")) }
            append(Self.harmless(field))
        }
        bytes.append(contentsOf: "\r\n".utf8)
    }

    private mutating func append(_ field: String) {
        let special = field.utf8.contains { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }
        guard special else { return bytes.append(contentsOf: field.utf8) }
        bytes.append(0x22)
        for byte in field.utf8 {
            if byte == 0x22 { bytes.append(0x22) }
            bytes.append(byte)
        }
        bytes.append(0x22)
    }

    /// Spreadsheets take a field that begins with one of these for a formula: an apostrophe before it keeps it text
    /// (OWASP, "CSV Injection"). A negative number is one.
    private static func harmless(_ field: String) -> String {
        guard let first = field.utf8.first, "=+-@\t\r".utf8.contains(first) else { return field }
        let digits = field.utf8.dropFirst()
        if first == UInt8(ascii: "-"), !digits.isEmpty, digits.allSatisfy({ $0 == 0x2E || (0x30...0x39).contains($0) }) {
            return field
        }
        return "'\(field)"
    }
}
