import Checkpoint
import LogStorage
package import Logging
package import Model
package import NIOCore
import NIOPosix
import Placement
import Shard
import WriteAheadLog

extension Node {
    /// Takes the data directory, reads checkpoint and log, and leads every shard. Returns when the node may serve.
    ///
    /// `onFatal` is called when the disk failed under the log: what is written is unknown and the process must end.
    package static func start(
        _ options: NodeOptions, on group: any EventLoopGroup, logger: Logger,
        now: @escaping @Sendable () -> Timestamp = wallClock, onFatal: @escaping @Sendable (String) -> Void
    ) async throws -> Node {
        let loops = Array(group.makeIterator())
        let recovered = try await NIOThreadPool.singleton.runIfActive {
            try Recovered(options, logger: logger)
        }
        return try await recovered.lead(options, on: loops, logger: logger, now: now, onFatal: onFatal)
    }
}

/// A node's durable state, read back and checked; nothing has been written yet.
private struct Recovered: Sendable {
    let identity: NodeIdentity
    let lock: DirectoryLock
    let checkpoint: Checkpoint
    let log: RecoveredLog
    let shards: [RecoveredShard]
    let system: SystemState
    let watermarks: [Int: Watermark]
    let systemBacklog: SystemBacklog

    struct RecoveredShard: Sendable {
        let state: ShardState
        let backlog: CheckpointBacklog
    }

    /// Blocks; for a thread that may.
    init(_ options: NodeOptions, logger: Logger) throws {
        let directory = options.dataDirectory
        try DataFile.makeDirectory(directory)
        lock = try Self.lock(directory)
        identity = try NodeIdentity.establish(in: directory, options)
        let checkpointPath = "\(directory)/checkpoint.sqlite"
        do {
            checkpoint = try Checkpoint.open(path: checkpointPath)
            watermarks = try checkpoint.watermarks()
            log = try Self.readLog(directory, identity, options)
            try log.check(
                checkpoint: Dictionary(uniqueKeysWithValues: watermarks.map { (GroupID($0.key), $0.value.appliedIndex) }))
            let loaded = try Self.load(checkpoint, watermarks, shards: identity.shards)
            let replayed = try Self.replay(log, loaded, watermarks)
            shards = replayed.shards
            system = replayed.system
            systemBacklog = replayed.systemBacklog
        } catch let error as LogError {
            throw NodeStartError(error)
        } catch let error as CheckpointError {
            throw NodeStartError(error)
        }
        if log.tornBytes > 0 {
            logger.notice("cut the torn end of the log", metadata: ["log.torn_bytes": "\(log.tornBytes)"])
        }
    }

    private static func lock(_ directory: String) throws -> DirectoryLock {
        do throws(LogError) {
            return try DirectoryLock(directory: directory)
        } catch {
            throw NodeStartError(error)
        }
    }

    private static func readLog(
        _ directory: String, _ identity: NodeIdentity, _ options: NodeOptions
    ) throws -> RecoveredLog {
        do {
            let files = try PosixFileSystem(directory: "\(directory)/log")
            let node = LogNodeID(high: identity.uuid.high, low: identity.uuid.low)
            return try RecoveredLog(files: files, options: LogOptions(node: node, segmentBytes: options.logSegmentBytes))
        } catch let error as LogIOError {
            throw NodeStartError(.unavailable, "\(error)")
        }
    }

    // MARK: Checkpoint

    private struct Loaded: Sendable {
        var shards: [ShardState]
        var system: SystemState
    }

    /// Shards side by side: reading and counting rows is what a start spends its time on.
    private static func load(_ checkpoint: Checkpoint, _ watermarks: [Int: Watermark], shards: Int) throws -> Loaded {
        let results = ConcurrentSlots<Result<ShardState, any Error>>(count: shards)
        results.fill { position in
            Result { try load(checkpoint, watermarks[position + 1], number: position + 1, of: shards) }
        }
        let states = try results.values.map { try $0.get() }
        return Loaded(shards: states, system: try loadSystem(checkpoint, watermarks[SystemShard.group]))
    }

