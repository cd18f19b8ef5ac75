/// What a replica is in its term, with what it knows as such.
enum Role: Sendable {
    case follower(Follower)
    case preCandidate(PreCandidate)
    case candidate(Candidate)
    case leader(Leader)

    var name: RoleName {
        switch self {
        case .follower: .follower
        case .preCandidate: .preCandidate
        case .candidate: .candidate
        case .leader: .leader
        }
    }

    /// Changes the payload in place: while `body` runs, the role does not hold a second reference to it.
    /// Nil where it is not a leader.
    @discardableResult
    mutating func withLeader<R>(_ body: (inout Leader) -> R) -> R? {
        guard case .leader(var leader) = self else { return nil }
        self = .follower(Follower(leader: nil, electionDeadline: leader.nextHeartbeat))
        defer { self = .leader(leader) }
        return body(&leader)
    }

    @discardableResult
    mutating func withFollower<R>(_ body: (inout Follower) -> R) -> R? {
        guard case .follower(var follower) = self else { return nil }
        self = .follower(Follower(leader: nil, electionDeadline: follower.electionDeadline))
        defer { self = .follower(follower) }
        return body(&follower)
    }
}

struct Follower: Sendable {
    /// Reads that wait for the leader's answer.
    struct AskedReads: Sendable {
        let context: UInt64
        let ids: [ReadID]
        let deadline: Instant
    }

    /// The leader of this term; nil while unknown.
    var leader: ReplicaID?
    /// When the leader was last heard.
    var heardAt: Instant?
    var electionDeadline: Instant
    /// What the leader has said to be committed, wherever this log ends.
    var leaderCommit: UInt64 = 0
    /// The log was compared with the leader's, in this life and term, up to here: it is the leader's, on disk or not.
    var matched: UInt64 = 0
    /// What the leader was told to be on disk here.
    var acknowledged: UInt64 = 0
    /// An append is to be answered, once its entries are on disk.
    var owesAnswer = false
    var askedReads: [AskedReads] = []

    init(leader: ReplicaID?, heardAt: Instant? = nil, electionDeadline: Instant) {
        self.leader = leader
        self.heardAt = heardAt
        self.electionDeadline = electionDeadline
    }
}

struct PreCandidate: Sendable {
    var granted: [ReplicaID] = []
    /// When to ask again.
    let deadline: Instant
}

struct Candidate: Sendable {
    var granted: [ReplicaID] = []
    let deadline: Instant
    let byTransfer: Bool
    /// Its own vote is on disk, and the others were asked.
    var asked = false
}

struct Leader: Sendable {
    struct Transfer: Sendable {
        let target: ReplicaID
        let deadline: Instant
        /// The target was told to stand.
        var isTold = false
    }

    /// The other members, ascending by id.
    var peers: [PeerProgress] = []
    /// The first entry of this term. Until it is committed the leader does not know what is.
    let firstIndex: UInt64
    var nextHeartbeat: Instant
    var transfer: Transfer?
    /// Weight of the entries of this term that are not committed.
    var uncommittedBytes = 0
    var reads = ReadRounds()

    func position(of peer: ReplicaID) -> Int? { peers.firstIndex { $0.id == peer } }
}
