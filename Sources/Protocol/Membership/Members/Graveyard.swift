/// The generations that died before their members left the list: they stay dead. The oldest grave is forgotten first.
struct Graveyard: Sendable {
    private var generations: [MemberID: UInt64] = [:]
    /// In the order of burial; a ring once it is full.
    private var order: [MemberID] = []
    private var oldest = 0

    /// The highest generation of `id` that is over; nil if none is known.
    func generation(of id: MemberID) -> UInt64? { generations[id] }

    mutating func bury(_ id: MemberID, generation: UInt64, max: Int) {
        if let known = generations[id] {
            generations[id] = Swift.max(known, generation)
            return
        }
        generations[id] = generation
        if order.count < max {
            order.append(id)
        } else {
            generations[order[oldest]] = nil
            order[oldest] = id
            oldest = (oldest + 1) % max
        }
    }
}
