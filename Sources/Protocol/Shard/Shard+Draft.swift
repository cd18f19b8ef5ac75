import Conditions
import Model

extension Shard {
    /// A command being worked out: the rows that it changes, what it answers, and the trail it leaves.
    struct Draft {
        private let shard: Shard
        private let index: UInt64
        private let now: Timestamp
        private let context: WriteContext
        private let version: UInt64
        private(set) var outcomes: [Outcome] = []
        private(set) var subject: UUID128?
        private(set) var tags: TagSnapshot?
        private(set) var auditSequence: UInt64
        private(set) var sweep: ShardState.SweepPosition
        private var working: [ResourceID: ResourceRecord?] = [:]
        private var order: [ResourceID] = []
        private var trail: [AuditEntry] = []
        private var sweptNow = false
        /// What the caller is limited to; nil: nothing.
        let caller: ScopeGuard?

        init(shard: Shard, index: UInt64, now: Timestamp, context: WriteContext, version: UInt64) {
            self.shard = shard
            self.index = index
            self.now = now
            self.context = context
            self.version = version
            auditSequence = shard.auditSequence
            sweep = shard.sweepPosition
            caller = ScopeGuard(context.scope)
        }

        /// Works out the stored form of each.
        var changedRows: [ChangedRow] {
            order.map { id in
                let record = working[id] ?? nil
                return ChangedRow(id: id, record: record, bytes: record.map(RecordCodec.encode))
            }
        }

        /// - Parameter rows: `changedRows`.
        func effects(_ rows: [ChangedRow]) throws(CodecError) -> [Effect] {
            var effects: [Effect] = []
            effects.reserveCapacity(rows.count + 2)
            for row in rows { effects.append(try effect(row)) }
            if !trail.isEmpty { effects.append(.audit(logged(rows))) }
            if sweptNow { effects.append(.swept(version: sweep.version, upTo: sweep.isComplete ? nil : sweep.upTo)) }
            return effects
        }

        private func effect(_ row: ChangedRow) throws(CodecError) -> Effect {
            guard let bytes = row.bytes else { return .delete(row.id) }
            guard let former = shard.newestBytes(row.id) else { return .put(row.id, bytes) }
            let delta = try RowDelta(from: former, to: bytes)
            return delta.byteCount < bytes.count ? .patch(row.id, delta) : .put(row.id, bytes)
        }

        private func logged(_ rows: [ChangedRow]) -> [LoggedAudit] {
            let after = Dictionary(uniqueKeysWithValues: rows.map { ($0.id, $0.bytes) })
            return trail.map { entry in
                guard let id = entry.resourceID, let row = after[id] else {
                    return LoggedAudit(entry, before: nil, after: nil)
                }
                return LoggedAudit(entry, before: shard.newestBytes(id), after: row)
            }
        }

        mutating func carryOut(_ command: ShardCommand, judge: some Judge) throws(CodecError) {
            switch command {
            case .observe(let observations):
                outcomes.reserveCapacity(observations.count)
                for observation in observations {
                    outcomes.append(
                        try admitting(observation) { draft throws(CodecError) in try draft.observe(observation, judge) })
                }
            case .addCosts(let costs):
                for cost in costs {
                    outcomes.append(
                        try admitting(cost.resource) { draft throws(CodecError) in try draft.addCosts(cost, judge) })
                }
            case .putResource(let observation, let precondition):
                outcomes.append(
                    try admitting(observation) { draft throws(CodecError) in
                        try draft.put(observation, precondition, judge)
                    })
            case .deleteResource(let id, let precondition):
                outcomes.append(try finding(id) { draft throws(CodecError) in try draft.delete(id, precondition) })
            case .applyTags(let items):
                for item in items {
                    outcomes.append(
                        try finding(item.resource) { draft throws(CodecError) in try draft.applyTags(item, judge) })
                }
                if items.count == 1 { try keepTags(of: items[0].resource) }
            case .setTag(let id, let value, let precondition):
                outcomes.append(
                    try finding(ownerForScope(ofTag: id)) { draft throws(CodecError) in
                        try draft.setTag(id, value: value, precondition, judge)
                    })
                if let subject { try keepTags(of: ResourceID(subject)) }
            case .deleteTag(let id, let precondition):
                outcomes.append(
                    try finding(ownerForScope(ofTag: id)) { draft throws(CodecError) in
                        try draft.deleteTag(id, precondition, judge)
                    })
            case .reserveKey:
                outcomes.append(.unchanged)
            case .relate(let rows):
                for row in rows { outcomes.append(try relate(row, judge)) }
            case .sweep(let limit):
                try sweepRows(limit: limit, judge)
            case .audit, .graph: preconditionFailure("a command about the history or a graph concerns no row")
            }
        }

