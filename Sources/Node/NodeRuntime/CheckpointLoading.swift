import Checkpoint
import Consensus
import Model
import Placement
import Shard
import WriteAheadLog

/// Makes state of what the checkpoint holds. Its functions block.
enum CheckpointLoading {
    /// Where each group's part of the checkpoint stands.
    static func positions(
        _ checkpoint: Checkpoint, _ watermarks: [Int: Watermark]
    ) throws -> [Int: SnapshotPoint] {
        let configurations = checkpoint.configurations()
        return try Dictionary(
            uniqueKeysWithValues: watermarks.map { group, watermark in
                do throws(CodecFault) {
                    let configuration = try Configuration(encoded: configurations[group] ?? [])
                    let point = LogPoint(index: watermark.appliedIndex, term: watermark.term)
                    return (group, SnapshotPoint(point: point, configuration: configuration))
                } catch {
                    throw NodeStartError.damagedCheckpoint(CodecError("the members of shard \(group): \(error)"))
                }
            })
    }

    struct Loaded: Sendable {
        var shards: [ShardState]
        var system: SystemState
    }

    /// Shards side by side: reading and counting rows is what a start spends its time on.
    static func load(_ checkpoint: Checkpoint, _ watermarks: [Int: Watermark], shards: Int) throws -> Loaded {
        let results = ConcurrentSlots<Result<ShardState, any Error>>(count: shards)
        results.fill { position in
            Result { try load(checkpoint, watermarks[position + 1], number: position + 1, of: shards) }
        }
        let states = try results.values.map { try $0.get() }
        return Loaded(shards: states, system: try loadSystem(checkpoint, watermarks[SystemShard.group]))
    }

    static func load(
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
            sweep: restored.sweep, cleaning: restored.cleaning, remembered: restored.remembered)
        do throws(CodecError) {
            for graph in try restored.graphs.graphs() { try state.restore(graph) }
        } catch {
            throw NodeStartError.damagedCheckpoint(error)
        }
        for (id, bytes) in rows {
            guard slots.contains(Int(id.slot.number)) else {
                throw NodeStartError.damagedCheckpoint(CodecError("row \(id) is in the wrong shard"))
            }
            do throws(CodecError) { try state.restore(id, bytes) } catch { throw NodeStartError.damagedCheckpoint(error) }
        }
        return state
    }

    static func loadSystem(_ checkpoint: Checkpoint, _ watermark: Watermark?) throws -> SystemState {
        var restored = StateKey.Restored()
        var items: [CatalogItem] = []
        var cluster: [ClusterItem] = []
        var governance: [GovernanceItem] = []
        var plans: [CatalogPlan] = []
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
                    case .governance(let item): governance.append(item)
                    case .plan(let plan): plans.append(plan)
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
            governance: governance, plans: plans, cleaning: restored.cleaning, remembered: restored.remembered)
    }
}

extension NodeStartError {
    static func damagedCheckpoint(_ error: CodecError) -> NodeStartError {
        NodeStartError(
            .damaged, "checkpoint.sqlite is damaged: \(error.message). Restore the data directory from a back-up.")
    }
}
