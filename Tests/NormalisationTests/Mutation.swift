import JSON

/// The generator of Steele, Lea and Flood (2014): small, and the same on every machine.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension JSONValue {
    /// How many values this has, itself included.
    var valueCount: Int {
        switch self {
        case .array(let elements): elements.reduce(1) { $0 + $1.valueCount }
        case .object(let members): members.reduce(1) { $0 + $1.value.valueCount }
        case .null, .bool, .int, .double, .string: 1
        }
    }

    /// This value with one of its values, counted depth first from 0, replaced.
    func replacing(_ position: Int, by replacement: JSONValue) -> JSONValue {
        var remaining = position
        return replacing(&remaining, by: replacement)
    }

    private func replacing(_ remaining: inout Int, by replacement: JSONValue) -> JSONValue {
        if remaining == 0 {
            remaining = -1
            return replacement
        }
        remaining -= 1
        switch self {
        case .array(let elements):
            return .array(elements.map { remaining < 0 ? $0 : $0.replacing(&remaining, by: replacement) })
        case .object(let members):
            return .object(
                members.map { remaining < 0 ? $0 : Member($0.name, $0.value.replacing(&remaining, by: replacement)) })
        case .null, .bool, .int, .double, .string: return self
        }
    }
}
