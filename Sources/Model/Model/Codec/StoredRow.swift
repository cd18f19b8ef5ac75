/// What rules can ask of a stored row, found where it lies: no text is made, and nothing else is read.
///
/// One value serves one row after the other and keeps its capacity. What it lends lies in the row and lives as long.
package struct StoredRow {
    package typealias Bytes = ResourceText.Bytes

    /// One claim on a tag: the winner of its key, or one of the losers.
    package struct Claim {
        package let key: Bytes
        package let value: Bytes
        package let source: TagSource
        package let createdBy: Bytes
        /// The source is sure of it.
        package let isCertain: Bool
        package let rule: Rule?
        /// The first claim of its key.
        package let wins: Bool
    }

    /// The rule that made a claim.
    package struct Rule: Equatable {
        package let id: UUID128
        package let version: UInt64
        package let priority: Int32

        package init(id: UUID128, version: UInt64, priority: Int32) {
            self.id = id
            self.version = version
            self.priority = priority
        }
    }

    /// All claims, key by key, the winner of each first; none where they were not wanted.
    package private(set) var claims: ContiguousArray<Claim> = []
    /// Whether people or models made claims.
    package private(set) var isStated = false
    package var resource = ResourceText()

    /// What was found along relationships, by the 16 bytes of the query's key.
    package struct Relation {
        package let query: Bytes
        package let value: Bytes

        package init(query: Bytes, value: Bytes) {
            self.query = query
            self.value = value
        }
    }

    /// None before `readRelations` was called: few rules ask for them, and they stand last.
    package private(set) var relations: ContiguousArray<Relation> = []
    /// What of the row is not read yet.
    private var rest: UnsafeRawBufferPointer?

    package init() {}

    /// Of a resource that is no stored row.
    package mutating func take(_ found: [Relation]) {
        rest = nil
        relations.removeAll(keepingCapacity: true)
        relations.append(contentsOf: found)
    }

    /// None where they cannot be read.
    package mutating func readRelations() {
        guard let unread = rest else { return }
        rest = nil
        var reader = ByteReader(unread)
        do throws(CodecError) { try reader.read(&relations) } catch { relations.removeAll(keepingCapacity: true) }
    }

    /// Reads the next row. Throws where it is not in the form of `RecordCodec`; then nothing may be asked.
    package mutating func read(_ row: UnsafeRawBufferPointer, withClaims: Bool) throws(CodecError) {
        claims.removeAll(keepingCapacity: true)
        isStated = false
        var reader = ByteReader(row)
        let head = try reader.rowHead()
        for _ in 0..<(try reader.count()) {
            guard withClaims else {
                if try reader.skipTagFindingStated() { isStated = true }
                continue
            }
            let key = try reader.bytes()
            for position in 0...(try reader.count()) {
                let claim = try reader.claim(on: key, wins: position == 0)
                if claim.source == .manual || claim.source == .ml { isStated = true }
                claims.append(claim)
            }
        }
        try reader.skipCompliance()
        try reader.read(&resource)
        relations.removeAll(keepingCapacity: true)
        rest = head.hasRelations ? UnsafeRawBufferPointer(rebasing: row[reader.position...]) : nil
    }
}

extension ByteReader {
    @inline(__always)
    fileprivate mutating func bytes() throws(CodecError) -> StoredRow.Bytes {
        let slice = try slice()
        return StoredRow.Bytes(start: slice.baseAddress?.assumingMemoryBound(to: UInt8.self), count: slice.count)
    }

    /// As `RecordCodec` writes resources, up to their relationships.
    @inline(__always)
    fileprivate mutating func read(_ resource: inout ResourceText) throws(CodecError) {
        guard let provider = Provider(code: try byte()) else { throw CodecError("unknown provider in a row") }
        resource.provider = provider
        resource.resourceID = try bytes()
        resource.resourceType = try bytes()
        resource.name = try bytes()
        resource.accountID = try bytes()
        resource.region = try bytes()
        _ = try varint()
        _ = try varint()
        resource.nativeTags.removeAll(keepingCapacity: true)
        for _ in 0..<(try count()) {
            resource.nativeTags.append(ResourceText.NativeTag(key: try bytes(), value: try bytes()))
        }
        resource.metadata = try bytes()
    }

    /// As `RecordCodec` writes resources, from their relationships on.
    fileprivate mutating func read(_ relations: inout ContiguousArray<StoredRow.Relation>) throws(CodecError) {
        for _ in 0..<(try count()) { try skip(1 + 16) }
        for _ in 0..<(try count()) {
            _ = try zigzag()
            _ = try slice()
            _ = try slice()
            for _ in 0..<2 { _ = try zigzag() }
            _ = try varint()
        }
        guard !atEnd else { return }
        for _ in 0..<(try count()) {
            let query = try part(16)
            relations.append(StoredRow.Relation(query: query.bindMemory(to: UInt8.self), value: try bytes()))
            for _ in 0..<(try count()) { try skip(16) }
        }
    }

    /// As `RecordCodec` writes assertions.
    fileprivate mutating func claim(on key: StoredRow.Bytes, wins: Bool) throws(CodecError) -> StoredRow.Claim {
        let flags = try byte()
        guard flags < 32, let source = TagSource(code: flags & 3) else {
            throw CodecError("unknown flags of a tag: \(flags)")
        }
        let value = try bytes()
        let createdBy = try bytes()
        _ = try varint()
        if flags & 16 != 0 { _ = try varint() }
        let isCertain = flags & 8 == 0
        if !isCertain { try skip(8) }
        var rule: StoredRow.Rule?
        if flags & 4 != 0 {
            rule = StoredRow.Rule(
                id: try uuid(), version: try varint(), priority: Int32(truncatingIfNeeded: try zigzag()))
        }
        return StoredRow.Claim(
            key: key, value: value, source: source, createdBy: createdBy, isCertain: isCertain, rule: rule, wins: wins)
    }
}
