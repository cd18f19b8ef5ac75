import Membership

/// What a run of `MembershipWorld` saw of deaths, true and false.
struct MembershipLog {
    /// How one crash became known, in milliseconds of the run.
    struct Detection {
        var crashedAt: UInt64
        var firstAt: UInt64?
        var observers = 0
        /// When the last of those who ran to the end knew.
        var lastAt: UInt64?
    }

    /// One process that was declared dead while it ran.
    struct FalseDeath: Hashable {
        var subject: Int
        var generation: UInt64
    }

    private(set) var detections: [Int: Detection] = [:]
    /// Who declared it: the first in whose list it was dead.
    private(set) var falseDeaths: [FalseDeath: Int] = [:]
    var frames = 0
    /// Who crashes in this run, sooner or later: what they learned before does not count.
    var doomed: Set<Int> = []
    private let members: Int

    init(members: Int) { self.members = members }

    mutating func crashed(_ member: Int, at time: UInt64) { detections[member] = Detection(crashedAt: time) }

    mutating func changed(_ change: MemberChange, subject: Int, observer: Int) {
        guard change.standing.status == .dead else { return }
        guard detections[subject] != nil else {
            let death = FalseDeath(subject: subject, generation: change.standing.generation)
            if falseDeaths[death] == nil { falseDeaths[death] = observer }
            return
        }
        if doomed.contains(observer) { return }
        detections[subject]?.observers += 1
        if detections[subject]?.firstAt == nil { detections[subject]?.firstAt = change.at }
        detections[subject]?.lastAt = change.at
    }

    /// Whether every one of `crashes` is known to everyone who runs.
    var allKnow: Bool { detections.count == doomed.count && detections.values.allSatisfy(isKnownToAll) }

    func isKnownToAll(_ detection: Detection) -> Bool { detection.observers == members - doomed.count }
}
