import Checkpoint
import Consensus
import Founding
import LogStorage
import Logging
import Model
import Shard
import WriteAheadLog

/// A node's durable state, read back and checked; nothing has been written yet.
struct Recovered: Sendable {
    let checkpoint: Checkpoint
    let log: RecoveredLog
    let shards: [RecoveredShard]
    let system: RecoveredSystem
    /// What former replicas of this node have promised.
    let tombstones: [Int: HardState]
    /// Groups whose snapshot is in the checkpoint and not in the log yet: where their log is to start again.
    let restarts: [Int: SnapshotPoint]

    struct RecoveredShard: Sendable {
        let state: ShardState
        let backlog: CheckpointBacklog
        /// Nil where the log knows nothing of the group.
        let start: ReplicaStart?
    }

    struct RecoveredSystem: Sendable {
        let state: SystemState
        let backlog: SystemBacklog
        let start: ReplicaStart?
    }

    /// Blocks; for a thread that may.
    init(_ home: NodeHome, _ options: NodeOptions, _ founding: ClusterFounding, logger: Logger) throws {
        let directory = options.dataDirectory
        do {
            checkpoint = try Checkpoint.open(path: "\(directory)/checkpoint.sqlite")
            let watermarks = try checkpoint.watermarks()
            log = try Self.readLog(directory, home.logID(in: founding.cluster), options)
            let positions = try CheckpointLoading.positions(checkpoint, watermarks)
            restarts = Self.restarts(checkpoint, log, positions)
            try log.check(
                checkpoint: Dictionary(
                    uniqueKeysWithValues: watermarks.map { (GroupID($0.key), $0.value.appliedIndex) }),
                installed: Set(restarts.keys.map { GroupID($0) }))
            let loaded = try CheckpointLoading.load(checkpoint, watermarks, shards: founding.shards)
            let replayed = try Self.replay(log, loaded, positions, restarts, here: home.identity.replicaID)
            shards = replayed.shards
            system = replayed.system
            tombstones = Self.tombstones(log)
        } catch let error as LogError {
            throw NodeStartError(error)
        } catch let error as CheckpointError {
            throw NodeStartError(error)
        }
        if log.tornBytes > 0 {
            logger.notice("cut the torn end of the log", metadata: ["log.torn_bytes": "\(log.tornBytes)"])
        }
    }

    private static func restarts(
        _ checkpoint: Checkpoint, _ log: RecoveredLog, _ positions: [Int: SnapshotPoint]
    ) -> [Int: SnapshotPoint] {
        let installed = checkpoint.installed()
        return positions.filter { group, snapshot in
            guard let mark = installed[group], mark.index == snapshot.point.index else { return false }
            return log.groups[GroupID(group)].map { $0.base.index < mark.index } ?? true
        }
    }

    private static func tombstones(_ log: RecoveredLog) -> [Int: HardState] {
        Dictionary(
            uniqueKeysWithValues: log.removed.compactMap { group in
                log.hardStates[group].map { (Int(group), HardState($0)) }
            })
    }

    private static func readLog(
        _ directory: String, _ node: LogNodeID, _ options: NodeOptions
    ) throws -> RecoveredLog {
        do {
            let files = try PosixFileSystem(directory: "\(directory)/log")
            return try RecoveredLog(files: files, options: LogOptions(node: node, segmentBytes: options.logSegmentBytes))
        } catch let error as LogIOError {
            throw NodeStartError(.unavailable, "\(error)")
        }
    }

    // MARK: Log

    private struct Replayed: Sendable {
        var shards: [RecoveredShard]
        var system: RecoveredSystem
    }

    /// What the log holds above the checkpoint. A replica that votes alone applies it at once: whatever is on its disk is
    /// committed. Others take it as their log, and hear from their group what of it is committed.
    private static func replay(
        _ log: RecoveredLog, _ loaded: CheckpointLoading.Loaded, _ positions: [Int: SnapshotPoint],
        _ restarts: [Int: SnapshotPoint], here: ReplicaID
    ) throws -> Replayed {
        var tails = (0...loaded.shards.count).map { RecoveredTail(positions[$0] ?? .none, here: here) }
        var states = loaded.shards
        var system = loaded.system
        var backlogs = states.indices.map { CheckpointBacklog(tails[$0 + 1].position) }
        var systemBacklog = SystemBacklog(tails[0].position, state: system)
        var failure: NodeStartError?
        let above = Dictionary(uniqueKeysWithValues: positions.map { (GroupID($0.key), $0.value.point.index) })
        try log.forEachEntry(above: above) { stored in
            let group = Int(stored.group)
            guard failure == nil, restarts[group] == nil else { return }
            do {
                guard group < tails.count else { throw CodecError("this node has no such shard") }
                let entry = try Entry(stored)
                guard tails[group].take(entry) else { return }
                if group == SystemShard.group {
                    systemBacklog.note(try system.apply(entry.data, at: entry.index), entry)
                } else {
                    backlogs[group - 1].note(try states[group - 1].apply(entry.data, at: entry.index), entry)
                }
            } catch {
                failure = NodeStartError(
                    .damaged, "the log cannot be applied: entry \(stored.point.index) of shard \(group): \(error)")
            }
        }
        if let failure { throw failure }
        func start(_ group: Int) -> ReplicaStart? {
            guard !log.removed.contains(GroupID(group)) else { return nil }
            if let state = log.hardStates[GroupID(group)] { return tails[group].start(HardState(state)) }
            // The checkpoint has it from elsewhere, and the log begins behind that.
            return restarts[group].map { tails[group].start(HardState(term: $0.point.term, vote: nil)) }
        }
        return Replayed(
            shards: states.indices.map {
                RecoveredShard(state: states[$0], backlog: backlogs[$0], start: start($0 + 1))
            },
            system: RecoveredSystem(state: system, backlog: systemBacklog, start: start(0)))
    }
}

extension NodeStartError {
    init(_ error: LogError) {
        switch error {
        case .damaged, .newerVersion: self.init(.damaged, "\(error)")
        case .inUse, .io: self.init(.unavailable, "\(error)")
        }
    }

    fileprivate init(_ error: CheckpointError) {
        switch error.code {
        case .damaged, .newerVersion, .olderVersion, .snapshotRefused: self.init(.damaged, error.message)
        case .unavailable, .syncFailed: self.init(.unavailable, error.message)
        }
    }
}

extension ShardState {
    /// Bytes of a committed entry; nil: one of the group's own.
    fileprivate mutating func apply(_ bytes: [UInt8]?, at index: UInt64) throws(CodecError) -> Changes {
        guard let bytes else {
            advance(to: index)
            return Changes()
        }
        return try apply(EntryPayload(decoding: bytes), at: index)
    }
}

extension SystemState {
    fileprivate mutating func apply(_ bytes: [UInt8]?, at index: UInt64) throws(CodecError) -> Changes {
        guard let bytes else {
            advance(to: index)
            return Changes()
        }
        return apply(try [Effect](decoding: bytes), at: index)
    }
}
