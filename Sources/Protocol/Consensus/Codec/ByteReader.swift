/// Reads little-endian integers and bytes from a frame that is there whole. Never reads past its end.
struct ByteReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    var remaining: Int { bytes.endIndex - position }

    mutating func read<T: FixedWidthInteger & UnsignedInteger>(_ type: T.Type = T.self) throws(CodecFault) -> T {
        let size = MemoryLayout<T>.size
        guard remaining >= size else { throw .malformed("a frame is shorter than its content") }
        let at = position
        position += size
        return bytes.withUnsafeBytes { buffer in
            T(littleEndian: buffer.loadUnaligned(fromByteOffset: at - bytes.startIndex, as: T.self))
        }
    }

    mutating func readBool() throws(CodecFault) -> Bool {
        switch try read(UInt8.self) {
        case 0: false
        case 1: true
        default: throw .malformed("a flag is neither 0 nor 1")
        }
    }

    /// A term or index.
    mutating func readNumber() throws(CodecFault) -> UInt64 {
        let number = try read(UInt64.self)
        guard number <= Message.numberMax else { throw .malformed("a term or index is out of range") }
        return number
    }

    mutating func readID() throws(CodecFault) -> ReplicaID {
        let number = try read(UInt64.self)
        guard number != 0 else { throw .malformed("a replica has the id 0") }
        return ReplicaID(number)
    }

    mutating func readBytes(_ count: Int) throws(CodecFault) -> [UInt8] {
        guard count >= 0, count <= remaining else { throw .malformed("a frame is shorter than its content") }
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    /// Throws unless everything was read.
    func finish() throws(CodecFault) {
        guard remaining == 0 else { throw .malformed("a frame is longer than its content") }
    }
}
