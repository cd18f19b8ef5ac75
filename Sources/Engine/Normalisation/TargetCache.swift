import Model

/// Remembers the ids of the last targets: the resources of one payload share their account, network and subnets, and an id
/// costs a SHA-1.
struct TargetCache {
    private static let slots = 32
    private let provider: Provider
    private var entries: [(name: String, id: ResourceID)?] = []

    init(_ provider: Provider) { self.provider = provider }

    /// The id of the resource with this canonical native id.
    mutating func id(_ name: String) -> ResourceID {
        if entries.isEmpty { entries = Array(repeating: nil, count: Self.slots) }
        let slot = Self.slot(of: name)
        if let entry = entries[slot], entry.name == name { return entry.id }
        let id = ResourceID(provider: provider, nativeID: name)
        entries[slot] = (name, id)
        return id
    }

    /// Ids differ in their last characters.
    private static func slot(of name: String) -> Int {
        var hash: UInt32 = 2_166_136_261
        for byte in name.utf8.suffix(8) { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        return Int((hash ^ (hash >> 15)) % UInt32(slots))
    }
}
