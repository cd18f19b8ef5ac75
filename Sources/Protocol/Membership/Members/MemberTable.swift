/// All members that a node knows, itself included, with a digest that follows every change.
///
/// Slots lie in pages that copies of the table share until one of them changes: ten thousand virtual nodes that know ten
/// thousand members each fit into memory.
package struct MemberTable: Sendable {
    /// What is known of one member.
    struct Slot: Sendable {
        var id: MemberID
        var standing: Standing
        var profile: Profile
        /// Who suspects it or declared it dead; the member itself otherwise.
        var accuser: MemberID
        /// When it reached its status, in the node's monotonic milliseconds; before the clock's zero for old deaths.
        var since: Int64
        /// A conflict over this generation was reported.
        var conflictReported = false
        /// Reaped: the slot waits for another member.
        var isFree = false

        var description: MemberDescription { profile.description }

        /// How long ago the status was reached.
        func ageSeconds(at now: UInt64) -> UInt32 {
            let seconds = (Int64(clamping: now) - since) / 1_000
            return min(UInt32(clamping: seconds), MembershipLimits.ageSecondsMax)
        }
    }

    /// A description shared by all who know it.
    final class Profile: Sendable {
        let description: MemberDescription
        init(_ description: MemberDescription) { self.description = description }
    }

    private static let pageSlots = 8
    private var pages: [[Slot]] = []
    private var indexes: [MemberID: UInt32] = [:]
    /// Who goes by a name, the latest living one.
    private var names: [String: MemberID] = [:]
    private var free: [UInt32] = []
    /// Slots in use or free: valid indexes are below.
    private(set) var slotCount: UInt32 = 0
    private(set) var digest = Digest()
    private var counts: (alive: Int, suspected: Int, dead: Int, left: Int) = (0, 0, 0, 0)

    package init() {}

    /// A table of living members, for a world that begins with all of them met.
    package init(met members: [(id: MemberID, generation: UInt64, description: MemberDescription)]) {
        for member in members {
            insert(
                Slot(
                    id: member.id, standing: Standing(generation: member.generation, incarnation: 0, status: .alive),
                    profile: Profile(member.description), accuser: member.id, since: 0))
        }
    }

    // MARK: Queries

    /// Members in the list, tombstones included.
    var count: Int { indexes.count }
    var aliveCount: Int { counts.alive }
    /// Members that may still be there: alive or suspected.
    var presentCount: Int { counts.alive + counts.suspected }

    func count(of status: MemberStatus) -> Int {
        switch status {
        case .alive: counts.alive
        case .suspected: counts.suspected
        case .dead: counts.dead
        case .left: counts.left
        }
    }

    func index(of id: MemberID) -> UInt32? { indexes[id] }

    subscript(_ index: UInt32) -> Slot { pages[Int(index) / Self.pageSlots][Int(index) % Self.pageSlots] }

    subscript(_ id: MemberID) -> Slot? { indexes[id].map { self[$0] } }

    /// Another living member that goes by `name`.
    func living(name: String, otherThan id: MemberID) -> Slot? {
        guard let other = names[name], other != id, let slot = self[other], !slot.standing.status.isFinal else {
            return nil
        }
        return slot
    }

    /// Calls `body` with every member in the order of its slot. O(members).
    func forEach(_ body: (Slot) -> Void) {
        for page in pages { for slot in page where !slot.isFree { body(slot) } }
    }

    /// The claim that stands for what is known of `id`, as of `now`; nil if nothing is.
    ///
    /// - Parameter isWhole: with the description, for those who may not know the member.
    func claim(about id: MemberID, at now: UInt64, isWhole: Bool) -> Claim? {
        guard let slot = self[id] else { return nil }
        let status = slot.standing.status
        return Claim(
            id: id, standing: slot.standing, accuser: slot.accuser,
            ageSeconds: status.isFinal ? slot.ageSeconds(at: now) : 0,
            description: isWhole || status == .alive ? slot.description : nil)
    }

    // MARK: Changes

    @discardableResult
    mutating func insert(_ slot: Slot) -> UInt32 {
        precondition(indexes[slot.id] == nil, "\(slot.id) is in the list already")
        let index: UInt32
        if let reused = free.popLast() {
            index = reused
            pages[Int(index) / Self.pageSlots][Int(index) % Self.pageSlots] = slot
        } else {
            index = slotCount
            slotCount += 1
            if Int(index) % Self.pageSlots == 0 { pages.append([]) }
            pages[Int(index) / Self.pageSlots].append(slot)
        }
        indexes[slot.id] = index
        if !slot.standing.status.isFinal { names[slot.description.name] = slot.id }
        count(slot.standing.status, by: 1)
        digest.toggle(slot.id, slot.standing)
        return index
    }

    mutating func remove(_ id: MemberID) {
        guard let index = indexes.removeValue(forKey: id) else { return }
        let slot = self[index]
        if names[slot.description.name] == id { names[slot.description.name] = nil }
        count(slot.standing.status, by: -1)
        digest.toggle(id, slot.standing)
        pages[Int(index) / Self.pageSlots][Int(index) % Self.pageSlots].isFree = true
        free.append(index)
    }

    /// Changes a member's slot; counts and digest follow. The id stays.
    mutating func update(_ index: UInt32, _ change: (inout Slot) -> Void) {
        let before = self[index].standing
        change(&pages[Int(index) / Self.pageSlots][Int(index) % Self.pageSlots])
        let after = self[index]
        // Written only where it changes: copies of the table go on sharing the rest.
        if !after.standing.status.isFinal, names[after.description.name] != after.id {
            names[after.description.name] = after.id
        }
        if before == after.standing { return }
        count(before.status, by: -1)
        count(after.standing.status, by: 1)
        digest.toggle(after.id, before)
        digest.toggle(after.id, after.standing)
    }

    private mutating func count(_ status: MemberStatus, by change: Int) {
        switch status {
        case .alive: counts.alive += change
        case .suspected: counts.suspected += change
        case .dead: counts.dead += change
        case .left: counts.left += change
        }
    }
}