    private static func load(
        _ checkpoint: Checkpoint, _ watermark: Watermark?, number: Int, of shards: Int
    ) throws -> ShardState {
        let slots = ShardState.slots(ofShard: number - 1, of: shards)
        var restored = StateKey.Restored()
        var rows: [(ResourceID, [UInt8])] = []
        var failure: CodecError?
        try checkpoint.load(
            shard: number, ids: slots.ids,
            state: { key, value in
                do throws(CodecError) { try restored.take(key, value) } catch { failure = failure ?? error }
            },
            row: { id, bytes in rows.append((id, bytes)) })
        if let failure { throw NodeStartError.damagedCheckpoint(failure) }
        guard let watermark else { return ShardState(slots: slots) }
        var state = ShardState(
            slots: slots, appliedIndex: watermark.appliedIndex, auditSequence: watermark.auditSequence,
            sweep: restored.sweep, remembered: restored.remembered)
        for (id, bytes) in rows {
            guard slots.contains(Int(id.slot.number)) else {
                throw NodeStartError.damagedCheckpoint(CodecError("row \(id) is in the wrong shard"))
            }
            do throws(CodecError) { try state.restore(id, bytes) } catch { throw NodeStartError.damagedCheckpoint(error) }
        }
        return state
    }

    private static func loadSystem(_ checkpoint: Checkpoint, _ watermark: Watermark?) throws -> SystemState {
        var restored = StateKey.Restored()
        var items: [CatalogItem] = []
        var cluster: [ClusterItem] = []
        var failure: CodecError?
        try checkpoint.loadSystem(
            state: { key, value in
                do throws(CodecError) { try restored.take(key, value) } catch { failure = failure ?? error }
            },
            item: { _, _, bytes in
                do throws(CodecError) {
                    switch try SystemItem(decoding: bytes) {
                    case .catalog(let item): items.append(item)
                    case .cluster(let item): cluster.append(item)
                    }
                } catch {
                    failure = failure ?? error
                }
            })
        if let failure { throw NodeStartError.damagedCheckpoint(failure) }
        guard let watermark else { return SystemState() }
        return SystemState(
            items: items, cluster: ClusterState(cluster), appliedIndex: watermark.appliedIndex,
            auditSequence: watermark.auditSequence, catalogVersion: restored.catalogVersion,
            remembered: restored.remembered)
    }

    // MARK: Log

    private struct Replayed: Sendable {
        var shards: [RecoveredShard]
        var system: SystemState
        var systemBacklog: SystemBacklog
    }

    private static func replay(
        _ log: RecoveredLog, _ loaded: Loaded, _ watermarks: [Int: Watermark]
    ) throws -> Replayed {
        var states = loaded.shards
        var backlogs = states.map { CheckpointBacklog(appliedIndex: $0.appliedIndex) }
        var system = loaded.system
        var systemBacklog = SystemBacklog(appliedIndex: system.appliedIndex, state: system)
        var failure: CodecError?
        let above = Dictionary(uniqueKeysWithValues: watermarks.map { (GroupID($0.key), $0.value.appliedIndex) })
        try log.forEachEntry(above: above) { entry in
            guard failure == nil else { return }
            let bytes = Array(entry.payload)
            let position = Int(entry.group) - 1
            do throws(CodecError) {
                if position < 0 {
                    systemBacklog.note(system.apply(try [SystemState.Effect](decoding: bytes), at: entry.point.index))
                } else if position < states.count {
                    let payload = try EntryPayload(decoding: bytes)
                    backlogs[position].note(try states[position].apply(payload, at: entry.point.index))
                } else {
                    throw CodecError("an entry of shard \(entry.group), which this node does not have")
                }
            } catch {
                failure = CodecError("entry \(entry.point.index) of shard \(entry.group): \(error.message)")
            }
        }
        if let failure { throw NodeStartError(.damaged, "the log cannot be applied: \(failure.message)") }
        let shards = zip(states, backlogs).map { RecoveredShard(state: $0, backlog: $1) }
        return Replayed(shards: shards, system: system, systemBacklog: systemBacklog)
    }

    // MARK: Lead

