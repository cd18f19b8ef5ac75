internal import Conditions
internal import Model

/// Which rules may hold for a resource, without asking them: sets of rules as bits, one row of bits for each value that
/// some rule requires, and the candidates are what all dimensions have in common.
///
/// A resource costs one look-up per dimension and one pass over `rules / 64` words, however many rules there are.
final class CandidateIndex: Sendable {
    private final class Dimension: Sendable {
        let values: ByteMap
        /// `values.count` rows: the rules that require the value or none. Then one row of the rules that require none.
        let rows: Fixed<UInt64>
        private let openRow: Int

        init(_ values: [String], _ rows: [UInt64]) {
            self.values = ByteMap(values)
            self.rows = Fixed(rows)
            openRow = values.count
        }

        func row(_ value: String) -> Int { values.position(of: value) ?? openRow }
    }

    /// What a key and its values lead to.
    final class Entry: Sendable {
        /// The row of the rules that require the key, whatever its value; -1: none does.
        let row: Int32
        private let values: ByteMap
        private let valueRows: Fixed<Int32>

        fileprivate init(row: Int32, values: [(value: String, row: Int32)]) {
            self.row = row
            self.values = ByteMap(values.map(\.value))
            valueRows = Fixed(values.map(\.row))
        }

        var hasValues: Bool { valueRows.count > 0 }

        /// The row of the rules that require the key with that value; -1: none does.
        func row(ofValue value: ByteText.Bytes) -> Int32 { values.position(of: value).map { valueRows[$0] } ?? -1 }
    }

    /// 64-bit words in a row.
    let words: Int
    private let providers: Dimension
    private let resourceTypes: Dimension
    private let accounts: Dimension
    private let regions: Dimension
    private let natives: [String: Entry]
    private let tags: [String: Entry]
    /// Rows of the rules that require a key, or a key with a value; then one row of the rules that require neither.
    private let keyRows: Fixed<UInt64>
    private let openKeyRow: Int

    init(_ requirements: [Requirements]) {
        let words = (requirements.count + 63) / 64
        providers = Self.dimension(requirements.map(\.providers), words)
        resourceTypes = Self.dimension(requirements.map(\.resourceTypes), words)
        accounts = Self.dimension(requirements.map(\.accounts), words)
        regions = Self.dimension(requirements.map(\.regions), words)
        let keys = Set(requirements.compactMap(\.keys).joined())
        var numbers: [Requirements.Key: Int32] = [:]
        for key in keys { numbers[key] = Int32(numbers.count) }
        var rows = [UInt64](repeating: 0, count: (keys.count + 1) * words)
        for (rule, requirement) in requirements.enumerated() {
            let bit = UInt64(1) << UInt64(rule % 64)
            guard let required = requirement.keys else {
                rows[keys.count * words + rule / 64] |= bit
                continue
            }
            for key in required { if let row = numbers[key] { rows[Int(row) * words + rule / 64] |= bit } }
        }
        self.words = words
        natives = Self.entries(numbers) { if case .native(let form, let value) = $0 { (form, value) } else { nil } }
        tags = Self.entries(numbers) { if case .tag(let form, let value) = $0 { (form, value) } else { nil } }
        keyRows = Fixed(rows)
        openKeyRow = keys.count
    }

    /// By form, of the keys that `parts` takes apart.
    private static func entries(
        _ numbers: [Requirements.Key: Int32], _ parts: (Requirements.Key) -> (form: String, value: String?)?
    ) -> [String: Entry] {
        var rows: [String: Int32] = [:]
        var values: [String: [(value: String, row: Int32)]] = [:]
        for (key, row) in numbers {
            guard let (form, value) = parts(key) else { continue }
            if let value { values[form, default: []].append((value, row)) } else { rows[form] = row }
        }
        let forms = Set(rows.keys).union(values.keys)
        return forms.reduce(into: [:]) { $0[$1] = Entry(row: rows[$1] ?? -1, values: values[$1] ?? []) }
    }

    private static func dimension(_ required: [Set<String>?], _ words: Int) -> Dimension {
        let values = Set(required.compactMap { $0 }.joined()).sorted()
        let numbers = Dictionary(uniqueKeysWithValues: values.enumerated().map { ($1, $0) })
        var rows = [UInt64](repeating: 0, count: (values.count + 1) * words)
        for (rule, wanted) in required.enumerated() {
            let bit = UInt64(1) << UInt64(rule % 64)
            if let wanted {
                for value in wanted { if let row = numbers[value] { rows[row * words + rule / 64] |= bit } }
            } else {
                for row in 0...values.count { rows[row * words + rule / 64] |= bit }
            }
        }
        return Dimension(values, rows)
    }

    /// Nil: no rule requires that provider's key, or that tag.
    func native(_ key: String) -> Entry? { natives.isEmpty ? nil : natives[TagKeyForm.form(of: key)] }

    func tag(_ key: String) -> Entry? { tags.isEmpty ? nil : tags[TagKeyForm.form(of: key)] }

    /// Sets `candidates` to the rules that require no key.
    func start(_ candidates: inout ContiguousArray<UInt64>) {
        if candidates.count != words { candidates = ContiguousArray(repeating: 0, count: words) }
        let open = keyRows.base + openKeyRow * words
        candidates.withUnsafeMutableBufferPointer { candidates in
            for word in 0..<candidates.count { candidates[word] = open[word] }
        }
    }

    /// Adds the rules that require the key of that row.
    @inline(__always)
    func add(_ row: Int32, to candidates: inout ContiguousArray<UInt64>) {
        guard row >= 0 else { return }
        let required = keyRows.base + Int(row) * words
        candidates.withUnsafeMutableBufferPointer { candidates in
            for word in 0..<candidates.count { candidates[word] |= required[word] }
        }
    }

    /// Adds the rules that require the key, or the key with that value.
    @inline(__always)
    func add(_ entry: Entry?, _ value: String, to candidates: inout ContiguousArray<UInt64>) {
        guard let entry else { return }
        add(entry.row, to: &candidates)
        if entry.hasValues { add(value.withBytes { entry.row(ofValue: $0) }, to: &candidates) }
    }

    /// Takes away the rules that the resource's own fields rule out.
    func narrow(_ candidates: inout ContiguousArray<UInt64>, by resource: Resource) {
        guard words > 0 else { return }
        let provider = providers.rows.base + providers.row(resource.provider.rawValue) * words
        let type = resourceTypes.rows.base + resourceTypes.row(resource.resourceType) * words
        let account = accounts.rows.base + accounts.row(resource.accountID) * words
        let region = regions.rows.base + regions.row(resource.region) * words
        candidates.withUnsafeMutableBufferPointer { candidates in
            for word in 0..<candidates.count {
                candidates[word] &= provider[word] & type[word] & account[word] & region[word]
            }
        }
    }
}
