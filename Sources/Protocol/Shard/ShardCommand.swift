package import Conditions
package import Model

/// What a shard can be asked to change. All resources named belong to the shard.
package enum ShardCommand: Sendable {
    /// What providers' payloads say. One outcome per observation.
    case observe([Observation])
    /// Costs from a billing export. One outcome per observation.
    case addCosts([CostObservation])
    /// A resource as a person or script describes it: `PUT /resources/{id}`.
    case putResource(Observation, Precondition)
    case deleteResource(ResourceID, Precondition)
    /// Tags set by hand. One outcome per item.
    case applyTags([TagApplication])
    /// The value of a tag, set by hand: `PUT /virtual-tags/{id}`.
    case setTag(UUID128, value: String, Precondition)
    case deleteTag(UUID128, Precondition)
    /// Changes nothing but the memory of idempotency keys: the request that the context's key stands for has begun.
    case reserveKey
    /// About the shard's audit history.
    case audit(AuditCommand)
    /// About a graph of users' own whose name falls to the shard.
    case graph(GraphCommand)
    /// What was found for rows along relationships. One outcome per row.
    case relate([RelatedRow])
    /// Judges up to `limit` rows after the sweep's position under the current catalogue, or reads more of them where few can
    /// come out otherwise than they are.
    case sweep(limit: Int)

    /// Seeing that a row need not be judged takes about as much less time than judging it.
    static let rowsReadPerJudged = 32
}

extension ShardCommand {
    /// Carrying it out twice does no harm.
    package var isRepeatable: Bool { if case .audit(.fence) = self { true } else { false } }
}

/// All that was found for one resource along relationships, in the place of what its row has.
package struct RelatedRow: Hashable, Sendable {
    package let resource: ResourceID
    package let facts: [RelationFact]

    package init(resource: ResourceID, facts: [RelationFact]) {
        self.resource = resource
        self.facts = facts
    }
}

package struct TagApplication: Hashable, Sendable {
    package let resource: ResourceID
    package let tags: [Tag]

    package init(resource: ResourceID, tags: [Tag]) {
        self.resource = resource
        self.tags = tags
    }
}

/// From `If-Match` and `If-None-Match`: what must hold of the row's changed index.
package enum Precondition: Hashable, Sendable {
    case none
    /// `If-Match: "index"`.
    case unchangedSince(UInt64)
    /// `If-Match: *`.
    case exists
    /// `If-None-Match: *`.
    case absent
}

/// Who asks, and how the answer may be found again.
package struct WriteContext: Hashable, Sendable {
    package struct Idempotency: Hashable, Sendable {
        package let key: IdempotencyKey
        package let bodyDigest: UInt64

        package init(key: IdempotencyKey, bodyDigest: UInt64) {
            self.key = key
            self.bodyDigest = bodyDigest
        }
    }

    package let actor: String
    package let requestID: String
    package let idempotency: Idempotency?
    /// The resources that exist for the caller; nil: all.
    package let scope: ResourceScope?

    package init(
        actor: String, requestID: String = "", idempotency: Idempotency? = nil, scope: ResourceScope? = nil
    ) {
        self.actor = actor
        self.requestID = requestID
        self.idempotency = idempotency
        self.scope = scope
    }
}

/// What came of one item of a command.
package enum Outcome: Hashable, Sendable {
    case created, updated, unchanged, deleted
    case notFound
    /// The row's changed index, where there is a row.
    case preconditionFailed(current: UInt64?)
    /// Why the item cannot be done, for people.
    case invalid(String)
    /// Why it cannot be done to this thing as it is now, for people.
    case conflict(String)
    /// It lies outside the caller's scope, or would afterwards. Says nothing of whether it is there.
    case notPermitted

    /// True when the item left its mark or had nothing to change.
    package var succeeded: Bool {
        switch self {
        case .created, .updated, .unchanged, .deleted: true
        case .notFound, .preconditionFailed, .invalid, .conflict, .notPermitted: false
        }
    }
}