    func lead(
        _ options: NodeOptions, on eventLoops: [any EventLoop], logger: Logger, now: @escaping @Sendable () -> Timestamp,
        onFatal: @escaping @Sendable (String) -> Void
    ) async throws -> Node {
        let storage: LogStorage
        do throws(LogError) {
            storage = try log.start(logger: logger) { onFatal("\($0)") }
        } catch {
            throw NodeStartError(error)
        }
        let catalog = Catalog(system)
        let loops = eventLoops.map { LoopHost(eventLoop: $0, catalog: catalog, now: now) }
        var producers: [LogProducer] = []
        for loop in loops { producers.append(try await loop.eventLoop.submit { loop.connect(to: storage) }.get()) }
        var hosts: [ShardHost] = []
        for (position, shard) in shards.enumerated() {
            let number = position + 1
            let place = position % loops.count
            let term = nextTerm(of: number)
            hosts.append(
                ShardHost(
                    shard: Shard(number: number, state: shard.state), term: term, host: loops[place], log: producers[place],
                    limits: options, backlog: shard.backlog))
        }
        let systemHost = SystemHost(
            shard: SystemShard(state: system), term: nextTerm(of: SystemShard.group), eventLoop: loops[0].eventLoop,
            log: producers[0], backlog: systemBacklog, catalog: catalog, now: now,
            publish: { catalog in
                for loop in loops { loop.eventLoop.runNowOrSoon { loop.use(catalog) } }
            })
        for host in hosts {
            let loop = loops[(host.number - 1) % loops.count]
            try await loop.eventLoop.submit { loop.adopt(host) }.get()
        }
        try await loops[0].eventLoop.submit { loops[0].adopt(systemHost) }.get()
        let checkpointer = Checkpointer(
            hosts: hosts, system: systemHost, checkpoint: checkpoint, log: storage,
            intervalMilliseconds: options.checkpointIntervalMilliseconds, logger: logger, onFatal: onFatal)
        let node = Node(
            identity: identity, options: options, loops: loops, hosts: hosts, system: systemHost, checkpoint: checkpoint,
            log: storage, checkpointer: checkpointer, lock: lock, logger: logger, now: now)
        do {
            try await node.lead()
        } catch {
            await node.stop()
            throw NodeStartError(.unavailable, "the log of \(options.dataDirectory) takes no entries: \(error)")
        }
        checkpointer.start()
        return node
    }

    /// Above every term that the shard's entries or its copy in the checkpoint have.
    private func nextTerm(of shard: Int) -> UInt64 {
        max(log.groups[GroupID(shard)]?.last.term ?? 0, watermarks[shard]?.term ?? 0) + 1
    }
}

extension Node {
    /// Commits an entry of the new term in every group, then lets the sweeps go on.
    fileprivate func lead() async throws {
        var waiting: [EventLoopFuture<ShardReply>] = []
        for host in hosts {
            let promise = host.eventLoop.makePromise(of: ShardReply.self)
            host.eventLoop.execute { host.lead { promise.completeWith($0.mapError { $0 as any Error }) } }
            waiting.append(promise.futureResult)
        }
        let system = self.system
        let promise = system.eventLoop.makePromise(of: ShardReply.self)
        system.eventLoop.execute { system.lead { promise.completeWith($0.mapError { $0 as any Error }) } }
        waiting.append(promise.futureResult)
        for future in waiting { _ = try await future.get() }
        for host in hosts { host.eventLoop.execute { host.startSweepIfNeeded() } }
    }
}

extension NodeStartError {
    fileprivate init(_ error: LogError) {
        switch error {
        case .damaged, .newerVersion: self.init(.damaged, "\(error)")
        case .inUse, .io: self.init(.unavailable, "\(error)")
        }
    }

    fileprivate init(_ error: CheckpointError) {
        switch error.code {
        case .damaged, .newerVersion: self.init(.damaged, error.message)
        case .unavailable, .syncFailed: self.init(.unavailable, error.message)
        }
    }

    fileprivate static func damagedCheckpoint(_ error: CodecError) -> NodeStartError {
        NodeStartError(
            .damaged, "checkpoint.sqlite is damaged: \(error.message). Restore the data directory from a back-up.")
    }
}

extension Range<Int> {
    /// The ids that these slots hold, the slot being an id's first 16 bits.
    fileprivate var ids: ClosedRange<UUID128> {
        UUID128(
            high: UInt64(lowerBound) << 48, low: 0)...UUID128(high: UInt64(upperBound - 1) << 48 | (1 << 48 - 1), low: .max)
    }
}
