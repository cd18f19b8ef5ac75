import Model
import Shard
import Sink

/// What each shard had at each index, to hold the database against: told by whoever applies an entry first.
struct SinkTruth {
    /// A resource since the entry at `index`; without a fingerprint it is gone since then.
    struct Version: Equatable {
        var index: UInt64 = 0
        var fingerprint: UInt64?
    }

    private struct Group {
        var appliedIndex: UInt64 = 0
        /// By the number of the resource, oldest first.
        var versions: [[Version]]
        var audit: [AuditEntry] = []
    }

    private var groups: [Group]

    init(groups: Int, resources: Int) {
        self.groups = Array(repeating: Group(versions: Array(repeating: [], count: resources)), count: groups)
    }

    // MARK: Events

    mutating func applied(_ changes: ShardState.Changes, _ rows: SlotTable, group: Int, at index: UInt64) {
        guard index > groups[group].appliedIndex else { return }
        groups[group].appliedIndex = index
        for id in changes.rows {
            guard let key = SimulatedShard.ids.firstIndex(of: id) else { continue }
            groups[group].versions[key].append(Version(index: index, fingerprint: rows[id].map(Self.fingerprint)))
        }
        groups[group].audit += changes.audit
    }

    // MARK: Queries

    func audit(of group: Int) -> [AuditEntry] { groups[group].audit }

    /// The resource as it was when the entry at `index` had been applied.
    func version(_ group: Int, key: Int, at index: UInt64) -> Version {
        groups[group].versions[key].last { $0.index <= index } ?? Version()
    }

    static func fingerprint(_ row: [UInt8]) -> UInt64 { StableHash.hash(bytes: row, seed: 1) }

    /// Never 0.
    static func fingerprint(_ entry: AuditEntry) -> UInt64 {
        var hash = StableHash.mix(entry.id.high ^ entry.sequence)
        hash = StableHash.mix(hash ^ entry.id.low ^ UInt64(entry.action.code) << 56)
        return StableHash.mix(hash ^ UInt64(bitPattern: entry.at.milliseconds)) | 1
    }

    // MARK: Judgement

    /// What is wrong with a transaction that the database has just taken; nil: nothing. `old` and `new`: all tables before and
    /// after.
    func problem(
        _ transaction: SimulatedTransaction, _ old: [SimulatedDatabase.Tables], _ new: [SimulatedDatabase.Tables]
    ) -> (property: Property, group: Int, detail: String)? {
        for change in transaction.changes {
            if let found = problem(change, transaction, old[change.group]) {
                return (found.property, change.group, "resource \(change.key): \(found.detail)")
            }
        }
        for part in transaction.parts {
            if let found = problem(part, old[part.shard], new[part.shard]) {
                return (found.property, part.shard, found.detail)
            }
        }
        for entry in transaction.audit {
            if let detail = problem(entry, transaction, old[entry.group]) { return (.databaseAudit, entry.group, detail) }
        }
        return nil
    }

    /// The version of a change's row, which the transaction wrote.
    func version(of change: SimulatedTransaction.Change) -> Version {
        version(change.group, key: change.key, at: change.asOf)
    }

    private func problem(
        _ change: SimulatedTransaction.Change, _ transaction: SimulatedTransaction, _ old: SimulatedDatabase.Tables
    ) -> (property: Property, detail: String)? {
        let version = version(of: change)
        if version.fingerprint != change.row?.fingerprint || change.row.map({ $0.changedIndex != version.index }) == true {
            return (.databaseContent, "what is written is not what the shard had at \(change.asOf)")
        }
        if version.index < old.versions[change.key] {
            return (
                .databaseOrder, "it goes back from its state of \(old.versions[change.key]) to that of \(version.index)"
            )
        }
        // Who keeps up with the database asks for what changed after the progress that he has seen.
        if let part = transaction.parts.first(where: { $0.shard == change.group }),
            change.changedIndex <= part.before.appliedIndex
        {
            return (.databaseContent, "it is said to be of \(change.changedIndex), not after \(part.before.appliedIndex)")
        }
        return nil
    }

    private func problem(
        _ part: SinkPart, _ old: SimulatedDatabase.Tables, _ new: SimulatedDatabase.Tables
    ) -> (property: Property, detail: String)? {
        guard let before = old.progress, let after = new.progress else {
            return (.databaseFence, "something is written without progress")
        }
        let term = part.before.term
        if term < max(before.term, old.writerTerm) {
            return (.databaseFence, "the leader of term \(term) changes what is of term \(max(before.term, old.writerTerm))")
        }
        if after.appliedIndex < before.appliedIndex || after.auditSequence < before.auditSequence {
            return (.databaseOrder, "the progress goes back from \(before) to \(after)")
        }
        if after.appliedIndex > groups[part.shard].appliedIndex || after.auditSequence > groups[part.shard].audit.count {
            return (.databaseContent, "the progress is \(after), which nobody has applied")
        }
        for (key, shown) in new.versions.enumerated() {
            let version = version(part.shard, key: key, at: after.appliedIndex)
            // One that has changed again since comes in its turn.
            let isToCome = (groups[part.shard].versions[key].last?.index ?? 0) > after.appliedIndex
            if shown < version.index, !isToCome {
                return (
                    .databaseContent,
                    "the progress is \(after.appliedIndex), resource \(key) is there as of \(shown), not \(version.index)"
                )
            }
        }
        let isWhole = new.audit.count == after.auditSequence || old.auditAgain > after.auditSequence
        if !isWhole || new.audit.prefix(Int(after.auditSequence)).contains(0) {
            return (
                .databaseAudit,
                "\(new.audit.count) audit entries, some of them missing, with \(after.auditSequence) in the progress"
            )
        }
        return nil
    }

    private func problem(
        _ entry: SimulatedTransaction.Audit, _ transaction: SimulatedTransaction, _ old: SimulatedDatabase.Tables
    ) -> String? {
        if Self.fingerprint(groups[entry.group].audit[Int(entry.sequence) - 1]) != entry.fingerprint {
            return "entry \(entry.sequence) is not as it was written"
        }
        let isThere = entry.sequence <= old.audit.count && old.audit[Int(entry.sequence) - 1] != 0
        return isThere && entry.sequence > old.auditAgain ? "entry \(entry.sequence) comes twice" : nil
    }

    /// What the database lacks of a shard at rest whose leader has applied so much; nil: nothing.
    func missing(_ tables: SimulatedDatabase.Tables, group: Int, appliedIndex: UInt64) -> String? {
        guard let progress = tables.progress else { return "the database has no progress" }
        let count = UInt64(groups[group].audit.count)
        if progress.appliedIndex != appliedIndex || progress.auditSequence != count {
            return
                "the database is at \(progress.appliedIndex) and \(progress.auditSequence) of \(appliedIndex) and \(count)"
        }
        for (key, row) in tables.rows.enumerated() {
            let version = version(group, key: key, at: appliedIndex)
            if row?.fingerprint != version.fingerprint || row.map({ $0.changedIndex != version.index }) == true {
                return "the database has another resource \(key) than the shard"
            }
            let isGone = version.index > 0 && version.fingerprint == nil
            if isGone != (tables.deletions[key] > 0) || (isGone && tables.deletions[key] < version.index) {
                return "the database has the deletion of resource \(key) at \(tables.deletions[key]), not \(version.index)"
            }
        }
        let expected = groups[group].audit.map(Self.fingerprint)
        return expected == tables.audit ? nil : "the database has another audit history than the shard"
    }
}
