package import Model

/// What is wrong with an audit history, and from where on.
package struct AuditFault: Hashable, Sendable {
    /// The first entry that is not what was written.
    package let sequence: UInt64
    package let problem: Problem

    package enum Problem: String, Sendable {
        /// Its row is not there.
        case missing
        /// Its row does not have the checksum that it was written with, or cannot be read.
        case altered
        /// Its hash does not follow from the entry and the hash before.
        case unchained
        /// The history ends with it, and not with the hash that was noted when it was written.
        case wrongEnd = "wrong_end"
        /// It was added behind the end.
        case added
    }

    package init(sequence: UInt64, problem: Problem) {
        self.sequence = sequence
        self.problem = problem
    }
}

/// What was found of a shard's audit history.
package struct AuditVerification: Hashable, Sendable {
    /// Number of the shard; 0 is the system shard.
    package let shard: Int
    /// The entries that were looked at; none where `last` is less than `first`.
    package let first: UInt64
    package let last: UInt64
    /// Hash of the entry `last`: it stands for all that came before, on every replica.
    package let head: [UInt8]
    package let fault: AuditFault?
    /// Where to go on; nil at the end, or where there is a fault.
    package let next: UInt64?
    /// What clean-ups took from the whole history; nil: nothing.
    package let removals: Removals?

    package struct Removals: Hashable, Sendable {
        /// How many entries are gone.
        package let entries: UInt64
        /// Up to this one all are gone: the verification begins with the hash of it.
        package let base: UInt64
        /// Older ones may be gone.
        package let horizon: Timestamp
        /// The retention that the last clean-up went by.
        package let months: Int

        package init(entries: UInt64, base: UInt64, horizon: Timestamp, months: Int) {
            self.entries = entries
            self.base = base
            self.horizon = horizon
            self.months = months
        }
    }

    package init(
        shard: Int, first: UInt64, last: UInt64, head: [UInt8], fault: AuditFault?, next: UInt64?, removals: Removals? = nil
    ) {
        self.shard = shard
        self.removals = removals
        self.first = first
        self.last = last
        self.head = head
        self.fault = fault
        self.next = next
    }
}

extension Checkpoint {
    /// Works the hashes of a shard's audit history out anew, from entry `first` on, `limit` entries at most, and compares them
    /// with those that were written. Sees what the last round wrote.
    ///
    /// An entry before `first` is believed: ask from 1 on for all of them. Of those that clean-ups removed the digests are part of
    /// it, down to the first one that is still there. Throws where the file's own totals are damaged.
    /// Blocks; takes about 5 µs an entry.
    package func verifyAudit(shard: Int, from first: UInt64, limit: Int) throws(CheckpointError) -> AuditVerification {
        try reading { connection in
            let stored = try StoredTotals.read(connection, path: path).shards[shard] ?? .none
            var walk = try AuditWalk(connection, shard: shard, stored: stored, first: first)
            return try walk.run(limit: limit)
        }
    }
}

/// One walk over a shard's audit history, from old to new.
private struct AuditWalk {
    private let connection: SQLiteConnection
    private let shard: Int
    private let stored: StoredWatermark
    private let chain: AuditChain
    private var first: UInt64
    private let base: UInt64
    private var sequence: UInt64
    private var head: [UInt8] = []

    init(_ connection: SQLiteConnection, shard: Int, stored: StoredWatermark, first: UInt64) throws {
        self.connection = connection
        self.shard = shard
        self.stored = stored
        chain = try AuditChain()
        (self.first, sequence) = (first, first)
        base = UInt64(clamping: stored.removals.base)
        self.first = max(base + 1, first)
        sequence = self.first - 1
    }