/// The answer to a command: one outcome per item, and the index of the entry that holds the change.
package struct ShardReply: Hashable, Sendable {
    package let index: UInt64
    package let outcomes: [Outcome]
    /// The thing that the command was about, where its caller does not know: the resource of a tag, a new rule.
    package let subject: UUID128?
    /// Tags that were set by hand on one resource, as they were then: whatever becomes of them, the same idempotency key is
    /// answered the same.
    package let tags: TagSnapshot?
    /// What a query that changed a graph was answered, for its idempotency key; bytes that mean nothing here.
    package let answer: [UInt8]?

    package init(
        index: UInt64, outcomes: [Outcome], subject: UUID128? = nil, tags: TagSnapshot? = nil, answer: [UInt8]? = nil
    ) {
        self.index = index
        self.outcomes = outcomes
        self.subject = subject
        self.tags = tags
        self.answer = answer
    }

    func write(to writer: inout ByteWriter) {
        writer.varint(index)
        writer.byte((subject == nil ? 0 : 1) | (tags == nil ? 0 : 2) | (answer == nil ? 0 : 4))
        if let subject { writer.uuid(subject) }
        if let tags {
            writer.uuid(tags.resource.uuid)
            writer.blob(tags.row)
        }
        if let answer { writer.blob(answer) }
        writer.varint(outcomes.count)
        for outcome in outcomes {
            switch outcome {
            case .created: writer.byte(0)
            case .updated: writer.byte(1)
            case .unchanged: writer.byte(2)
            case .deleted: writer.byte(3)
            case .notFound: writer.byte(4)
            case .preconditionFailed(let current):
                writer.byte(current == nil ? 5 : 6)
                if let current { writer.varint(current) }
            case .invalid(let detail):
                writer.byte(7)
                writer.string(detail)
            case .conflict(let detail):
                writer.byte(8)
                writer.string(detail)
            case .notPermitted: writer.byte(9)
            }
        }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        index = try reader.varint()
        let flags = try reader.byte()
        guard flags < 8 else { throw CodecError("an answer has a form that this version does not know") }
        subject = flags & 1 == 0 ? nil : try reader.uuid()
        tags = flags & 2 == 0 ? nil : TagSnapshot(resource: ResourceID(try reader.uuid()), row: try reader.blob())
        answer = flags & 4 == 0 ? nil : try reader.blob()
        var outcomes: [Outcome] = []
        for _ in 0..<(try reader.count()) {
            switch try reader.byte() {
            case 0: outcomes.append(.created)
            case 1: outcomes.append(.updated)
            case 2: outcomes.append(.unchanged)
            case 3: outcomes.append(.deleted)
            case 4: outcomes.append(.notFound)
            case 5: outcomes.append(.preconditionFailed(current: nil))
            case 6: outcomes.append(.preconditionFailed(current: try reader.varint()))
            case 7: outcomes.append(.invalid(try reader.string()))
            case 8: outcomes.append(.conflict(try reader.string()))
            case 9: outcomes.append(.notPermitted)
            case let kind: throw CodecError("unknown outcome \(kind)")
            }
        }
        self.outcomes = outcomes
    }
}

/// The tags that people had set on a resource at one moment, in a row of their own.
package struct TagSnapshot: Hashable, Sendable {
    package let resource: ResourceID
    let row: [UInt8]

    init(resource: ResourceID, row: [UInt8]) {
        self.resource = resource
        self.row = row
    }

    init(of record: ResourceRecord) {
        let resource = record.resource
        let tags = record.tags.filter { tag in tag.assertions.contains { $0.source == .manual } }
        let bare = Resource(
            observed: Observation(.partial, provider: resource.provider, resourceID: resource.resourceID),
            at: resource.firstSeen)
        self.resource = resource.id
        row = RecordCodec.encode(
            ResourceRecord(
                resource: bare, tags: tags, compliance: [], judgedUnder: record.judgedUnder,
                changedIndex: record.changedIndex))
    }

    /// The row without anything but these tags. Throws `CodecError` when memory is damaged.
    package var record: ResourceRecord {
        get throws(CodecError) { try RecordCodec.decode(row, id: resource) }
    }
}

/// Why a command was not taken at all.
package enum ShardError: Error, Hashable, Sendable {
    /// The key was used before with another body.
    case idempotencyKeyReused
    /// Stored bytes could not be read: memory or disk is damaged.
    case damagedRow(String)
}