        // MARK: Resources

        private mutating func observe(_ observation: Observation, _ judge: some Judge) throws(CodecError) -> Outcome {
            guard var record = try current(observation.id) else {
                if observation.kind == .deleted { return .unchanged }
                return create(Resource(observed: observation, at: now), judge)
            }
            if observation.kind == .deleted { return remove(record) }
            let before = record
            let fields = record.resource.merge(observation, at: now)
            guard !fields.isEmpty else { return .unchanged }
            return update(before, to: &record, changed: fields, judge)
        }

        private mutating func addCosts(_ cost: CostObservation, _ judge: some Judge) throws(CodecError) -> Outcome {
            guard var record = try current(cost.resource.id) else {
                var resource = Resource(observed: cost.resource, at: now)
                _ = resource.costs.merge(cost)
                return create(resource, judge)
            }
            let before = record
            let fields = record.resource.merge(cost, at: now)
            if !fields.isEmpty { return update(before, to: &record, changed: fields, judge) }
            // Equal amounts of a new upload: kept with its mark, so that its next part adds to them.
            if record.resource.costs != before.resource.costs { save(record) }
            return .unchanged
        }

        private mutating func put(
            _ observation: Observation, _ precondition: Precondition, _ judge: some Judge
        ) throws(CodecError) -> Outcome {
            let record = try current(observation.id)
            if let refusal = refusal(precondition, record) { return refusal }
            return try observe(observation, judge)
        }

        private mutating func delete(_ id: ResourceID, _ precondition: Precondition) throws(CodecError) -> Outcome {
            let record = try current(id)
            if let refusal = refusal(precondition, record) { return refusal }
            guard let record else { return .notFound }
            return remove(record)
        }

        private mutating func create(_ resource: Resource, _ judge: some Judge) -> Outcome {
            let (tags, compliance) = judge.judge(resource, claims: [], previous: nil, at: now)
            audit(.resourceCreated, of: resource.id, newValue: resource.resourceID)
            auditTags(of: resource.id, from: [], to: tags, isNew: true)
            save(ResourceRecord(resource: resource, tags: tags, compliance: compliance))
            return .created
        }

        private mutating func update(
            _ before: ResourceRecord, to record: inout ResourceRecord, changed fields: [String], _ judge: some Judge
        ) -> Outcome {
            audit(.resourceUpdated, of: record.resource.id, newValue: fields.joined(separator: ","))
            rejudge(&record, replacing: before, judge)
            save(record)
            return .updated
        }

        private mutating func relate(_ row: RelatedRow, _ judge: some Judge) throws(CodecError) -> Outcome {
            guard var record = try current(row.resource) else { return .notFound }
            guard record.resource.relations != row.facts else { return .unchanged }
            let before = record
            record.resource.relations = row.facts
            return settle(record, replacing: before, .updated, judge)
        }

        private mutating func remove(_ record: ResourceRecord) -> Outcome {
            let id = record.resource.id
            audit(.resourceDeleted, of: id, oldValue: record.resource.resourceID)
            auditTags(of: id, from: record.tags, to: [])
            touch(id)
            working[id] = .some(nil)
            return .deleted
        }

        // MARK: Tags

        private mutating func applyTags(_ item: TagApplication, _ judge: some Judge) throws(CodecError) -> Outcome {
            for tag in item.tags {
                if let problem = TagLimits.problem(key: tag.key, value: tag.value) { return .invalid(problem) }
            }
            guard var record = try current(item.resource) else { return .notFound }
            let before = record
            for tag in item.tags { setManually(&record, key: tag.key, value: tag.value) }
            guard record != before else { return .unchanged }
            guard record.tags.count <= TagLimits.tagsPerResourceMax else {
                return .invalid("a resource may carry \(TagLimits.tagsPerResourceMax) tags")
            }
            let hadAny = item.tags.contains { before.tag($0.key)?.assertions.contains { $0.source == .manual } == true }
            return settle(record, replacing: before, hadAny ? .updated : .created, judge)
        }

