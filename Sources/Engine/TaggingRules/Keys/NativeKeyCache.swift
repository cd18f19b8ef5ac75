internal import Conditions
internal import Model

/// What is known of a native key under one rule set: worked out once, asked for every resource that carries it.
struct NativeKey {
    let provider: Provider
    private let texts: FixedTexts
    let original: ByteText.Bytes
    /// The key in the virtual layer.
    let key: ByteText.Bytes
    let order: KeyOrder
    /// The hash of `key`'s form.
    let formHash: UInt64
    /// The word of the normaliser, or -1.
    let word: Int
    /// Nothing of it goes to the virtual layer.
    let isLeftOut: Bool
    /// The key is written just as in the virtual layer.
    let isExact: Bool
    let createdBy: String
    /// What the candidate index has for `native_tags.KEY` and `tags.KEY`.
    let nativeEntry: CandidateIndex.Entry
    let tagEntry: CandidateIndex.Entry
    /// The row of the rules that write this key alone and leave it where it has a value, or -1.
    let keeperRow: Int32

    init(_ original: String, _ provider: Provider, _ ruleSet: CompiledRuleSet) {
        let key = ruleSet.normaliser.key(native: original)
        self.provider = provider
        texts = FixedTexts([original, key])
        self.original = texts[0]
        self.key = texts[1]
        order = KeyOrder(self.key)
        formHash = TagKeyForm.hash(of: key)
        word = ruleSet.normaliser.word(for: key) ?? -1
        isLeftOut = TagLimits.problem(key: key, value: "") != nil || ReservedKeys.contains(original, of: provider)
        isExact = original == key
        createdBy = "native:\(original)"
        nativeEntry = ruleSet.index.native(original)
        tagEntry = ruleSet.index.tag(key)
        keeperRow = ruleSet.keepers.row(of: key)
    }
}

/// Native keys seen under one rule set, by their bytes. Bounded; emptied between resources when it is full.
struct NativeKeyCache {
    /// Most keys that are kept.
    private static let keysMax = 8192

    private(set) var keys: ContiguousArray<NativeKey> = []
    private var hashes: ContiguousArray<UInt64> = []
    private var places = ContiguousArray<Int32>(repeating: -1, count: 64)

    mutating func removeAll() {
        keys.removeAll(keepingCapacity: true)
        hashes.removeAll(keepingCapacity: true)
        places = ContiguousArray(repeating: -1, count: 64)
    }

    mutating func startResource() {
        if keys.count >= Self.keysMax { removeAll() }
    }

    /// The position of the key in `keys`, which stays good until the next resource; -1: it is not there.
    func position(of key: ByteText.Bytes, _ provider: Provider) -> Int {
        let hash = Self.hash(key, provider)
        var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
        while places[place] >= 0 {
            let position = Int(places[place])
            if hashes[position] == hash, keys[position].provider == provider,
                ByteText.equal(keys[position].original, key)
            {
                return position
            }
            place = (place + 1) & (places.count - 1)
        }
        return -1
    }

    /// Adds a key that is not there. Returns its position.
    mutating func add(_ key: NativeKey) -> Int {
        let hash = Self.hash(key.original, key.provider)
        var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
        while places[place] >= 0 { place = (place + 1) & (places.count - 1) }
        places[place] = Int32(keys.count)
        keys.append(key)
        hashes.append(hash)
        if keys.count * 2 > places.count { grow() }
        return keys.count - 1
    }

    private static func hash(_ key: ByteText.Bytes, _ provider: Provider) -> UInt64 {
        ByteText.hash(key) &+ UInt64(provider.code)
    }

    private mutating func grow() {
        places = ContiguousArray(repeating: -1, count: places.count * 2)
        for (position, hash) in hashes.enumerated() {
            var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
            while places[place] >= 0 { place = (place + 1) & (places.count - 1) }
            places[place] = Int32(position)
        }
    }
}

/// The order of keys (Swift's, by Unicode scalars), mostly decided by the first eight bytes.
struct KeyOrder {
    /// The first eight bytes, big endian, when the key is ASCII; then they order as the keys do.
    private let prefix: UInt64
    private let isASCII: Bool

    init(_ key: ByteText.Bytes) {
        var prefix: UInt64 = 0
        var isASCII = true
        var position = 0
        for byte in key {
            if position < 8 { prefix |= UInt64(byte) << UInt64(56 - 8 * position) }
            if byte >= 0x80 { isASCII = false }
            position += 1
        }
        self.prefix = prefix
        self.isASCII = isASCII
    }

    /// Nil: the keys themselves have to be compared.
    func isBefore(_ other: KeyOrder) -> Bool? {
        guard isASCII, other.isASCII, prefix != other.prefix else { return nil }
        return prefix < other.prefix
    }
}
