/// Who is to lead which shard: everybody about as many, and nobody anew without need.
struct LeaderBalance {
    struct Row {
        let shard: Int
        /// Seats that could lead, in no order that means anything.
        let candidates: [Int]
        /// Who leads it by the last plan, or does so anyway.
        var leader: Int?
    }

    private(set) var rows: [Row]
    private let seats: [Roster.Seat]
    /// By seat: whether it may be named anew.
    private let mayLead: [Bool]
    private var led: [Int]

    init(seats: [Roster.Seat], rows: [Row], mayLead: [Bool]) {
        self.rows = rows
        self.seats = seats
        self.mayLead = mayLead
        led = Array(repeating: 0, count: seats.count)
        for row in rows { if let leader = row.leader { led[leader] += 1 } }
        for position in rows.indices where rows[position].leader == nil { appoint(position) }
        balance()
    }

    private mutating func appoint(_ position: Int) {
        let row = rows[position]
        let chosen = row.candidates.min { left, right in rank(row, left) < rank(row, right) }
        guard let chosen else { return }
        rows[position].leader = chosen
        led[chosen] += 1
    }

    private func rank(_ row: Row, _ seat: Int) -> (Int, Int, UInt64) {
        (mayLead[seat] ? 0 : 1, led[seat], ~rendezvousWeight(row.shard, seats[seat].replica))
    }

    private mutating func balance() {
        var exhausted = Array(repeating: false, count: seats.count)
        while let level = seats.indices.filter({ !exhausted[$0] }).map({ led[$0] }).max(), level >= 2 {
            let sources = seats.indices.filter { !exhausted[$0] && led[$0] == level }
            guard let reached = handOver(from: sources, level) else { continue }
            for seat in reached { exhausted[seat] = true }
        }
    }

    /// Passes one shard on from a seat that leads `level`, by way of others if need be, to one that leads two less.
    /// Otherwise returns all that were reached.
    private mutating func handOver(from sources: [Int], _ level: Int) -> [Int]? {
        var ledRows: [[Int]] = Array(repeating: [], count: seats.count)
        for position in rows.indices { if let leader = rows[position].leader { ledRows[leader].append(position) } }
        var arrivedBy: [Int?] = Array(repeating: nil, count: seats.count)
        var reached = sources
        var next = 0
        while next < reached.count {
            let seat = reached[next]
            next += 1
            if led[seat] <= level - 2 {
                pass(to: seat, arrivedBy)
                return nil
            }
            for row in ledRows[seat] {
                for candidate in rows[row].candidates
                where mayLead[candidate] && !sources.contains(candidate) && arrivedBy[candidate] == nil {
                    arrivedBy[candidate] = row
                    reached.append(candidate)
                }
            }
        }
        return reached
    }

    private mutating func pass(to target: Int, _ arrivedBy: [Int?]) {
        var seat = target
        led[target] += 1
        while let row = arrivedBy[seat], let previous = rows[row].leader {
            rows[row].leader = seat
            seat = previous
        }
        led[seat] -= 1
    }
}
