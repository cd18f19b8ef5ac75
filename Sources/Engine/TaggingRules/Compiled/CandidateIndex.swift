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

    /// 64-bit words in a row.
    let words: Int
    private let providers: Dimension
    private let resourceTypes: Dimension
    private let accounts: Dimension
    private let regions: Dimension
    private let nativeForms: ByteMap
    private let tagForms: ByteMap
    /// Rows of the rules that require the key, native ones first; then one row of the rules that require none.
    private let keyRows: Fixed<UInt64>
    private let firstTagRow: Int
    private let openKeyRow: Int

    init(_ requirements: [Requirements]) {
        let words = (requirements.count + 63) / 64
        providers = Self.dimension(requirements.map(\.providers), words)
        resourceTypes = Self.dimension(requirements.map(\.resourceTypes), words)
        accounts = Self.dimension(requirements.map(\.accounts), words)
        regions = Self.dimension(requirements.map(\.regions), words)
        var natives: Set<String> = []
        var tags: Set<String> = []
        for key in requirements.compactMap(\.keys).joined() {
            switch key {
            case .native(let form): natives.insert(form)
            case .tag(let form): tags.insert(form)
            }
        }
        let native = natives.sorted()
        let tag = tags.sorted()
        let keys = native.map(Requirements.Key.native) + tag.map(Requirements.Key.tag)
        var rows = [UInt64](repeating: 0, count: (keys.count + 1) * words)
        let numbers = Dictionary(uniqueKeysWithValues: keys.enumerated().map { ($1, $0) })
        for (rule, requirement) in requirements.enumerated() {
            let bit = UInt64(1) << UInt64(rule % 64)
            guard let required = requirement.keys else {
                rows[keys.count * words + rule / 64] |= bit
                continue
            }
            for key in required { if let row = numbers[key] { rows[row * words + rule / 64] |= bit } }
        }
        self.words = words
        nativeForms = ByteMap(native)
        tagForms = ByteMap(tag)
        keyRows = Fixed(rows)
        firstTagRow = native.count
        openKeyRow = keys.count
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

    /// The row for a native key, or for a tag's key, or -1.
    func nativeRow(_ key: String) -> Int32 {
        TagKeyForm.withForm(of: key) { nativeForms.position(of: $0) }.map(Int32.init) ?? -1
    }

    func tagRow(_ key: String) -> Int32 {
        TagKeyForm.withForm(of: key) { tagForms.position(of: $0) }.map { Int32($0 + firstTagRow) } ?? -1
    }

    /// Sets `candidates` to the rules that require no key.
    func start(_ candidates: inout ContiguousArray<UInt64>) {
        candidates.removeAll(keepingCapacity: true)
        for word in 0..<words { candidates.append(keyRows[openKeyRow * words + word]) }
    }

    /// Adds the rules that require the key of that row.
    @inline(__always)
    func add(_ row: Int32, to candidates: inout ContiguousArray<UInt64>) {
        guard row >= 0 else { return }
        for word in 0..<words { candidates[word] |= keyRows[Int(row) * words + word] }
    }

    /// Takes away the rules that the resource's own fields rule out.
    func narrow(_ candidates: inout ContiguousArray<UInt64>, by resource: Resource) {
        guard words > 0 else { return }
        let provider = providers.row(resource.provider.rawValue) * words
        let type = resourceTypes.row(resource.resourceType) * words
        let account = accounts.row(resource.accountID) * words
        let region = regions.row(resource.region) * words
        for word in 0..<words where candidates[word] != 0 {
            candidates[word] &=
                providers.rows[provider + word] & resourceTypes.rows[type + word]
                & accounts.rows[account + word] & regions.rows[region + word]
        }
    }
}
