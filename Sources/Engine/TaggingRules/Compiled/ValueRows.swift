internal import Conditions

/// Values in groups, each with the number of a row: one table for all of them, asked with bytes.
///
/// Open addressing at half load over one block of bytes. Look-ups are O(1) and do not allocate.
final class ValueRows: Sendable {
    struct Member {
        let group: Int32
        let value: String
        let row: Int32
    }

    private struct Place: Sendable {
        var hash: UInt64 = 0
        var start: Int32 = 0
        var count: Int32 = 0
        var group: Int32 = 0
        /// -1 for a free place.
        var row: Int32 = -1
    }

    private let bytes: Fixed<UInt8>
    /// The count is a power of two.
    private let places: Fixed<Place>
    private let mask: Int

    /// Each value once in its group.
    init(_ members: [Member]) {
        var capacity = 4
        while capacity < members.count * 2 { capacity *= 2 }
        var bytes: [UInt8] = []
        var places = [Place](repeating: Place(), count: capacity)
        for member in members {
            let hash = member.value.withBytes { Self.hash($0, member.group) }
            var place = Int(truncatingIfNeeded: hash) & (capacity - 1)
            while places[place].row >= 0 { place = (place + 1) & (capacity - 1) }
            places[place] = Place(
                hash: hash, start: Int32(bytes.count), count: Int32(member.value.utf8.count), group: member.group,
                row: member.row)
            bytes.append(contentsOf: member.value.utf8)
        }
        self.bytes = Fixed(bytes)
        self.places = Fixed(places)
        mask = capacity - 1
    }

    /// -1: the group has no such value.
    func row(of value: ByteText.Bytes, in group: Int32) -> Int32 {
        let hash = Self.hash(value, group)
        var at = Int(truncatingIfNeeded: hash) & mask
        while true {
            let place = places.base + at
            guard place.pointee.row >= 0 else { return -1 }
            if place.pointee.hash == hash, place.pointee.group == group,
                ByteText.equal(bytes.part(place.pointee.start, place.pointee.count), value)
            {
                return place.pointee.row
            }
            at = (at + 1) & mask
        }
    }

    @inline(__always)
    private static func hash(_ value: ByteText.Bytes, _ group: Int32) -> UInt64 {
        ByteText.hash(value) &+ UInt64(truncatingIfNeeded: group) &* 0x9E37_79B9_7F4A_7C15
    }
}
