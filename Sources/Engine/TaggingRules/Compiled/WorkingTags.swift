internal import Conditions
internal import Model

/// The claims on one resource while its tags are worked out: per key a list in order of precedence.
///
/// All arrays keep their capacity from one resource to the next. Entry N has its effective value at position N of
/// `Facts.tags`.
struct WorkingTags {
    struct Entry {
        let order: KeyOrder
        /// The rules that keep the key, for entries that are there before any rule; else -1.
        let keeperRow: Int32
        /// The claim that wins, or -1.
        var first: Int32 = -1
        /// Models, providers and later rules are shut out.
        var isShut = false
    }

    struct Claim {
        enum Origin {
            /// An assertion of the claims that came with the resource.
            case stored(tag: Int32, assertion: Int32)
            case rule(Int32)
            /// A position in the cache of native keys.
            case native(Int32)
        }

        let origin: Origin
        let source: TagSource
        let value: ByteText.Bytes
        /// The next in order of precedence, or -1.
        var next: Int32 = -1
    }

    private(set) var entries: ContiguousArray<Entry> = []
    private(set) var claims: ContiguousArray<Claim> = []

    mutating func startResource() {
        entries.removeAll(keepingCapacity: true)
        claims.removeAll(keepingCapacity: true)
    }

    /// Makes an entry for a key that has none; -1 when the resource has as many tags as it may.
    mutating func append(
        _ key: ByteText.Bytes, order: KeyOrder, formHash: UInt64, keeperRow: Int32, _ facts: inout Facts
    ) -> Int {
        guard entries.count < TagLimits.tagsPerResourceMax else { return -1 }
        entries.append(Entry(order: order, keeperRow: keeperRow))
        facts.tags.append(key, formHash: formHash, value: nil)
        return entries.count - 1
    }

    /// Adds a claim behind those that go before it, and makes its value effective when none does. `isBefore` decides
    /// between it and a claim of the same source.
    mutating func add(_ claim: Claim, to entry: Int, _ facts: inout Facts, isBefore: (Claim) -> Bool = { _ in false }) {
        let number = Int32(claims.count)
        claims.append(claim)
        var previous: Int32 = -1
        var at = entries[entry].first
        while at >= 0 {
            let other = claims[Int(at)]
            if claim.source.code < other.source.code || (claim.source.code == other.source.code && isBefore(other)) { break }
            previous = at
            at = other.next
        }
        claims[Int(number)].next = at
        if previous >= 0 {
            claims[Int(previous)].next = number
        } else {
            entries[entry].first = number
            facts.tags.set(claim.value, at: entry)
        }
    }

    /// Whether this rule has given the key a value.
    func hasClaim(ofRule rule: Int32, on entry: Int) -> Bool {
        var at = entries[entry].first
        while at >= 0 {
            if case .rule(rule) = claims[Int(at)].origin { return true }
            at = claims[Int(at)].next
        }
        return false
    }

    /// Drops the claims of models and the provider, and admits none of later rules.
    mutating func shut(_ entry: Int, _ facts: inout Facts) {
        entries[entry].isShut = true
        var previous: Int32 = -1
        var at = entries[entry].first
        while at >= 0, claims[Int(at)].source.code <= TagSource.rule.code {
            previous = at
            at = claims[Int(at)].next
        }
        if previous >= 0 {
            claims[Int(previous)].next = -1
        } else {
            entries[entry].first = -1
            facts.tags.set(nil, at: entry)
        }
    }
}