        private mutating func setTag(
            _ id: UUID128, value: String, _ precondition: Precondition, _ judge: some Judge
        ) throws(CodecError) -> Outcome {
            guard var (record, tag) = try currentTag(id) else { return .notFound }
            let before = record
            subject = record.resource.id.uuid
            if let refusal = refusal(precondition, record) { return refusal }
            if let problem = TagLimits.problem(key: tag.key, value: value) { return .invalid(problem) }
            setManually(&record, key: tag.key, value: value)
            tag = record.tag(tag.key) ?? tag
            guard record != before else { return .unchanged }
            return settle(record, replacing: before, .updated, judge)
        }

        private mutating func deleteTag(
            _ id: UUID128, _ precondition: Precondition, _ judge: some Judge
        ) throws(CodecError) -> Outcome {
            guard var (record, tag) = try currentTag(id) else { return .notFound }
            let before = record
            subject = record.resource.id.uuid
            if let refusal = refusal(precondition, record) { return refusal }
            let derived = tag.assertions.filter { $0.source == .rule || $0.source == .inherited }
            if tag.winner.source == .rule || tag.winner.source == .inherited {
                return .conflict(
                    "the tag comes from \(tag.winner.createdBy) and would come back at once; change what makes it, "
                        + "or set the tag by hand")
            }
            record.tags.removeAll { $0.key == tag.key }
            if let next = derived.first {
                tag.winner = next
                tag.losers = Array(derived.dropFirst())
                record.tags.append(tag)
                record.tags.sort { $0.key < $1.key }
            }
            return settle(record, replacing: before, .deleted, judge)
        }

        /// Keeps what is answered: whoever took the request need not read it, and it is there if the request comes again.
        private mutating func keepTags(of id: ResourceID) throws(CodecError) {
            guard outcomes.last?.succeeded == true, let record = try current(id) else { return }
            tags = TagSnapshot(of: record)
        }

        private func setManually(_ record: inout ResourceRecord, key: String, value: String) {
            // Spellings of one key are one tag.
            let form = TagKeyForm.form(of: key)
            guard let position = record.tags.firstIndex(where: { TagKeyForm.form(of: $0.key) == form }) else {
                let assertion = TagAssertion(
                    value: value, source: .manual, createdBy: context.actor, createdAt: now, updatedAt: now)
                record.tags.append(VirtualTag(key: key, winner: assertion))
                record.tags.sort { $0.key < $1.key }
                return
            }
            var tag = record.tags[position]
            if tag.winner.source == .manual {
                guard tag.winner.value != value else { return }
                tag.winner.value = value
                tag.winner.createdBy = context.actor
                tag.winner.updatedAt = now
            } else {
                tag.losers.insert(tag.winner, at: 0)
                tag.winner = TagAssertion(
                    value: value, source: .manual, createdBy: context.actor, createdAt: now, updatedAt: now)
            }
            record.tags[position] = tag
        }

        /// Judges the record after its claims changed, and keeps it.
        private mutating func settle(
            _ record: ResourceRecord, replacing before: ResourceRecord, _ outcome: Outcome, _ judge: some Judge
        ) -> Outcome {
            var record = record
            rejudge(&record, replacing: before, judge)
            save(record)
            return outcome
        }

        /// Derives tags and compliance anew. The claims are taken from `record`, the trail from what stood `before`.
        private mutating func rejudge(_ record: inout ResourceRecord, replacing before: ResourceRecord, _ judge: some Judge)
        {
            let claims = record.tags.compactMap(\.stated)
            let (tags, compliance) = judge.judge(record.resource, claims: claims, previous: before, at: now)
            auditTags(of: record.resource.id, from: before.tags, to: tags)
            record.tags = tags
            record.compliance = compliance
        }

        // MARK: Sweep

        private mutating func sweepRows(limit: Int, _ judge: some Judge) throws(CodecError) {
            guard shard.sweepMayStart else { return }
            if sweep.version < version {
                sweep = ShardState.SweepPosition(version: version, upTo: nil, isComplete: false)
            } else if sweep.isComplete {
                return
            }
            var left = limit * ShardCommand.rowsReadPerJudged
            let (rows, judgedSince) = (shard.state.rows, shard.state.judgedSince)
            sweep.isComplete = try rows.walk(after: sweep.upTo) { id, row throws(CodecError) in
                guard left > 0 else { return false }
                sweep.upTo = id
                if let judgedSince, !judge.mayChange(row, judgedSince: judgedSince) {
                    left -= 1
                } else {
                    left -= ShardCommand.rowsReadPerJudged
                    try judgeAgain(id, judge)
                }
                return true
            }
            sweptNow = true
        }

