/// Mistakes of the surroundings of the cores, as the simulator plants them in its own nodes. Each is made at one place.
///
/// They stand for what a node's runtime could get wrong; the cores' own are `Consensus.PlantedBugs`.
package struct ShellBugs: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    private init(number: UInt64) { rawValue = 1 << number }

    // MARK: Disk

    /// A write is reported as on disk as soon as it is handed over.
    package static let persistedBeforeSync = ShellBugs(number: 0)
    /// Every other sync is left out.
    package static let skipSync = ShellBugs(number: 1)
    /// A restart finds its term, not its vote.
    package static let forgetVote = ShellBugs(number: 2)
    /// A restart finds neither term nor vote.
    package static let forgetHardState = ShellBugs(number: 3)
    /// Truncations are not written to the log.
    package static let skipTruncation = ShellBugs(number: 4)
    /// A log with damage is cut there, and the replica is taken for sound.
    package static let ignoreSuspectMark = ShellBugs(number: 5)
    /// The damaged end of a log is cut off before the mark that something was lost is on disk.
    package static let cutBeforeMark = ShellBugs(number: 19)
    /// Damage is skipped: what stands behind it is read on.
    package static let readBehindDamage = ShellBugs(number: 6)
    /// A replica that was wiped comes back under its old id.
    package static let keepIdentityAfterWipe = ShellBugs(number: 7)

    // MARK: State

    /// Entries are applied, and answered, when they are on the leader's own disk.
    package static let applyBeforeCommit = ShellBugs(number: 8)
    /// After a restart the entry of the snapshot's index is applied once more.
    package static let applyTwiceAfterRestart = ShellBugs(number: 9)
    /// Snapshots leave the table of idempotency keys out.
    package static let snapshotWithoutAnswers = ShellBugs(number: 10)
    /// Idempotency keys are ignored.
    package static let ignoreIdempotencyKeys = ShellBugs(number: 11)
    /// A snapshot is said to stand one entry further than it does.
    package static let snapshotIndexOffByOne = ShellBugs(number: 12)
    /// A snapshot carries the members of the group's beginning.
    package static let snapshotWithFirstMembers = ShellBugs(number: 13)

    // MARK: Clients

    /// A write is answered when it is appended.
    package static let answerAtAppend = ShellBugs(number: 14)
    /// Whatever is applied at a waiting write's index is taken for that write.
    package static let answerByIndexAlone = ShellBugs(number: 15)
    /// A leader reads without asking whether it still leads.
    package static let readWithoutAsking = ShellBugs(number: 16)
    /// A follower answers reads from its own state.
    package static let readFromFollower = ShellBugs(number: 17)
    /// A read answers with the state of when it was asked.
    package static let readStateOfCall = ShellBugs(number: 18)

    // MARK: Shards

    /// Commands are carried out before what earlier leaders left is applied.
    package static let proposeBeforeOldEntries = ShellBugs(number: 20)
    /// What was in flight is kept when an office ends, and when the next one begins.
    package static let keepInFlight = ShellBugs(number: 21)
    /// Whoever waits for an entry goes on waiting when the office ends, and is answered by whatever stands there then.
    package static let keepWaiters = ShellBugs(number: 22)
    /// An answer that needs no entry is given at once.
    package static let answerUnchangedAtOnce = ShellBugs(number: 23)
    /// An answer that needs no entry is given when what it rests on is applied, whoever leads by then.
    package static let answerUnchangedWhenApplied = ShellBugs(number: 24)
    /// Rows are judged by an older catalogue than an earlier leader had.
    package static let judgeByOldCatalog = ShellBugs(number: 25)
    /// A sweep begins while entries that were judged by the older catalogue are in flight.
    package static let sweepBesideOldEntries = ShellBugs(number: 26)

    // MARK: Snapshots in chunks

    /// The bytes of a received snapshot are not held against its digest.
    package static let trustStagedBytes = ShellBugs(number: 27)
    /// A snapshot is installed over a state that has grown beyond it meanwhile.
    package static let installOldSnapshot = ShellBugs(number: 28)
    /// A replica hears messages while a snapshot is made its state.
    package static let hearWhileInstalling = ShellBugs(number: 29)

    // MARK: The sink

    /// A new leader reads where the database is, and does not raise the term there.
    package static let readWithoutRaising = ShellBugs(number: 30)
    /// A transaction is taken in any term and epoch.
    package static let fenceWithoutTerm = ShellBugs(number: 31)
    /// A transaction is taken in any epoch.
    package static let fenceWithoutEpoch = ShellBugs(number: 40)
    /// A transaction is taken in any epoch, wherever the progress is.
    package static let fenceWithoutProgress = ShellBugs(number: 32)
    /// Rows are written in a transaction before that of the fence.
    package static let rowsOutsideFence = ShellBugs(number: 33)
    /// The progress is written in a transaction before that of the rows.
    package static let progressBeforeRows = ShellBugs(number: 34)
    /// Where the database says less than the node remembers, the node's memory counts.
    package static let trustMemory = ShellBugs(number: 35)
    /// What was sent last is sent again after a failure, as it was then.
    package static let reuseTransaction = ShellBugs(number: 36)
    /// A feed goes on over a snapshot that took the place of what it tells of.
    package static let keepFeedOverSnapshot = ShellBugs(number: 37)
    /// A new leader begins to send before it has applied what earlier leaders left.
    package static let sendBeforeOldEntries = ShellBugs(number: 38)
    /// A deletion is remembered with the index of the checkpoint that first has it, not its own.
    package static let coarseTombstones = ShellBugs(number: 39)

    /// Each of them with its name, in order.
    package static let all: [(name: String, bug: ShellBugs)] = [
        ("persistedBeforeSync", .persistedBeforeSync), ("skipSync", .skipSync), ("forgetVote", .forgetVote),
        ("forgetHardState", .forgetHardState), ("skipTruncation", .skipTruncation),
        ("ignoreSuspectMark", .ignoreSuspectMark), ("readBehindDamage", .readBehindDamage),
        ("keepIdentityAfterWipe", .keepIdentityAfterWipe), ("applyBeforeCommit", .applyBeforeCommit),
        ("applyTwiceAfterRestart", .applyTwiceAfterRestart), ("snapshotWithoutAnswers", .snapshotWithoutAnswers),
        ("ignoreIdempotencyKeys", .ignoreIdempotencyKeys), ("snapshotIndexOffByOne", .snapshotIndexOffByOne),
        ("snapshotWithFirstMembers", .snapshotWithFirstMembers), ("answerAtAppend", .answerAtAppend),
        ("answerByIndexAlone", .answerByIndexAlone), ("readWithoutAsking", .readWithoutAsking),
        ("readFromFollower", .readFromFollower), ("readStateOfCall", .readStateOfCall),
        ("cutBeforeMark", .cutBeforeMark), ("proposeBeforeOldEntries", .proposeBeforeOldEntries),
        ("keepInFlight", .keepInFlight), ("keepWaiters", .keepWaiters), ("answerUnchangedAtOnce", .answerUnchangedAtOnce),
        ("answerUnchangedWhenApplied", .answerUnchangedWhenApplied), ("judgeByOldCatalog", .judgeByOldCatalog),
        ("sweepBesideOldEntries", .sweepBesideOldEntries), ("trustStagedBytes", .trustStagedBytes),
        ("installOldSnapshot", .installOldSnapshot), ("hearWhileInstalling", .hearWhileInstalling),
        ("readWithoutRaising", .readWithoutRaising), ("fenceWithoutTerm", .fenceWithoutTerm),
        ("fenceWithoutEpoch", .fenceWithoutEpoch), ("fenceWithoutProgress", .fenceWithoutProgress),
        ("rowsOutsideFence", .rowsOutsideFence),
        ("progressBeforeRows", .progressBeforeRows), ("trustMemory", .trustMemory),
        ("reuseTransaction", .reuseTransaction), ("keepFeedOverSnapshot", .keepFeedOverSnapshot),
        ("sendBeforeOldEntries", .sendBeforeOldEntries), ("coarseTombstones", .coarseTombstones),
    ]
}