    mutating func run(limit: Int) throws -> AuditVerification {
        let last = stored.watermark.auditSequence
        guard first <= last else {
            guard first == base + 1 else { return found(nil) }
            head = stored.removals.baseHash
            guard head == stored.auditHash else { return found(AuditFault(sequence: last, problem: .wrongEnd)) }
            return try found(strangers())
        }
        do {
            try begin()
            let end = last - sequence > UInt64(limit) ? sequence + UInt64(limit) : last
            try walk(to: end, of: last)
            if sequence < last { return found(nil, next: sequence + 1) }
        } catch let fault as AuditPieces.Fault {
            return found(AuditFault(sequence: UInt64(clamping: fault.sequence), problem: fault.problem))
        } catch let error as SQLiteError where error.isDamage {
            return found(AuditFault(sequence: sequence + 1, problem: .altered))
        }
        guard head == stored.auditHash else { return found(AuditFault(sequence: last, problem: .wrongEnd)) }
        return try found(strangers())
    }

    /// The hash before the first entry comes from the one before it; within what was removed in one piece, from before that.
    private mutating func begin() throws {
        while sequence > base {
            let place = Int64(clamping: sequence)
            if let removal = try removal(at: place) {
                if removal.last == place { return head = removal.hash }
                sequence = UInt64(clamping: removal.first - 1)
                continue
            }
            let rows = try connection.prepare("SELECT \(StoredAuditEntry.columns) FROM tag_audit WHERE number = ?")
            rows.bind(1, StoredAuditEntry.number(shard: shard, sequence: place))
            defer { rows.reset() }
            guard try rows.step(), let row = AuditRow(rows), row.sequence == place else {
                sequence -= 1
                throw AuditPieces.Fault(sequence: place, problem: .altered)
            }
            return head = row.hash
        }
        head = stored.removals.baseHash
        first = min(first, sequence + 1)
    }

    private func removal(at place: Int64) throws -> StoredRemoval? {
        guard stored.removals.rows.count > 0 else { return nil }
        do {
            return try StoredRemoval.find(place, shard: shard, connection, path: "")
        } catch is CheckpointError {
            throw AuditPieces.Fault(sequence: place, problem: .altered)
        }
    }

    private mutating func walk(to end: UInt64, of last: UInt64) throws {
        var pieces = try AuditPieces(
            connection, shard: shard, behind: Int64(clamping: sequence), through: Int64(clamping: last))
        while sequence < end, let piece = try pieces.next() {
            let hash: [UInt8]
            let written: [UInt8]
            switch piece {
            case .entry(let row):
                guard let entry = row.entry else {
                    throw AuditPieces.Fault(sequence: row.sequence, problem: .altered)
                }
                hash = try chain.hash(entry, after: head, shard: shard)
                written = row.hash
            case .removed(let removal):
                hash = try removal.entries.reduce(head) { try chain.hash($1.digest, after: $0, shard: shard) }
                written = removal.hash
            }
            guard hash == written else {
                throw AuditPieces.Fault(sequence: Int64(clamping: sequence + 1), problem: .unchained)
            }
            head = hash
            sequence = UInt64(clamping: pieces.position)
        }
    }

    /// Rows behind the end.
    private func strangers() throws -> AuditFault? {
        let last = Int64(clamping: stored.watermark.auditSequence)
        let find = try connection.prepare("SELECT min(number) FROM tag_audit WHERE number > ? AND number <= ?")
        find.bind(1, StoredAuditEntry.number(shard: shard, sequence: last))
        find.bind(2, StoredRecord.rows(of: shard).last)
        defer { find.reset() }
        guard try find.step(), !find.isNull(0) else { return nil }
        return AuditFault(
            sequence: UInt64(clamping: find.int(0) - StoredRecord.rows(of: shard).first), problem: .added)
    }

    private func found(_ fault: AuditFault?, next: UInt64? = nil) -> AuditVerification {
        let gone = stored.removals
        let removals =
            gone.horizon == .min
            ? nil
            : AuditVerification.Removals(
                entries: UInt64(clamping: gone.entries), base: base, horizon: Timestamp(milliseconds: gone.horizon),
                months: gone.months)
        return AuditVerification(
            shard: shard, first: first, last: sequence, head: head, fault: fault, next: next, removals: removals)
    }
}