        private mutating func judgeAgain(_ id: ResourceID, _ judge: some Judge) throws(CodecError) {
            guard var record = try current(id) else { return }
            let before = record
            let claims = record.tags.compactMap(\.stated)
            (record.tags, record.compliance) = judge.judge(record.resource, claims: claims, previous: before, at: now)
            guard record.tags != before.tags || record.compliance != before.compliance else { return }
            auditTags(of: id, from: before.tags, to: record.tags)
            save(record)
            outcomes.append(.updated)
        }

        // MARK: The working set

        func current(_ id: ResourceID) throws(CodecError) -> ResourceRecord? {
            if let known = working[id] { return known }
            return try shard.newest(id)
        }

        func currentTag(_ id: UUID128) throws(CodecError) -> (ResourceRecord, VirtualTag)? {
            guard shard.state.rows.slots.contains(Int(id.slot.number)) else { return nil }
            return try shard.newestTag(id)
        }

        private mutating func save(_ record: ResourceRecord) {
            var record = record
            record.changedIndex = index
            record.judgedUnder = version
            touch(record.resource.id)
            working[record.resource.id] = record
        }

        /// What the draft holds before an item, for the case that it is taken back.
        struct Mark {
            fileprivate let id: ResourceID
            fileprivate let row: ResourceRecord??
            fileprivate let rows: Int
            fileprivate let entries: Int
            fileprivate let auditSequence: UInt64
        }

        func mark(_ id: ResourceID) -> Mark {
            Mark(id: id, row: working[id], rows: order.count, entries: trail.count, auditSequence: auditSequence)
        }

        /// The item changed no row but the mark's.
        mutating func restore(_ mark: Mark) {
            working[mark.id] = mark.row
            order.removeSubrange(mark.rows...)
            trail.removeSubrange(mark.entries...)
            auditSequence = mark.auditSequence
        }

        private mutating func touch(_ id: ResourceID) {
            if working[id] == nil { order.append(id) }
        }

        private func refusal(_ precondition: Precondition, _ record: ResourceRecord?) -> Outcome? {
            switch precondition {
            case .none: nil
            case .unchangedSince(let index):
                record?.changedIndex == index ? nil : .preconditionFailed(current: record?.changedIndex)
            case .exists: record == nil ? .preconditionFailed(current: nil) : nil
            case .absent: record.map { .preconditionFailed(current: $0.changedIndex) }
            }
        }

        // MARK: The trail

        private mutating func audit(
            _ action: AuditEntry.Action, of id: ResourceID, key: String = "", oldValue: String? = nil,
            newValue: String? = nil, claim: TagAssertion? = nil
        ) {
            auditSequence += 1
            trail.append(
                AuditEntry(
                    id: PartID.auditEntry(of: id, sequence: auditSequence), sequence: auditSequence, resourceID: id,
                    action: action, tagKey: key, oldValue: oldValue, newValue: newValue, actor: context.actor,
                    source: claim?.source, ruleID: claim?.ruleID, requestID: context.requestID, at: now))
        }

        /// Both lists are sorted by key. The provider's own tags are not told when a resource is new; after that every change is,
        /// so that the history tells what tags there were at any time.
        private mutating func auditTags(
            of id: ResourceID, from old: [VirtualTag], to new: [VirtualTag], isNew: Bool = false
        ) {
            var before = old.makeIterator()
            var after = new.makeIterator()
            var left = before.next()
            var right = after.next()
            while left != nil || right != nil {
                if let was = left, right.map({ was.key < $0.key }) ?? true {
                    audit(.tagRemoved, of: id, key: was.key, oldValue: was.value, claim: was.winner)
                    left = before.next()
                } else if let now = right, left.map({ now.key < $0.key }) ?? true {
                    if !isNew || now.winner.source != .inherited {
                        audit(.tagAdded, of: id, key: now.key, newValue: now.value, claim: now.winner)
                    }
                    right = after.next()
                } else if let was = left, let now = right {
                    if was.value != now.value || was.winner.source != now.winner.source {
                        audit(.tagChanged, of: id, key: now.key, oldValue: was.value, newValue: now.value, claim: now.winner)
                    }
                    left = before.next()
                    right = after.next()
                }
            }
        }
    }
}
