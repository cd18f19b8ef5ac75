import Consensus
import Model
import Shard

/// A replica of a real shard, as the node's `ShardHost` keeps it: the state machine, the office, and who waits for what.
final class SimulatedShard {
    /// Who asked for a command.
    enum Asker: Equatable {
        case client(OperationID)
        case sweep
    }

    struct Waiter {
        let index: UInt64
        let reply: ShardReply
        let asker: Asker
        /// What the answer rests on is not the waiter's own entry: once it is applied, leadership is to be confirmed.
        let needsConfirmation: Bool
    }

    var shard: Shard
    var office = Office.following
    /// Writes that wait for what an earlier leader left, or for the catalogue; oldest first.
    var parked: [ClientRequest] = []
    /// In the order of their indexes.
    var waiters: [Waiter] = []
    var isSweeping = false
    /// Where results go to a database.
    var tap: SimulatedTap?
    private let keepsFeed: Bool
    /// Keys of the idempotency table, oldest first.
    private var remembered: [IdempotencyKey] = []
    private var shares: [ResourceID: UInt64] = [:]
    /// The sum of what each row and each answer adds: independent of order, cheap to keep.
    private var contentHash: UInt64 = 0

    /// `keepsFeed`: over snapshots, a planted bug.
    init(group: Int, tap: SimulatedTap? = nil, keepsFeed: Bool = false) {
        shard = Shard(number: group + 1, state: ShardState(slots: Self.slots))
        self.tap = tap
        self.keepsFeed = keepsFeed
    }

    /// Few slots, since there are few resources and many replicas.
    static let slots = 0..<64

    /// Resources that fall into these slots: by number, their native ids.
    static let nativeIDs: [String] = {
        var found: [String] = []
        var number = 0
        while found.count < 4 {
            let name = "i-\(number)"
            if slots.contains(Int(ResourceID(provider: .aws, nativeID: name).slot.number)) { found.append(name) }
            number += 1
        }
        return found
    }()

    static let ids = nativeIDs.map { ResourceID(provider: .aws, nativeID: $0) }

    var isLeading: Bool { if case .leading = office { true } else { false } }

    // MARK: Events

    /// Keeps the waiter until its index is applied.
    func wait(_ waiter: Waiter) {
        let position = waiters.lastIndex { $0.index <= waiter.index }.map { $0 + 1 } ?? 0
        waiters.insert(waiter, at: position)
    }

    /// Applies the next committed entry.
    func apply(_ bytes: [UInt8]?, at index: UInt64, term: UInt64) throws(CodecError) -> ShardState.Changes {
        let changes = try shard.apply(bytes, at: index, term: term)
        for id in changes.rows { share(of: id) }
        tap?.applied(changes, shard.state.rows, at: index)
        for key in changes.remembered {
            guard let answer = shard.state.idempotency[key] else { continue }
            remembered.append(key)
            contentHash &+= Self.share(key, answer)
        }
        return changes
    }

    /// A snapshot takes the place of everything that was.
    func install(_ state: ShardState, remembered keys: [IdempotencyKey]) {
        shard.install(state)
        remembered = keys
        contentHash = 0
        shares = [:]
        for row in state.rows.rows(after: nil, limit: .max) { share(of: row.id) }
        for key in keys { if let answer = state.idempotency[key] { contentHash &+= Self.share(key, answer) } }
    }

    func checkpointWritten() { tap?.written(at: shard.state.appliedIndex) }

    // MARK: Queries

    /// Of all that the shard keeps: equal for equal states, whatever way led to them.
    var stateHash: UInt64 {
        let state = shard.state
        var hash = StableHash.mix(contentHash ^ state.appliedIndex)
        hash = StableHash.mix(hash ^ state.auditSequence)
        hash = StableHash.mix(hash ^ state.sweep.version &* 2 ^ (state.sweep.isComplete ? 1 : 0))
        return StableHash.mix(hash ^ (state.sweep.upTo?.uuid.low ?? 0))
    }

    /// What the applied state shows of a resource. Throws where its row cannot be read.
    func view(_ key: UInt64) throws(CodecError) -> ResourceView {
        guard let record = try shard.state.record(Self.ids[Int(key)]) else { return ResourceView() }
        var view = ResourceView()
        view.changedIndex = record.changedIndex
        view.name = UInt64(record.resource.name) ?? 0
        for (tag, name) in ResourceView.tagKeys.enumerated() {
            view.tags[tag] = record.tag(name).flatMap { UInt64($0.value) } ?? 0
        }
        return view
    }

