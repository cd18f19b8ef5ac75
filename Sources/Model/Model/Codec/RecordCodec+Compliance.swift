/// What a report of compliance asks of a row: read from the stored bytes, without making the rest of it.
package struct ComplianceRow {
    /// What rows are told apart by.
    package enum Grouping: Hashable, Sendable {
        case none, policy, severity, provider, account, region, resourceType
        /// The value of a tag, by its key in any spelling.
        case tag(String)
    }

    package struct Result {
        package let policy: UUID128
        package let violations: Int
        package let isWaived: Bool
    }

    /// The value that the row is grouped by; nil where it has none, or where its results are what is grouped.
    package private(set) var group: String?
    package private(set) var results: [Result] = []
    package private(set) var costs: [(month: Int32, currency: String, nanos: Int64)] = []

    /// - Parameters:
    ///   - isGroupKey: whether a tag with that key is the one that rows are grouped by.
    ///   - needsCosts: read them too, which lie at the row's end.
    package init(
        _ bytes: [UInt8], by grouping: Grouping, needsCosts: Bool, isGroupKey: (UnsafeRawBufferPointer) -> Bool
    ) throws(CodecError) {
        let result: Swift.Result<Self, CodecError> = bytes.withUnsafeBytes { raw in
            do throws(CodecError) {
                var row = Self()
                var reader = ByteReader(raw)
                try row.read(&reader, grouping, needsCosts, isGroupKey)
                return .success(row)
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    private init() {}

    private mutating func read(
        _ reader: inout ByteReader, _ grouping: Grouping, _ needsCosts: Bool, _ isGroupKey: (UnsafeRawBufferPointer) -> Bool
    ) throws(CodecError) {
        _ = try reader.rowHead()
        try readTags(&reader, isGroupKey)
        for _ in 0..<(try reader.count()) {
            let (policy, violations, isWaived) = try reader.skipComplianceResult()
            results.append(Result(policy: policy, violations: violations, isWaived: isWaived))
        }
        let code = try reader.byte()
        guard let provider = Provider(code: code) else { throw CodecError("unknown provider \(code) in a row") }
        if grouping == .provider { group = provider.rawValue }
        _ = try reader.slice()
        try readField(&reader, isGroup: grouping == .resourceType)
        _ = try reader.slice()
        try readField(&reader, isGroup: grouping == .account)
        try readField(&reader, isGroup: grouping == .region)
        guard needsCosts else { return }
        try readCosts(&reader)
    }

    private mutating func readTags(
        _ reader: inout ByteReader, _ isGroupKey: (UnsafeRawBufferPointer) -> Bool
    ) throws(CodecError) {
        for _ in 0..<(try reader.count()) {
            var ahead = reader
            if isGroupKey(try ahead.slice()) {
                _ = try ahead.count()
                _ = try ahead.byte()
                group = try ahead.string()
            }
            try reader.skipTag()
        }
    }

    /// An empty field is no value.
    private mutating func readField(_ reader: inout ByteReader, isGroup: Bool) throws(CodecError) {
        let text = try reader.slice()
        if isGroup, !text.isEmpty { group = String(decoding: text, as: UTF8.self) }
    }

    private mutating func readCosts(_ reader: inout ByteReader) throws(CodecError) {
        _ = try reader.varint()
        _ = try reader.zigzag()
        for _ in 0..<(try reader.count()) {
            _ = try reader.slice()
            _ = try reader.slice()
        }
        _ = try reader.slice()
        for _ in 0..<(try reader.count()) {
            _ = try reader.byte()
            _ = try reader.uuid()
        }
        for _ in 0..<(try reader.count()) {
            let month = Int32(truncatingIfNeeded: try reader.zigzag())
            _ = try reader.slice()
            let currency = try reader.string()
            _ = try reader.zigzag()
            let nanos = try reader.zigzag()
            _ = try reader.varint()
            costs.append((month, currency, nanos))
        }
    }
}
