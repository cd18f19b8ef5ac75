import CChecksum

/// What turns one stored form of a row into the next: its head, what stands in the place of what changed, and how much before
/// and behind that stays.
///
/// Knows nothing of a row but where its head ends, so that it holds for whatever the rest may be. The result is checked by its
/// CRC-32C: a delta that meets another row than the one it was made from is noticed.
package struct RowDelta: Hashable, Sendable {
    /// The new row up to its tags.
    private let head: [UInt8]
    /// Bytes behind the old row's head that stay.
    private let kept: Int
    private let changed: [UInt8]
    /// Bytes at the old row's end that stay.
    private let keptAtEnd: Int
    /// CRC-32C of the new row.
    private let checksum: UInt32

    /// Bytes of its stored form, roughly.
    package var byteCount: Int { head.count + changed.count + 16 }

    /// Throws where one of them is no row.
    package init(from old: [UInt8], to new: [UInt8]) throws(CodecError) {
        let (oldHead, newHead) = (try Self.headCount(old), try Self.headCount(new))
        let shorter = min(old.count - oldHead, new.count - newHead)
        let (kept, keptAtEnd) = old.withUnsafeBufferPointer { old in
            new.withUnsafeBufferPointer { new in
                var kept = 0
                while kept < shorter, old[oldHead + kept] == new[newHead + kept] { kept += 1 }
                var keptAtEnd = 0
                while keptAtEnd < shorter - kept, old[old.count - 1 - keptAtEnd] == new[new.count - 1 - keptAtEnd] {
                    keptAtEnd += 1
                }
                return (kept, keptAtEnd)
            }
        }
        head = Array(new[..<newHead])
        changed = Array(new[newHead + kept..<new.count - keptAtEnd])
        self.kept = kept
        self.keptAtEnd = keptAtEnd
        checksum = Self.checksum(new)
    }

    /// The new row. Throws where `old` is not the row that the delta was made from.
    package func applied(to old: [UInt8]) throws(CodecError) -> [UInt8] {
        let start = try Self.headCount(old)
        guard kept <= old.count - start, keptAtEnd <= old.count - start - kept else {
            throw CodecError("a change is not of this row")
        }
        var new: [UInt8] = []
        new.reserveCapacity(head.count + kept + changed.count + keptAtEnd)
        new += head
        new += old[start..<start + kept]
        new += changed
        new += old[(old.count - keptAtEnd)...]
        guard Self.checksum(new) == checksum else { throw CodecError("a change is not of this row") }
        return new
    }

    private static func headCount(_ row: [UInt8]) throws(CodecError) -> Int {
        try row.reading { reader throws(CodecError) in
            _ = try reader.rowHead()
            return reader.position
        }
    }

    private static func checksum(_ row: [UInt8]) -> UInt32 {
        row.withUnsafeBytes { vtag_crc32c(0, $0.baseAddress, $0.count) }
    }
}

extension RowDelta {
    package func write(to writer: inout ByteWriter) {
        writer.blob(head)
        writer.varint(kept)
        writer.blob(changed)
        writer.varint(keptAtEnd)
        writer.varint(UInt64(checksum))
    }

    package init(from reader: inout ByteReader) throws(CodecError) {
        head = try reader.blob()
        kept = try reader.length()
        changed = try reader.blob()
        keptAtEnd = try reader.length()
        guard let checksum = UInt32(exactly: try reader.varint()) else { throw CodecError("a checksum is too long") }
        self.checksum = checksum
    }
}

extension ByteReader {
    /// Of something that lies elsewhere. More than a row can have is refused, so that sums of a few do not overflow.
    fileprivate mutating func length() throws(CodecError) -> Int {
        let value = try varint()
        guard value <= UInt64(Int32.max) else { throw CodecError("a length is too long") }
        return Int(value)
    }
}

extension [UInt8] {
    /// Reads from the bytes in place. (`withUnsafeBytes` rethrows untyped; this carries the typed error out.)
    package func reading<Value>(
        _ body: (inout ByteReader) throws(CodecError) -> Value
    ) throws(CodecError) -> Value {
        let result: Result<Value, CodecError> = withUnsafeBytes { raw in
            do throws(CodecError) {
                var reader = ByteReader(raw)
                return .success(try body(&reader))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
