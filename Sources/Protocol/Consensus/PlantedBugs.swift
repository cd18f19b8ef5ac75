/// Mistakes that the simulator plants to show that it would find them. Each is made at exactly one place.
///
/// They exist only where `VTAG_PLANTED_BUGS` is defined (debug builds and the simulator's); elsewhere the test for
/// one is the constant `false` and nothing of them is left in the program.
package struct PlantedBugs: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    private init(number: UInt64) { rawValue = 1 << number }

    // MARK: Elections

    /// A restarted replica does not know whom it voted for.
    package static let forgetVoteAtRestart = PlantedBugs(number: 0)
    /// A vote is granted although another candidate has it in this term.
    package static let voteTwice = PlantedBugs(number: 1)
    /// A vote is granted to a candidate whose log is behind.
    package static let voteForStaleLog = PlantedBugs(number: 2)
    /// A vote is sent before it is on disk.
    package static let voteBeforePersist = PlantedBugs(number: 3)
    /// A learner's vote counts.
    package static let countLearnerVotes = PlantedBugs(number: 4)
    /// Half of the voters are a quorum.
    package static let quorumOfHalf = PlantedBugs(number: 5)
    /// Answers of older terms, votes and acknowledgements, are taken for current ones.
    package static let ignoreOldTerm = PlantedBugs(number: 6)
    /// A replica that lost entries votes before it is repaired.
    package static let voteWhileSuspect = PlantedBugs(number: 7)

    // MARK: Replication

    /// Entries count as committed on a majority although an older term proposed them (Raft paper, figure 8).
    package static let commitOlderTermsByCounting = PlantedBugs(number: 8)
    /// A learner's copy counts towards commitment.
    package static let countLearnerCopies = PlantedBugs(number: 9)
    /// The leader counts its own copy before it is on disk.
    package static let countUnpersistedOwnCopy = PlantedBugs(number: 10)
    /// An append is acknowledged before it is on disk.
    package static let acknowledgeBeforePersist = PlantedBugs(number: 11)
    /// An append is taken although the entry before it differs.
    package static let skipPreviousCheck = PlantedBugs(number: 12)
    /// Conflicting entries stay; only what is longer is appended.
    package static let keepConflicts = PlantedBugs(number: 13)
    /// A follower commits what its leader committed without having compared its log that far.
    package static let commitBeyondMatch = PlantedBugs(number: 14)
    /// Entries are applied as soon as they are on disk.
    package static let applyBeforeCommit = PlantedBugs(number: 15)
    /// A write acknowledged late counts for the entries that replaced its own since.
    package static let trustStaleTicket = PlantedBugs(number: 16)

    // MARK: Members

    /// A joint configuration counts only its new voters.
    package static let jointCountsIncomingOnly = PlantedBugs(number: 17)
    /// Voters are exchanged in one step, without joint consensus.
    package static let skipJointConsensus = PlantedBugs(number: 18)
    /// A configuration stays in force after its entry was dropped from the log.
    package static let keepTruncatedConfiguration = PlantedBugs(number: 19)

    // MARK: Reads and snapshots

    /// The leader serves reads without asking whether it still leads.
    package static let readWithoutRound = PlantedBugs(number: 20)
    /// A new leader serves reads before it has committed an entry of its own term.
    package static let readBeforeOwnCommit = PlantedBugs(number: 21)
    /// A read is served before the entries up to its index are applied.
    package static let readBeforeApply = PlantedBugs(number: 22)
    /// A snapshot older than the state replaces it.
    package static let acceptOldSnapshot = PlantedBugs(number: 23)

    /// Each of them with its name, in order.
    package static let all: [(name: String, bug: PlantedBugs)] = [
        ("forgetVoteAtRestart", .forgetVoteAtRestart), ("voteTwice", .voteTwice),
        ("voteForStaleLog", .voteForStaleLog), ("voteBeforePersist", .voteBeforePersist),
        ("countLearnerVotes", .countLearnerVotes), ("quorumOfHalf", .quorumOfHalf),
        ("ignoreOldTerm", .ignoreOldTerm), ("voteWhileSuspect", .voteWhileSuspect),
        ("commitOlderTermsByCounting", .commitOlderTermsByCounting), ("countLearnerCopies", .countLearnerCopies),
        ("countUnpersistedOwnCopy", .countUnpersistedOwnCopy), ("acknowledgeBeforePersist", .acknowledgeBeforePersist),
        ("skipPreviousCheck", .skipPreviousCheck), ("keepConflicts", .keepConflicts),
        ("commitBeyondMatch", .commitBeyondMatch), ("applyBeforeCommit", .applyBeforeCommit),
        ("trustStaleTicket", .trustStaleTicket), ("jointCountsIncomingOnly", .jointCountsIncomingOnly),
        ("skipJointConsensus", .skipJointConsensus), ("keepTruncatedConfiguration", .keepTruncatedConfiguration),
        ("readWithoutRound", .readWithoutRound), ("readBeforeOwnCommit", .readBeforeOwnCommit),
        ("readBeforeApply", .readBeforeApply), ("acceptOldSnapshot", .acceptOldSnapshot),
    ]

    /// Whether this build can make the mistakes at all.
    package static var areCompiledIn: Bool {
        #if VTAG_PLANTED_BUGS
            true
        #else
            false
        #endif
    }
}

extension ConsensusSettings {
    /// Whether `bug` is to be made.
    @inline(__always)
    func plants(_ bug: PlantedBugs) -> Bool {
        #if VTAG_PLANTED_BUGS
            plantedBugs.rawValue & bug.rawValue != 0
        #else
            false
        #endif
    }
}
