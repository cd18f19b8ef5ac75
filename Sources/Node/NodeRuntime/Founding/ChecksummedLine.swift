import CChecksum
import JSON

/// The form of small files like `NODE`: a line of JSON, and a line with its CRC-32C in eight hexadecimal digits.
enum ChecksummedLine {
    /// Newest format that this version reads, in the field `format`.
    static let format = 1

    static func encode(_ line: [UInt8]) -> [UInt8] { line + [0x0A] + Array(checksum(line).utf8) + [0x0A] }

    /// - Parameter remedy: a sentence for the person who has to do something about a damaged file.
    static func decode(_ bytes: [UInt8], path: String, remedy: String) throws(NodeStartError) -> JSONValue {
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        guard lines.count == 3, lines[2].isEmpty, lines[1] == Array(checksum(lines[0]).utf8) else {
            throw NodeStartError(.damaged, "\(path): the file is damaged (its checksum does not fit). \(remedy)")
        }
        guard let value = try? JSONValue(parsing: lines[0]), let format = value["format"]?.int else {
            throw NodeStartError(.damaged, "\(path): the file is not readable. \(remedy)")
        }
        guard format <= Self.format else {
            throw NodeStartError(
                .damaged, "\(path): written by a newer version (format \(format)); run that version or a newer one")
        }
        return value
    }

    private static func checksum(_ line: [UInt8]) -> String {
        let crc = line.withUnsafeBytes { vtag_crc32c(0, $0.baseAddress, $0.count) }
        let hex = String(crc, radix: 16)
        return String(repeating: "0", count: 8 - hex.count) + hex
    }
}
