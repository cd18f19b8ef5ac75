/// Where the parts of a stored row lie, found without reading them: what is equal byte by byte says the same.
package struct RowSections {
    /// Times in the row are differences to this one.
    package let base: Timestamp
    package let tags: UnsafeRawBufferPointer
    package let compliance: UnsafeRawBufferPointer
    package let resource: UnsafeRawBufferPointer

    /// `row` must outlive the sections. Throws where it is not in the form of `RecordCodec`.
    package init(_ row: UnsafeRawBufferPointer) throws(CodecError) {
        var reader = ByteReader(row)
        base = try reader.rowHead().base
        let tagsStart = reader.position
        for _ in 0..<(try reader.count()) { try reader.skipTag() }
        let complianceStart = reader.position
        for _ in 0..<(try reader.count()) { _ = try reader.skipComplianceResult() }
        tags = UnsafeRawBufferPointer(rebasing: row[tagsStart..<complianceStart])
        compliance = UnsafeRawBufferPointer(rebasing: row[complianceStart..<reader.position])
        resource = UnsafeRawBufferPointer(rebasing: row[reader.position...])
    }
}

extension RecordCodec {
    /// The effective value of the tag of that very key, found without reading the rest; nil where there is none.
    package static func value(of key: String, in row: [UInt8]) throws(CodecError) -> String? {
        try row.reading { reader throws(CodecError) in
            try reader.seekValue(of: key).map { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// Whether `value(of:in:)` returns that, byte by byte. False for what is no row.
    package static func has(_ value: String, for key: String, in row: [UInt8]) -> Bool {
        let same = try? row.reading { reader throws(CodecError) in try reader.seekValue(of: key)?.isText(value) }
        return same == true
    }
}

/// What stands before a row's tags.
struct RowHead {
    let changedIndex: UInt64
    let judgedUnder: UInt64
    let base: Timestamp
    let hasRelations: Bool
}

extension ByteReader {
    mutating func rowHead() throws(CodecError) -> RowHead {
        let format = try byte()
        guard format == RecordCodec.format || format == RecordCodec.formatWithRelations else {
            throw CodecError("a row has a format this version does not know")
        }
        let changedIndex = try varint()
        let judgedUnder = try varint()
        return RowHead(
            changedIndex: changedIndex, judgedUnder: judgedUnder, base: Timestamp(milliseconds: try zigzag()),
            hasRelations: format == RecordCodec.formatWithRelations)
    }

    /// From a row's beginning to the effective value of a tag.
    fileprivate mutating func seekValue(of key: String) throws(CodecError) -> UnsafeRawBufferPointer? {
        _ = try rowHead()
        for _ in 0..<(try count()) {
            var tag = self
            guard try tag.slice().isText(key) else {
                try skipTag()
                continue
            }
            _ = try tag.count()
            _ = try tag.byte()
            return try tag.slice()
        }
        return nil
    }

    /// Returns the winner's source.
    @discardableResult
    @inline(__always)
    mutating func skipTag() throws(CodecError) -> TagSource {
        _ = try slice()
        let losers = try count()
        let winner = try skipAssertion()
        for _ in 0..<losers { _ = try skipAssertion() }
        return winner
    }

    /// Whether a person or a model has made a claim on the tag.
    @inline(__always)
    mutating func skipTagFindingStated() throws(CodecError) -> Bool {
        _ = try slice()
        var found = false
        for _ in 0...(try count()) {
            let source = try skipAssertion()
            if source == .manual || source == .ml { found = true }
        }
        return found
    }

    /// Passes over a row's results of compliance.
    mutating func skipCompliance() throws(CodecError) {
        for _ in 0..<(try count()) {
            try skip(16)
            _ = try varint()
            try skipViolations()
        }
    }

    @inline(__always)
    private mutating func skipViolations() throws(CodecError) {
        let head = try varint()
        if head & 1 != 0 { try skip(16) }
        guard head > 1 else { return }
        guard head >> 1 <= UInt64(remaining) else { throw CodecError("a length reaches past the end") }
        for _ in 0..<(head >> 1) {
            try skip(1)
            _ = try slice()
            _ = try slice()
        }
    }

    /// Returns the policy, how many violations of it there are, and whether a waiver allows them.
    mutating func skipComplianceResult() throws(CodecError) -> (policy: UUID128, violations: Int, isWaived: Bool) {
        let policy = try uuid()
        _ = try zigzag()
        let (violations, waiver) = try resultHead()
        for _ in 0..<violations {
            _ = try byte()
            _ = try slice()
            _ = try slice()
        }
        return (policy, violations, waiver != nil)
    }

    @inline(__always)
    private mutating func skipAssertion() throws(CodecError) -> TagSource {
        let flags = try byte()
        guard flags < 32, let source = TagSource(code: flags & 3) else {
            throw CodecError("unknown flags of a tag: \(flags)")
        }
        _ = try slice()
        _ = try slice()
        _ = try varint()
        if flags & 16 != 0 { _ = try varint() }
        if flags & 8 != 0 { try skip(8) }
        if flags & 4 != 0 {
            try skip(16)
            _ = try varint()
            _ = try varint()
        }
        return source
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func isText(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { count == $0.count && elementsEqual($0) }
    }
}
