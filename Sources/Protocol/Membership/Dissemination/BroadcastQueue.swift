/// Which members' claims are still to be told, the least told first.
///
/// The queue names members, not claims: what is sent is what is known at that moment. Taking and adding cost O(1) each,
/// whatever lies in the queue.
struct BroadcastQueue: Sendable {
    private struct Ticket: Sendable {
        var id: MemberID
        var version: UInt32
    }
    private struct Entry: Sendable {
        var sent: Int
        var version: UInt32
    }

    /// One line for each number of times that a claim was sent.
    private var lines: [Line] = []
    private var entries: [MemberID: Entry] = [:]
    private var version: UInt32 = 0
    /// Tickets in all lines, with those that newer ones made void.
    private(set) var ticketCount = 0

    var isEmpty: Bool { entries.isEmpty }
    var count: Int { entries.count }

    func contains(_ id: MemberID) -> Bool { entries[id] != nil }

    /// There is news of this member: it counts as not yet told. Urgent news goes before all other.
    mutating func add(_ id: MemberID, urgent: Bool = false) {
        if let entry = entries[id], entry.sent == 0 { return }
        version &+= 1
        entries[id] = Entry(sent: 0, version: version)
        if lines.isEmpty { lines.append(Line()) }
        lines[0].add(Ticket(id: id, version: version), first: urgent)
        ticketAdded()
    }

    mutating func remove(_ id: MemberID) { entries[id] = nil }

    mutating func removeAll() { self = BroadcastQueue() }

    /// Takes news for one frame.
    ///
    /// - Parameters:
    ///   - bytesMax: room in the frame.
    ///   - sendsMax: a claim that was sent so often leaves the queue.
    ///   - claim: the claim to send about a member; nil drops it from the queue.
    mutating func take(bytesMax: Int, sendsMax: Int, claim: (MemberID) -> Claim?) -> [Claim] {
        var claims: [Claim] = []
        var room = bytesMax
        var taken: [(id: MemberID, sent: Int)] = []
        takes: for line in lines.indices {
            while let ticket = lines[line].first {
                guard let entry = entries[ticket.id], entry.version == ticket.version, let claim = claim(ticket.id) else {
                    if entries[ticket.id]?.version == ticket.version { entries[ticket.id] = nil }
                    lines[line].removeFirst()
                    ticketCount -= 1
                    continue
                }
                let bytes = claim.encodedBytes
                if bytes > room { break takes }
                room -= bytes
                claims.append(claim)
                lines[line].removeFirst()
                ticketCount -= 1
                taken.append((ticket.id, entry.sent + 1))
            }
        }
        for (id, sent) in taken { requeue(id, sent: sent, sendsMax: sendsMax) }
        return claims
    }

    private mutating func requeue(_ id: MemberID, sent: Int, sendsMax: Int) {
        if sent >= sendsMax {
            entries[id] = nil
            return
        }
        version &+= 1
        entries[id] = Entry(sent: sent, version: version)
        while lines.count <= sent { lines.append(Line()) }
        lines[sent].add(Ticket(id: id, version: version), first: false)
        ticketAdded()
    }

    /// In a storm of news the lines of what was told often are not reached, and void tickets would pile up there.
    private mutating func ticketAdded() {
        ticketCount += 1
        guard ticketCount > 64 + 4 * entries.count else { return }
        ticketCount = 0
        for line in lines.indices {
            lines[line].keep { entries[$0.id]?.version == $0.version }
            ticketCount += lines[line].count
        }
    }

    /// First in, first out, except for what is urgent.
    private struct Line: Sendable {
        private var tickets: [Ticket] = []
        private var head = 0

        var count: Int { tickets.count - head }
        var first: Ticket? { head < tickets.count ? tickets[head] : nil }

        mutating func add(_ ticket: Ticket, first: Bool) {
            if first, head > 0 {
                head -= 1
                tickets[head] = ticket
            } else if first {
                tickets.insert(ticket, at: 0)
            } else {
                tickets.append(ticket)
            }
        }

        mutating func keep(_ isWanted: (Ticket) -> Bool) {
            tickets.removeFirst(head)
            head = 0
            tickets.removeAll { !isWanted($0) }
        }

        mutating func removeFirst() {
            head += 1
            if head == tickets.count {
                tickets.removeAll(keepingCapacity: true)
                head = 0
            } else if head > 64, head > tickets.count / 2 {
                tickets.removeFirst(head)
                head = 0
            }
        }
    }
}
