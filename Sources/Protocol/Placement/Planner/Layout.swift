/// Where every shard would be if moving took no time: found from where it is, by the fewest moves.
///
/// First the spread over zones, then the balance of replicas over members, each within ±1 where that is possible.
struct Layout: Sendable {
    struct Row: Sendable {
        let shard: Int
        /// Where it is now, as far as it may stay there; ascending in age.
        let home: [Int]
        /// Who is to lead it now.
        let leader: Int?
        fileprivate(set) var seats: [Int]

        init(shard: Int, home: [Int], leader: Int?) {
            self.shard = shard
            self.home = home
            self.leader = leader
            seats = home
        }
    }

    let seats: [Roster.Seat]
    private(set) var rows: [Row]
    /// The rows that each seat holds, in no order that means anything.
    private(set) var held: [[Int]]
    /// Replicas that every row is to have.
    private let size: Int

    /// `size` is at most the number of seats, and at least 1.
    init(seats: [Roster.Seat], rows: [Row], size: Int) {
        precondition((1...max(1, seats.count)).contains(size), "\(size) replicas on \(seats.count) seats")
        self.seats = seats
        self.rows = rows
        self.size = size
        held = Array(repeating: [], count: seats.count)
        for (position, row) in rows.enumerated() {
            for seat in row.seats { held[seat].append(position) }
        }
        for position in rows.indices { trim(position) }
        for position in rows.indices { fill(position) }
        for position in rows.indices { spread(position) }
        balance()
    }

    // MARK: Queries

    func load(_ seat: Int) -> Int { held[seat].count }

    /// How many replicas of the row are in that zone.
    func crowd(_ row: Int, _ zone: Int) -> Int {
        rows[row].seats.reduce(0) { $0 + (seats[$1].zone == zone ? 1 : 0) }
    }

    /// Whether the row may change seats without being spread worse over the zones.
    func mayMove(_ row: Int, from old: Int, to new: Int) -> Bool {
        guard !rows[row].seats.contains(new) else { return false }
        let (left, entered) = (seats[old].zone, seats[new].zone)
        return left == entered || crowd(row, entered) < crowd(row, left)
    }

    func weight(_ row: Int, _ seat: Int) -> UInt64 { rendezvousWeight(rows[row].shard, seats[seat].replica) }

    /// Whether the row came to that seat in this layout: it can go on without a cost.
    func isNew(_ row: Int, on seat: Int) -> Bool { !rows[row].home.contains(seat) }

    // MARK: Changes

    mutating func move(_ row: Int, from old: Int, to new: Int) {
        drop(row, from: old)
        rows[row].seats.append(new)
        held[new].append(row)
    }

    private mutating func drop(_ row: Int, from seat: Int) {
        rows[row].seats.removeAll { $0 == seat }
        held[seat].removeAll { $0 == row }
    }

    /// Replicas above the number that is wanted go: from the fullest zone, then from the fullest member.
    private mutating func trim(_ row: Int) {
        while rows[row].seats.count > size {
            let surplus = rows[row].seats.max { left, right in
                removalRank(row, left) < removalRank(row, right)
            }
            guard let surplus else { return }
            drop(row, from: surplus)
        }
    }

    private func removalRank(_ row: Int, _ seat: Int) -> (Int, Int, Int, UInt64) {
        (crowd(row, seats[seat].zone), rows[row].leader == seat ? 0 : 1, load(seat), ~weight(row, seat))
    }

    /// Missing replicas go to the emptiest zone; there to whom the shard suits best among those with room.
    private mutating func fill(_ row: Int) {
        while rows[row].seats.count < size, let seat = newcomer(row, crowdedLessThan: .max) {
            rows[row].seats.append(seat)
            held[seat].append(row)
        }
    }

    /// Moves replicas out of crowded zones as long as that spreads them better.
    private mutating func spread(_ row: Int) {
        while true {
            let crowded = rows[row].seats.max { left, right in
                spreadRank(row, left) < spreadRank(row, right)
            }
            guard let crowded, case let crowd = crowd(row, seats[crowded].zone), crowd > 1,
                let seat = newcomer(row, crowdedLessThan: crowd - 1)
            else { return }
            move(row, from: crowded, to: seat)
        }
    }

    private func spreadRank(_ row: Int, _ seat: Int) -> (Int, Int, Int, Int) {
        (
            crowd(row, seats[seat].zone), isNew(row, on: seat) ? 1 : 0, rows[row].leader == seat ? 0 : 1, load(seat)
        )
    }

    private func newcomer(_ row: Int, crowdedLessThan limit: Int) -> Int? {
        let fair = (rows.count * size + seats.count - 1) / seats.count
        var best: (seat: Int, rank: (Int, Int, UInt64))?
        for seat in seats.indices where !rows[row].seats.contains(seat) {
            let crowd = crowd(row, seats[seat].zone)
            guard crowd < limit else { continue }
            let rank = (crowd, load(seat) < fair ? 0 : 1, ~weight(row, seat))
            if best.map({ rank < $0.rank }) ?? true { best = (seat, rank) }
        }
        return best?.seat
    }
}
