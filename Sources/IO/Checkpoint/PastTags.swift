package import Model

/// The tags that a resource had at some time, as its audit history tells them.
package struct PastTags: Hashable, Sendable {
    package struct PastTag: Hashable, Sendable {
        package let key: String
        package let value: String
        /// Nil where the entry that told it was removed.
        package let source: TagSource?
        package let ruleID: UUID128?
        /// Who set it and when; nil for what the provider said when the resource was first seen, and where the entry that told
        /// it was removed.
        package let set: Change?

        package struct Change: Hashable, Sendable {
            package let actor: String
            package let at: Timestamp

            package init(actor: String, at: Timestamp) {
                self.actor = actor
                self.at = at
            }
        }

        package init(key: String, value: String, source: TagSource?, ruleID: UUID128?, set: Change?) {
            self.key = key
            self.value = value
            self.source = source
            self.ruleID = ruleID
            self.set = set
        }
    }

    /// Whether there was such a resource at that time.
    package let existed: Bool
    /// By key.
    package let tags: [PastTag]
    /// Not nil: nobody can tell, as entries are gone that would; from this time on the past is known.
    package let knownFrom: Timestamp?

    package init(existed: Bool, tags: [PastTag], knownFrom: Timestamp? = nil) {
        self.existed = existed
        self.tags = tags
        self.knownFrom = knownFrom
    }
}

extension Checkpoint {
    /// The tags that the resource had at `time`; nil where no such resource was ever known.
    ///
    /// An entry counts from its stamp on: its time, or that of one before it in its shard where that is later. Sees what the
    /// last round wrote. Throws `damaged` as the trail does, and `unavailable` where the resource has changed more than
    /// `auditScanMax` times. Blocks; takes time in proportion to the resource's changes.
    package func tags(of id: ResourceID, at time: Timestamp) throws(CheckpointError) -> PastTags? {
        try reading { connection in
            let stored = try StoredRecord.find(id.uuid, with: connection.prepare(StoredRecord.select))
            let current = try stored.map { try record(id, $0, connection) }
            let totals = try StoredTotals.read(connection, path: path)
            var reader = try AuditReader(connection, path: path, totals: totals)
            try reader.follow(id, before: nil)
            var history = TagHistory(at: time)
            var looked = 0
            while !history.isSettled {
                let row = try reader.next()
                if reader.hasPassedRemoved {
                    let horizon = reader.horizon ?? time
                    guard time >= horizon else { return PastTags(existed: false, tags: [], knownFrom: horizon) }
                    // Older entries that are still there tell what later ones, which are gone, may have changed.
                    return history.resultWithoutBeginning(current)
                }
                guard let row else { break }
                looked += 1
                guard looked <= Self.auditScanMax else {
                    throw CheckpointError(.unavailable, "\(id) has changed more than \(Self.auditScanMax) times")
                }
                guard let entry = row.entry else {
                    throw CheckpointError.damaged(path, "audit entry \(row.number) is of an unknown kind")
                }
                history.note(entry, stamp: row.stamp)
            }
            return looked == 0 && current == nil ? nil : history.result(current)
        }
    }

    private func record(
        _ id: ResourceID, _ stored: StoredRecord, _ connection: SQLiteConnection
    ) throws -> ResourceRecord {
        guard let bytes = try stored.bytes(of: id.uuid, with: connection.prepare(StoredRecord.read)) else {
            throw CheckpointError.wrongChecksum(path, "row \(stored.row) of records")
        }
        return try RecordCodec.decode(bytes, id: id)
    }
}

extension PastTags.PastTag {
    /// As it is now.
    fileprivate init(_ tag: VirtualTag) {
        let winner = tag.winner
        self.init(
            key: tag.key, value: tag.value, source: winner.source, ruleID: winner.ruleID,
            set: winner.source == .inherited ? nil : .init(actor: winner.createdBy, at: winner.updatedAt))
    }
}

/// Works out what tags there were, from a resource's entries, the newest first.
///
/// Creation tells all tags but those of the provider, and whatever changes later is told. So what no entry tells up to then
/// was there from the creation on, and is as the first entry after found it, or as it is now.
private struct TagHistory {
    private let time: Timestamp
    /// What the newest entry up to then says of each key.
    private var told: [String: AuditEntry] = [:]
    /// What the oldest entry after then found.
    private var found: [String: String?] = [:]
    /// The resource's life of that time goes on.
    private var isSameLife = true
    private var existed = false
    /// Whether the first of its lives that began or ended after then began.
    private var nextLifeBegan: Bool?
    /// Nothing older matters.
    private(set) var isSettled = false

    init(at time: Timestamp) { self.time = time }

    mutating func note(_ entry: AuditEntry, stamp: Int64) {
        let isLater = stamp > time.milliseconds
        switch entry.action {
        case .tagAdded, .tagChanged, .tagRemoved:
            if isLater {
                found[entry.tagKey] = .some(entry.oldValue)
            } else if told[entry.tagKey] == nil {
                told[entry.tagKey] = entry
            }
        case .resourceCreated, .resourceDeleted:
            if isLater {
                isSameLife = false
                nextLifeBegan = entry.action == .resourceCreated
                // What an earlier life left is gone at a creation.
                if entry.action == .resourceCreated { found = [:] }
            } else {
                existed = entry.action == .resourceCreated
                isSettled = true
            }
        default: break
        }
    }

    /// Of a history whose older part is gone, for a time whose later part is there.
    func resultWithoutBeginning(_ current: ResourceRecord?) -> PastTags {
        var history = self
        history.existed = nextLifeBegan.map { !$0 } ?? (current != nil)
        return history.result(current, isWhole: false)
    }

    func result(_ current: ResourceRecord?, isWhole: Bool = true) -> PastTags {
        guard existed else { return PastTags(existed: false, tags: []) }
        var tags = told.values.compactMap { entry in
            entry.newValue.map {
                PastTags.PastTag(
                    key: entry.tagKey, value: $0, source: entry.source ?? .inherited, ruleID: entry.ruleID,
                    set: .init(actor: entry.actor, at: entry.at))
            }
        }
        var untold = found
        if isSameLife, let current {
            for tag in current.tags where found[tag.key] == nil { untold[tag.key] = .some(tag.value) }
        }
        let unchanged = isSameLife ? current?.tags.filter { found[$0.key] == nil } ?? [] : []
        for (key, value) in untold where told[key] == nil {
            guard let value else { continue }
            // The entry that told of it is gone, but the tag is as it was.
            if !isWhole, let tag = unchanged.first(where: { $0.key == key }) {
                tags.append(PastTags.PastTag(tag))
            } else {
                let source: TagSource? = isWhole ? .inherited : nil
                tags.append(PastTags.PastTag(key: key, value: value, source: source, ruleID: nil, set: nil))
            }
        }
        return PastTags(existed: true, tags: tags.sorted { $0.key < $1.key })
    }
}
