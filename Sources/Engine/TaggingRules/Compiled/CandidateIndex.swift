internal import Conditions
internal import Model

/// Which rules may hold for a resource, without asking them: sets of rules as bits, one row of bits for each value that
/// some rule requires, and the candidates are what all dimensions have in common.
///
/// A resource costs one look-up per dimension and one pass over `rules / 64` words, however many rules there are.
final class CandidateIndex: Sendable {
    /// What a key leads to.
    struct Entry: Sendable {
        /// The row of the rules that require the key, whatever its value; -1: none does.
        var row: Int32 = -1
        /// Where in `values` the rules are that require the key with a value; -1: none does.
        var group: Int32 = -1
    }

    /// A dimension: the rows of the values that rules require of it.
    private struct Dimension: Sendable {
        let group: Int32
        /// The row of the rules that require none.
        let open: Int32
    }

    /// 64-bit words in a row.
    let words: Int
    private let rows: Fixed<UInt64>
    private let values: ValueRows
    /// By the provider's code; -1 where it is none's.
    private let providers: Fixed<Int32>
    private let resourceTypes: Dimension
    private let accounts: Dimension
    private let regions: Dimension
    private let natives: [String: Entry]
    private let tags: [String: Entry]
    /// The row of the rules that require no key.
    private let openKeyRow: Int32

    init(_ requirements: [Requirements]) {
        var rows = RowMaker(rules: requirements.count)
        let codes = 0...Int(Provider.allCases.map(\.code).max() ?? 0)
        providers = Fixed(
            codes.map { code in
                guard let name = Provider(code: UInt8(code))?.rawValue else { return -1 }
                return rows.add(requirements.indices.filter { requirements[$0].providers?.contains(name) ?? true })
            })
        resourceTypes = rows.addDimension(requirements.map(\.resourceTypes))
        accounts = rows.addDimension(requirements.map(\.accounts))
        regions = rows.addDimension(requirements.map(\.regions))
        let keys = rows.addKeys(requirements.map(\.keys))
        (natives, tags, openKeyRow) = (keys.natives, keys.tags, keys.open)
        words = rows.words
        self.rows = Fixed(rows.bits)
        values = ValueRows(rows.values)
    }

    /// Writes rows of bits, and which values lead to them.
    private struct RowMaker {
        let words: Int
        private(set) var bits: [UInt64] = []
        private(set) var values: [ValueRows.Member] = []
        private var groups: Int32 = 0

        init(rules: Int) { words = (rules + 63) / 64 }

        mutating func add(_ rules: some Sequence<Int>) -> Int32 {
            let start = bits.count
            bits += Array(repeating: 0, count: words)
            for rule in rules { bits[start + rule / 64] |= 1 << UInt64(rule % 64) }
            return Int32(words == 0 ? 0 : start / words)
        }

        /// The rules that require a value or none, row by row; at last those that require none.
        mutating func addDimension(_ required: [Set<String>?]) -> Dimension {
            let group = groups
            groups += 1
            let open = required.indices.filter { required[$0] == nil }
            var byValue: [String: [Int]] = [:]
            for (rule, wanted) in required.enumerated() {
                for value in wanted ?? [] { byValue[value, default: []].append(rule) }
            }
            for (value, rules) in byValue {
                values.append(ValueRows.Member(group: group, value: value, row: add(rules + open)))
            }
            return Dimension(group: group, open: add(open))
        }

        /// Entries by form of the keys.
        mutating func addKeys(
            _ required: [Set<Requirements.Key>?]
        ) -> (natives: [String: Entry], tags: [String: Entry], open: Int32) {
            var byKey: [Requirements.Key: [Int]] = [:]
            for (rule, wanted) in required.enumerated() {
                for key in wanted ?? [] { byKey[key, default: []].append(rule) }
            }
            var natives: [String: Entry] = [:]
            var tags: [String: Entry] = [:]
            for (key, rules) in byKey {
                let row = add(rules)
                switch key {
                case .native(let form, let value): enter(row, value, &natives[form, default: Entry()])
                case .tag(let form, let value): enter(row, value, &tags[form, default: Entry()])
                }
            }
            return (natives, tags, add(required.indices.filter { required[$0] == nil }))
        }

        private mutating func enter(_ row: Int32, _ value: String?, _ entry: inout Entry) {
            guard let value else {
                entry.row = row
                return
            }
            if entry.group < 0 {
                entry.group = groups
                groups += 1
            }
            values.append(ValueRows.Member(group: entry.group, value: value, row: row))
        }
    }

    /// What rules require of that provider's key, or of that tag.
    func native(_ key: String) -> Entry { natives[TagKeyForm.form(of: key)] ?? Entry() }

    func tag(_ key: String) -> Entry { tags[TagKeyForm.form(of: key)] ?? Entry() }

    /// Adds the rows of the rules that require the key, or the key with that value.
    @inline(__always)
    func add(_ entry: Entry, _ value: ByteText.Bytes, to found: inout ContiguousArray<Int32>) {
        if entry.row >= 0 { found.append(entry.row) }
        guard entry.group >= 0 else { return }
        let row = values.row(of: value, in: entry.group)
        if row >= 0 { found.append(row) }
    }

    /// Sets `candidates` to the rules that require no key, or one whose row was found, and that the resource's own fields do
    /// not rule out.
    func fill(_ candidates: RuleBits, _ found: ContiguousArray<Int32>, by resource: borrowing ResourceText) {
        candidates.resize(words)
        let open = row(openKeyRow)
        let provider = row(providers.base[Int(resource.provider.code)])
        let type = row(of: resource.resourceType, resourceTypes)
        let account = row(of: resource.accountID, accounts)
        let region = row(of: resource.region, regions)
        let bits = candidates.base
        found.withUnsafeBufferPointer { found in
            for word in 0..<words {
                let own = provider[word] & type[word] & account[word] & region[word]
                var required = open[word]
                if own & ~required != 0 { for number in found { required |= row(number)[word] } }
                bits[word] = own & required
            }
        }
    }

    @inline(__always)
    private func row(_ number: Int32) -> UnsafePointer<UInt64> { rows.base + Int(number) * words }

    @inline(__always)
    private func row(of value: ByteText.Bytes, _ dimension: Dimension) -> UnsafePointer<UInt64> {
        let row = values.row(of: value, in: dimension.group)
        return self.row(row >= 0 ? row : dimension.open)
    }
}

/// A row of bits, one for each rule.
final class RuleBits {
    private(set) var base = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
    private(set) var words = 0

    deinit { base.deallocate() }

    /// What they are after a change is left open.
    func resize(_ words: Int) {
        guard words != self.words else { return }
        base.deallocate()
        base = UnsafeMutablePointer<UInt64>.allocate(capacity: max(words, 1))
        base.initialize(repeating: 0, count: words)
        self.words = words
    }

    func contains(_ rule: Int32) -> Bool { base[Int(rule) / 64] & (1 << UInt64(rule % 64)) != 0 }
}
