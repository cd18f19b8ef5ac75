/// What rules can ask of a stored row, found where it lies: no text is made, and nothing else is read.
///
/// One value serves one row after the other and keeps its capacity. What it lends lies in the row and lives as long.
package struct StoredRow {
    package typealias Bytes = UnsafeBufferPointer<UInt8>

    /// One claim on a tag: the winner of its key, or one of the losers.
    package struct Claim {
        package let key: Bytes
        package let value: Bytes
        package let source: TagSource
        /// The rule that made it.
        package let ruleID: UUID128?
        /// The first claim of its key.
        package let wins: Bool
    }

    package struct NativeTag {
        package let key: Bytes
        package let value: Bytes
    }

    /// All claims, key by key, the winner of each first.
    package private(set) var claims: ContiguousArray<Claim> = []
    package private(set) var provider = Provider.aws
    package private(set) var resourceID = Bytes(start: nil, count: 0)
    package private(set) var resourceType = Bytes(start: nil, count: 0)
    package private(set) var name = Bytes(start: nil, count: 0)
    package private(set) var accountID = Bytes(start: nil, count: 0)
    package private(set) var region = Bytes(start: nil, count: 0)
    /// Sorted by key.
    package private(set) var nativeTags: ContiguousArray<NativeTag> = []
    /// A JSON object.
    package private(set) var metadata = Bytes(start: nil, count: 0)

    package init() {}

    /// Reads the next row. Throws where it is not in the form of `RecordCodec`; then nothing may be asked.
    package mutating func read(_ row: UnsafeRawBufferPointer) throws(CodecError) {
        claims.removeAll(keepingCapacity: true)
        nativeTags.removeAll(keepingCapacity: true)
        var reader = ByteReader(row)
        _ = try reader.rowHead()
        for _ in 0..<(try reader.count()) {
            let key = try reader.bytes()
            let losers = try reader.count()
            for position in 0...losers { claims.append(try reader.claim(on: key, wins: position == 0)) }
        }
        for _ in 0..<(try reader.count()) { _ = try reader.skipComplianceResult() }
        guard let provider = Provider(code: try reader.byte()) else { throw CodecError("unknown provider in a row") }
        self.provider = provider
        resourceID = try reader.bytes()
        resourceType = try reader.bytes()
        name = try reader.bytes()
        accountID = try reader.bytes()
        region = try reader.bytes()
        _ = try reader.varint()
        _ = try reader.zigzag()
        for _ in 0..<(try reader.count()) {
            nativeTags.append(NativeTag(key: try reader.bytes(), value: try reader.bytes()))
        }
        metadata = try reader.bytes()
    }
}

extension ByteReader {
    fileprivate mutating func bytes() throws(CodecError) -> StoredRow.Bytes {
        let slice = try slice()
        return StoredRow.Bytes(start: slice.baseAddress?.assumingMemoryBound(to: UInt8.self), count: slice.count)
    }

    /// As `RecordCodec` writes assertions.
    fileprivate mutating func claim(on key: StoredRow.Bytes, wins: Bool) throws(CodecError) -> StoredRow.Claim {
        let flags = try byte()
        guard flags < 32, let source = TagSource(code: flags & 3) else {
            throw CodecError("unknown flags of a tag: \(flags)")
        }
        let value = try bytes()
        _ = try slice()
        _ = try varint()
        if flags & 16 != 0 { _ = try varint() }
        if flags & 8 != 0 { _ = try double() }
        guard flags & 4 != 0 else {
            return StoredRow.Claim(key: key, value: value, source: source, ruleID: nil, wins: wins)
        }
        let rule = try uuid()
        _ = try varint()
        _ = try varint()
        return StoredRow.Claim(key: key, value: value, source: source, ruleID: rule, wins: wins)
    }
}
