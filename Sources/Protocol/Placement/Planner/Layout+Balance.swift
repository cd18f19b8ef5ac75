/// Balancing by augmenting paths: a replica of the fullest member goes to one that has two less, directly or by way of
/// others that pass a replica on. Where no such path is left, the balance is as good as the spread allows.
extension Layout {
    /// One replica's way: the row goes from one seat to another.
    private struct Hop {
        let row: Int
        let from: Int
        let to: Int
    }

    mutating func balance() {
        // Seats from which nothing can reach one that has two less; nor can what they reach.
        var exhausted = Array(repeating: false, count: seats.count)
        while let lowest = seats.indices.map(load).min(),
            let level = seats.indices.filter({ !exhausted[$0] }).map(load).max(), level >= lowest + 2
        {
            let sources = seats.indices.filter { !exhausted[$0] && load($0) == level }
            if let hop = directHop(from: sources, level) {
                move(hop.row, from: hop.from, to: hop.to)
                continue
            }
            var search = Search(seats: seats.count)
            if let path = path(from: sources, level, &search), carryOut(path) {
                // Rows that moved may have opened a way.
                exhausted = Array(repeating: false, count: seats.count)
                continue
            }
            for seat in seats.indices where search.cost[seat] != nil { exhausted[seat] = true }
        }
    }

    /// The best single move, where no way over others can be cheaper.
    private func directHop(from sources: [Int], _ level: Int) -> Hop? {
        let targets = seats.indices.filter { load($0) <= level - 2 }
        var best: (hop: Hop, rank: (Int, Int, Int, UInt64))?
        var newIsHeld = false
        for source in sources {
            for row in held[source] {
                let cost = isNew(row, on: source) ? 0 : 1
                if cost == 0 { newIsHeld = true }
                for target in targets where mayMove(row, from: source, to: target) {
                    let led = rows[row].leader == source ? 1 : 0
                    let rank = (cost, load(target), led, ~weight(row, target))
                    if best.map({ rank < $0.rank }) ?? true { best = (Hop(row: row, from: source, to: target), rank) }
                }
            }
        }
        guard let best, best.rank.0 == 0 || !newIsHeld else { return nil }
        return best.hop
    }

    /// The state of a search for the cheapest path; what is new somewhere moves on at no cost, all else costs 1.
    private struct Search {
        var cost: [Int?]
        var hop: [Hop?]
        var preference: [(Int, UInt64)]
        var done: [Bool]

        init(seats: Int) {
            cost = Array(repeating: nil, count: seats)
            hop = Array(repeating: nil, count: seats)
            preference = Array(repeating: (0, 0), count: seats)
            done = Array(repeating: false, count: seats)
        }
    }

    /// Breadth first, seats of the same cost together. Nil when none with two less than `level` is reached.
    private func path(from sources: [Int], _ level: Int, _ search: inout Search) -> [Hop]? {
        for source in sources { search.cost[source] = 0 }
        var frontier = sources
        var cost = 0
        while !frontier.isEmpty {
            var reached: [Int] = []
            while let seat = frontier.popLast() {
                guard !search.done[seat], search.cost[seat] == cost else { continue }
                search.done[seat] = true
                reached.append(seat)
                for next in relax(seat, &search) where search.cost[next] == cost { frontier.append(next) }
            }
            let target = reached.filter { load($0) <= level - 2 }.min { (load($0), $0) < (load($1), $1) }
            if let target { return hops(to: target, search) }
            cost += 1
            frontier = seats.indices.filter { search.cost[$0] == cost && !search.done[$0] }
        }
        return nil
    }

    /// Returns the seats that are reached more cheaply than before.
    private func relax(_ seat: Int, _ search: inout Search) -> [Int] {
        var nearer: [Int] = []
        let base = search.cost[seat] ?? 0
        for row in held[seat] {
            let cost = base + (isNew(row, on: seat) ? 0 : 1)
            let led = rows[row].leader == seat ? 0 : 1
            for next in seats.indices where !search.done[next] && mayMove(row, from: seat, to: next) {
                let preference = (led, weight(row, next))
                let known = search.cost[next] ?? .max
                guard cost < known || (cost == known && search.hop[next] != nil && preference > search.preference[next])
                else { continue }
                if cost < known { nearer.append(next) }
                search.cost[next] = cost
                search.hop[next] = Hop(row: row, from: seat, to: next)
                search.preference[next] = preference
            }
        }
        return nearer
    }

    private func hops(to target: Int, _ search: Search) -> [Hop] {
        var path: [Hop] = []
        var seat = target
        while let hop = search.hop[seat] {
            path.append(hop)
            seat = hop.from
        }
        return path
    }

    /// From the far end. False, and nothing changed, where one row was to go twice and the first move forbids the second.
    private mutating func carryOut(_ path: [Hop]) -> Bool {
        for (position, hop) in path.enumerated() {
            guard mayMove(hop.row, from: hop.from, to: hop.to) else {
                for done in path[..<position].reversed() { move(done.row, from: done.to, to: done.from) }
                return false
            }
            move(hop.row, from: hop.from, to: hop.to)
        }
        return true
    }
}
