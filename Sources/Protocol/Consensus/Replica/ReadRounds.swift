/// Reads of a leader that wait until it is sure that it still led when they came (dissertation, 6.4).
///
/// All reads that come while a round of heartbeats is under way share the next one. A read's index is the commit index
/// at the start of its round, which lies after its arrival.
struct ReadRounds: Sendable {
    enum Origin: Sendable {
        case here([ReadID])
        case peer(ReplicaID, context: UInt64)
    }

    /// The newest round begun. 0 would ask for no answer.
    private(set) var round: UInt64 = 1
    /// Reads of that round.
    private(set) var confirming: [Origin] = []
    private(set) var index: UInt64 = 0
    /// Reads for the next round.
    private(set) var waiting: [Origin] = []
    private(set) var count = 0

    mutating func add(_ origin: Origin) {
        waiting.append(origin)
        count += origin.count
    }

    var mayBegin: Bool { confirming.isEmpty && !waiting.isEmpty }

    /// A round begins for all reads that wait.
    mutating func began(commit: UInt64) {
        precondition(mayBegin, "round \(round) is under way for \(confirming.count) reads, \(waiting.count) wait")
        round += 1
        index = commit
        swap(&confirming, &waiting)
    }

    /// A quorum has answered the round.
    mutating func confirmed() -> [Origin] {
        defer { confirming = [] }
        count -= confirming.reduce(0) { $0 + $1.count }
        return confirming
    }

    /// All reads of this replica that are under way.
    var localReads: [ReadID] {
        (confirming + waiting).flatMap { origin -> [ReadID] in
            switch origin {
            case .here(let ids): ids
            case .peer: []
            }
        }
    }
}

extension ReadRounds.Origin {
    fileprivate var count: Int {
        switch self {
        case .here(let ids): ids.count
        case .peer: 1
        }
    }
}