    // MARK: Snapshots

    /// The whole state. `withAnswers` false leaves the idempotency table out: a planted bug.
    func snapshot(withAnswers: Bool) -> [UInt8] {
        let state = shard.state
        var writer = ByteWriter(reserving: 4_096)
        writer.varint(state.appliedIndex)
        writer.varint(state.auditSequence)
        writer.varint(state.sweep.version)
        writer.byte(state.sweep.isComplete ? 1 : 0)
        writer.uuid(state.sweep.upTo?.uuid ?? UUID128(high: 0, low: 0))
        let rows = state.rows.rows(after: nil, limit: .max)
        writer.varint(rows.count)
        for row in rows {
            writer.uuid(row.id.uuid)
            writer.blob(row.bytes)
        }
        let keys = withAnswers ? remembered : []
        writer.varint(keys.count)
        for key in keys {
            writer.uuid(UUID128(high: key.high, low: key.low))
            state.idempotency[key]?.write(to: &writer)
        }
        if tap != nil { writeDeletions(to: &writer) }
        return writer.bytes
    }

    /// Takes over the state that `snapshot` wrote. Throws, and changes nothing, for other bytes.
    func install(snapshot bytes: [UInt8]) throws(CodecError) {
        let hasDeletions = tap != nil
        let result: Result<Snapshot, CodecError> = bytes.withUnsafeBytes { raw in
            do throws(CodecError) {
                return .success(try Self.read(raw, hasDeletions: hasDeletions))
            } catch {
                return .failure(error)
            }
        }
        let snapshot = try result.get()
        install(snapshot.state, remembered: snapshot.remembered)
        tap?.restart(
            tombstones: snapshot.deletions, appliedIndex: snapshot.state.appliedIndex,
            auditSequence: snapshot.state.auditSequence, keepsFeed: keepsFeed)
    }

    private struct Snapshot {
        let state: ShardState
        let remembered: [IdempotencyKey]
        let deletions: [ResourceID: UInt64]
    }

    private func writeDeletions(to writer: inout ByteWriter) {
        let deletions = (tap?.tombstones ?? [:]).sorted { $0.key < $1.key }
        writer.varint(deletions.count)
        for (id, index) in deletions {
            writer.uuid(id.uuid)
            writer.varint(index)
        }
    }

    private static func read(_ raw: UnsafeRawBufferPointer, hasDeletions: Bool) throws(CodecError) -> Snapshot {
        var reader = ByteReader(raw)
        let index = try reader.varint()
        let auditSequence = try reader.varint()
        let version = try reader.varint()
        let isComplete = try reader.byte() == 1
        let upTo = try reader.uuid()
        var rows: [(ResourceID, [UInt8])] = []
        for _ in 0..<(try reader.count()) { rows.append((ResourceID(try reader.uuid()), try reader.blob())) }
        var answers: [(IdempotencyKey, Remembered)] = []
        for _ in 0..<(try reader.count()) {
            let key = try reader.uuid()
            answers.append((IdempotencyKey(high: key.high, low: key.low), try Remembered(from: &reader)))
        }
        var deletions: [ResourceID: UInt64] = [:]
        for _ in 0..<(hasDeletions ? try reader.count() : 0) {
            let id = ResourceID(try reader.uuid())
            deletions[id] = try reader.varint()
        }
        guard reader.atEnd else { throw CodecError("bytes are left over after a snapshot") }
        let nowhere = upTo.high == 0 && upTo.low == 0
        let sweep = ShardState.SweepPosition(
            version: version, upTo: nowhere ? nil : ResourceID(upTo), isComplete: isComplete)
        var state = ShardState(
            slots: slots, appliedIndex: index, auditSequence: auditSequence, sweep: sweep, remembered: answers)
        for (id, bytes) in rows { try state.restore(id, bytes) }
        return Snapshot(state: state, remembered: answers.map(\.0), deletions: deletions)
    }

    // MARK: Private

    private func share(of id: ResourceID) {
        contentHash &-= shares[id] ?? 0
        let share = shard.state.rows.withRow(id) { bytes in
            StableHash.hash(bytes: bytes, seed: id.uuid.high ^ id.uuid.low)
        }
        shares[id] = share
        contentHash &+= share ?? 0
    }

    private static func share(_ key: IdempotencyKey, _ answer: Remembered) -> UInt64 {
        var writer = ByteWriter()
        answer.write(to: &writer)
        return StableHash.hash(bytes: writer.bytes, seed: key.high ^ StableHash.mix(key.low))
    }
}
