import Model

/// Relationships between resources by small numbers, from both ends. A resource that others point to has a number also while it is not
/// there itself.
struct RelationEdges {
    struct Edge: Hashable {
        let other: UInt32
        let type: RelationshipType
    }

    private var numbers: [ResourceID: UInt32] = [:]
    private var ids: [ResourceID] = []
    private var present: [Bool] = []
    private var outgoing: [[Edge]] = []
    private var incoming: [[Edge]] = []
    /// Numbers that nobody has.
    private var free: [UInt32] = []

    /// Above all numbers.
    var count: Int { ids.count }

    func number(of id: ResourceID) -> UInt32? { numbers[id] }
    func id(of number: UInt32) -> ResourceID { ids[Int(number)] }
    func isPresent(_ number: UInt32) -> Bool { present[Int(number)] }
    var presentNumbers: some Sequence<UInt32> {
        present.indices.lazy.filter { present[$0] }.map { UInt32($0) }
    }

    mutating func makeNumber(of id: ResourceID) -> UInt32 {
        if let known = numbers[id] { return known }
        if let number = free.popLast() {
            numbers[id] = number
            ids[Int(number)] = id
            return number
        }
        let number = UInt32(ids.count)
        numbers[id] = number
        ids.append(id)
        present.append(false)
        outgoing.append([])
        incoming.append([])
        return number
    }

    mutating func setPresent(_ isPresent: Bool, _ number: UInt32) { present[Int(number)] = isPresent }

    /// `wanted`: sorted, each once.
    func hasSame(_ wanted: [Relationship], from number: UInt32) -> Bool {
        let edges = outgoing[Int(number)]
        return edges.count == wanted.count
            && zip(edges, wanted).allSatisfy { $0.type == $1.type && ids[Int($0.other)] == $1.target }
    }

    /// In the place of those that it had.
    mutating func set(_ new: [Edge], from number: UInt32) {
        let old = outgoing[Int(number)]
        let (before, after) = (Set(old), Set(new))
        outgoing[Int(number)] = new
        for edge in new where !before.contains(edge) {
            incoming[Int(edge.other)].append(Edge(other: number, type: edge.type))
        }
        for edge in old where !after.contains(edge) {
            let mirrored = Edge(other: number, type: edge.type)
            if let place = incoming[Int(edge.other)].firstIndex(of: mirrored) {
                incoming[Int(edge.other)].swapAt(place, incoming[Int(edge.other)].count - 1)
                incoming[Int(edge.other)].removeLast()
            }
            releaseIfUnknown(edge.other)
        }
        releaseIfUnknown(number)
    }

    private mutating func releaseIfUnknown(_ number: UInt32) {
        let place = Int(number)
        guard !present[place], incoming[place].isEmpty, outgoing[place].isEmpty, numbers[ids[place]] == number else {
            return
        }
        numbers[ids[place]] = nil
        free.append(number)
    }

    /// With a neighbour twice where two relationships lead there.
    func forNeighbours(
        of number: UInt32, _ types: RelationshipTypes, _ direction: RelationQuery.Direction, _ body: (UInt32) -> Void
    ) {
        if direction != .incoming { for edge in outgoing[Int(number)] where types.contains(edge.type) { body(edge.other) } }
        if direction != .outgoing { for edge in incoming[Int(number)] where types.contains(edge.type) { body(edge.other) } }
    }
}
