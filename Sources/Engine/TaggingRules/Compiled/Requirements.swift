internal import Conditions
internal import Model

/// What must be so for a condition to hold, as far as it can be told from equality and presence: the condition may still
/// fail where all of it is so, but never holds where one is not.
struct Requirements {
    /// More values than this are not worth an index.
    static let valuesMax = 256

    /// One of these values each; nil: any.
    var providers: Set<String>?
    var resourceTypes: Set<String>?
    var accounts: Set<String>?
    var regions: Set<String>?
    /// At least one of these keys is there; nil: none needs to be.
    var keys: Set<Key>?

    /// A key, by form, and the value that it has; nil: any.
    enum Key: Hashable {
        case native(String, value: String?)
        case tag(String, value: String?)

        fileprivate var hasValue: Bool {
            switch self {
            case .native(_, let value), .tag(_, let value): value != nil
            }
        }
    }

    /// Nothing is required.
    init() {}

    /// `volatile`: forms of keys that rules write or remove, so that it cannot be told beforehand whether they are there.
    init(of condition: Condition, volatile: Set<String>, spelling: (String) -> String) {
        switch condition {
        case .not, .related: break
        case .test(let test): self = Requirements(of: test, volatile: volatile, spelling: spelling)
        case .all(let parts):
            for part in parts { narrow(by: Requirements(of: part, volatile: volatile, spelling: spelling)) }
        case .any(let parts):
            guard let first = parts.first else { return }
            self = Requirements(of: first, volatile: volatile, spelling: spelling)
            for part in parts.dropFirst() { widen(by: Requirements(of: part, volatile: volatile, spelling: spelling)) }
        }
        dropWide()
    }

    private init(of test: FieldTest, volatile: Set<String>, spelling: (String) -> String) {
        switch test.comparison {
        case .ne, .notIn, .absent: return
        case .eq, .isIn, .gt, .gte, .lt, .lte, .contains, .startsWith, .endsWith, .glob, .regex, .exists: break
        }
        switch test.field {
        case .provider: providers = Self.values(of: test)
        case .resourceType: resourceTypes = Self.values(of: test)
        case .accountID: accounts = Self.values(of: test)
        case .region: regions = Self.values(of: test)
        case .nativeTag(let key):
            let form = TagKeyForm.form(of: key)
            if form.isASCII { keys = Self.keys(of: test) { .native(form, value: $0) } }
        case .tag(let key):
            let form = TagKeyForm.form(of: spelling(key))
            if form.isASCII, !volatile.contains(form) { keys = Self.keys(of: test) { .tag(form, value: $0) } }
        case .name, .resourceID, .metadata: break
        }
    }

    /// A number as operand equals several spellings, so only texts count; and only ASCII, where equal strings are equal
    /// bytes, which is what conditions compare.
    private static func values(of test: FieldTest) -> Set<String>? {
        guard !test.ignoreCase else { return nil }
        switch (test.comparison, test.operand) {
        case (.eq, .text(let text)): return text.isASCII ? [text] : nil
        case (.isIn, .list(let texts)): return texts.allSatisfy(\.isASCII) ? Set(texts) : nil
        default: return nil
        }
    }

    private static func keys(of test: FieldTest, _ key: (String?) -> Key) -> Set<Key> {
        guard let values = values(of: test), values.count <= valuesMax else { return [key(nil)] }
        return Set(values.map(key))
    }

    /// Both hold.
    private mutating func narrow(by other: Requirements) {
        func both(_ left: Set<String>?, _ right: Set<String>?) -> Set<String>? {
            guard let left, let right else { return left ?? right }
            return left.intersection(right)
        }
        providers = both(providers, other.providers)
        resourceTypes = both(resourceTypes, other.resourceTypes)
        accounts = both(accounts, other.accounts)
        regions = both(regions, other.regions)
        // "One of these keys" twice over is not one such demand: the one with values, or else the shorter list, tells more.
        if let mine = keys, let theirs = other.keys {
            keys = Self.breadth(theirs) < Self.breadth(mine) ? theirs : mine
        } else {
            keys = keys ?? other.keys
        }
    }

    /// The more, the less a demand for one of these keys tells.
    private static func breadth(_ keys: Set<Key>) -> (withoutValue: Int, withValue: Int) {
        let withValue = keys.count { $0.hasValue }
        return (keys.count - withValue, withValue)
    }

    /// One of the two holds.
    private mutating func widen(by other: Requirements) {
        func either<Value>(_ left: Set<Value>?, _ right: Set<Value>?) -> Set<Value>? {
            guard let left, let right else { return nil }
            return left.union(right)
        }
        providers = either(providers, other.providers)
        resourceTypes = either(resourceTypes, other.resourceTypes)
        accounts = either(accounts, other.accounts)
        regions = either(regions, other.regions)
        keys = either(keys, other.keys)
    }

    private mutating func dropWide() {
        func narrowEnough<Value>(_ set: Set<Value>?) -> Set<Value>? { set.flatMap { $0.count > Self.valuesMax ? nil : $0 } }
        providers = narrowEnough(providers)
        resourceTypes = narrowEnough(resourceTypes)
        accounts = narrowEnough(accounts)
        regions = narrowEnough(regions)
        keys = narrowEnough(keys)
    }
}

extension String {
    fileprivate var isASCII: Bool { utf8.allSatisfy { $0 < 0x80 } }
}
