import Consensus
import WriteAheadLog

/// What the log holds of one group above its part of the checkpoint.
///
/// In a group of one, what is on the disk is committed: its entries are applied as they are read. From the first change of
/// members on, or in any other group, they are only the replica's log.
struct RecoveredTail: Sendable {
    /// Where the checkpoint stands.
    let position: GroupPosition
    /// The entries before this are applied; those behind it are the replica's log.
    private var base: SnapshotPoint
    private var appliesEntries: Bool
    private var entries: RecoveredEntries

    init(_ checkpoint: SnapshotPoint, here: ReplicaID) {
        position = GroupPosition(checkpoint)
        base = checkpoint
        appliesEntries = checkpoint.configuration.isSole(here)
        entries = RecoveredEntries(base: checkpoint)
    }

    /// Takes the next entry. True: it is to be applied now.
    mutating func take(_ entry: Entry) -> Bool {
        if case .configuration = entry.content { appliesEntries = false }
        if appliesEntries {
            base = SnapshotPoint(point: entry.point, configuration: base.configuration)
            entries = RecoveredEntries(base: base)
        } else {
            entries.add(entry)
        }
        return appliesEntries
    }

    func start(_ hardState: HardState) -> ReplicaStart {
        ReplicaStart(hardState: hardState, log: entries, applied: base.point.index)
    }
}

extension SnapshotPoint {
    /// Before everything.
    static let none = SnapshotPoint(point: .zero, configuration: .empty)
}

extension Configuration {
    func isSole(_ id: ReplicaID) -> Bool { voters == [id] && !isJoint }
}
