import JSON

/// The members of one item, laid out for the many look-ups that a shape makes.
///
/// Names are matched without regard to the case of their first letter; of equal names the first counts.
struct AWSItem {
    /// Length and first letter of each name: most members are told apart by it alone.
    private var signatures: [UInt16] = []
    private var names: [UnsafeBufferPointer<UInt8>] = []
    private var values: [JSONView] = []

    /// Most members seen at first; more cost a growth of the arrays.
    private static let membersReserved = 48

    init() {}

    /// Takes the members of `view` instead of the ones before; none when it is no object.
    mutating func load(_ view: JSONView) {
        signatures.removeAll(keepingCapacity: true)
        names.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        if signatures.capacity == 0 {
            signatures.reserveCapacity(Self.membersReserved)
            names.reserveCapacity(Self.membersReserved)
            values.reserveCapacity(Self.membersReserved)
        }
        for (key, value) in view.members {
            guard let name = key.utf8 else { continue }
            signatures.append(Self.signature(name.first ?? 0, name.count))
            names.append(name)
            values.append(value)
        }
    }

    func field(_ name: StaticString) -> JSONView? {
        let wanted = Self.signature(name)
        for position in signatures.indices where signatures[position] == wanted {
            if Self.equalAfterFirst(names[position], name) { return values[position] }
        }
        return nil
    }

    /// The first value at a path of fields, the first element of it where it is an array; nil for an empty path.
    func scalar(at path: AWSPath) -> JSONView? {
        guard let found = first(at: path) else { return nil }
        guard found.isArray else { return found }
        for element in found.elements { return element }
        return nil
    }

    /// The first value at a path of fields, walking into the first fitting element of arrays; nil for an empty path.
    func first(at path: AWSPath) -> JSONView? {
        guard let name = path.first else { return nil }
        return field(name)?.first(at: path, from: 1)
    }

    /// Calls `body` with all members but those whose names `omitted` has.
    func each(except omitted: AWSNameSet, _ body: (UnsafeBufferPointer<UInt8>, JSONView) -> Void) {
        for position in signatures.indices where !omitted.contains(names[position], signatures[position]) {
            body(names[position], values[position])
        }
    }

    static func signature(_ name: StaticString) -> UInt16 {
        signature(name.utf8CodeUnitCount > 0 ? name.utf8Start[0] : 0, name.utf8CodeUnitCount)
    }

    private static func signature(_ first: UInt8, _ count: Int) -> UInt16 {
        UInt16(truncatingIfNeeded: count) << 8 | UInt16(first | 0x20)
    }

    /// For names with one signature.
    static func equalAfterFirst(_ name: UnsafeBufferPointer<UInt8>, _ wanted: StaticString) -> Bool {
        guard name.count == wanted.utf8CodeUnitCount else { return false }
        var position = 1
        while position < name.count {
            if name[position] != wanted.utf8Start[position] { return false }
            position += 1
        }
        return true
    }
}

/// A few names, matched as `AWSItem` matches them.
struct AWSNameSet: Sendable {
    private let names: [StaticString]
    private let signatures: [UInt16]
    /// One bit for each signature's hash: most names are in no set.
    private let mask: UInt64

    init(_ names: [StaticString]) {
        self.names = names
        signatures = names.map(AWSItem.signature)
        mask = signatures.reduce(0) { $0 | Self.bit($1) }
    }

    func contains(_ name: UnsafeBufferPointer<UInt8>, _ signature: UInt16) -> Bool {
        guard mask & Self.bit(signature) != 0 else { return false }
        for position in signatures.indices where signatures[position] == signature {
            if AWSItem.equalAfterFirst(name, names[position]) { return true }
        }
        return false
    }

    private static func bit(_ signature: UInt16) -> UInt64 { 1 << UInt64((signature ^ (signature >> 6)) & 63) }
}
