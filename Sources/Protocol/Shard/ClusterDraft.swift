import Model
import Placement

/// Works out what a command changes of the cluster, against its newest state: committed or in flight.
struct ClusterDraft {
    private(set) var effects: [SystemState.Effect] = []
    private var cluster: ClusterState
    private let context: WriteContext
    private let now: Timestamp
    private var auditSequence: UInt64

    init(cluster: ClusterState, context: WriteContext, now: Timestamp, lastAuditSequence: UInt64) {
        self.cluster = cluster
        self.context = context
        self.now = now
        auditSequence = lastAuditSequence
    }

    /// One outcome, or one per placement.
    mutating func carryOut(_ command: SystemCommand) -> [Outcome] {
        switch command {
        case .configure(let settings): [configure(settings)]
        case .putMember(let member): [put(member)]
        case .replaceMember(let old, let member): [replace(old, by: member)]
        case .setMemberState(let replica, let state): [setState(of: replica, to: state)]
        case .removeMember(let replica): [remove(replica)]
        case .place(let placements): placements.map { place($0) }
        case .setCursorKey(let key): [set(key)]
        case .supersede(let succession): [supersede(succession)]
        case .create, .update, .delete, .reapply, .passTime, .keep, .forget, .keepPlan, .dropPlan, .applyPlan, .retention:
            preconditionFailure("\(command) is none of the cluster's commands")
        }
    }

    // MARK: Settings

    private mutating func configure(_ settings: ClusterSettings) -> Outcome {
        if let fault = settings.fault { return .invalid(fault) }
        let old = cluster.settings
        guard old != settings else { return .unchanged }
        if let old, old.id != settings.id { return .conflict("this is cluster \(old.id), not \(settings.id)") }
        if let old, old.shards != settings.shards {
            return .conflict("the cluster has \(old.shards) shards; their number does not change")
        }
        change(.put(.settings(settings)), .clusterConfigured, "cluster", from: old?.summary, to: settings.summary)
        return old == nil ? .created : .updated
    }

    /// Nobody's doing, and nothing to show: the trail says nothing of it.
    private mutating func set(_ key: CursorKey) -> Outcome {
        guard cluster.cursorKey == nil else { return .unchanged }
        effects.append(.cluster(.put(.cursorKey(key))))
        return .created
    }

    private mutating func supersede(_ succession: Succession) -> Outcome {
        if let fault = succession.fault { return .invalid(fault) }
        guard let old = cluster.succession else {
            change(.put(.succession(succession)), .clusterSuperseded, "cluster", from: nil, to: succession.summary)
            return .updated
        }
        guard old.successor == succession.successor else {
            return .conflict("this cluster was superseded by \(old.successor) before")
        }
        return .unchanged
    }

    // MARK: Members

    private mutating func put(_ member: Member) -> Outcome {
        if let fault = member.fault { return .invalid(fault) }
        guard let old = cluster.members[member.replica] else { return add(member) }
        guard old.name == member.name else {
            return .conflict("replica \(member.replica) is the node \"\(old.name)\", not \"\(member.name)\"")
        }
        if member.isEdge, let shard = cluster.shards(placedOn: member.replica).first {
            return .conflict("\"\(old.name)\" holds shard \(shard); an edge node holds none")
        }
        var new = member
        (new.state, new.since) = (old.state, old.since)
        return update(old, to: new)
    }

    private mutating func add(_ member: Member) -> Outcome {
        if let other = cluster.present(named: member.name) { return nameConflict(other) }
        var new = member
        (new.state, new.since) = (.active, now)
        change(.put(.member(new)), .memberAdded, new.name, from: nil, to: new.summary)
        return .created
    }

    private mutating func replace(_ replica: UInt64, by member: Member) -> Outcome {
        if let fault = member.fault { return .invalid(fault) }
        guard let old = cluster.members[replica] else { return .notFound }
        guard old.name == member.name, old.replica != member.replica else {
            return .invalid("a node is replaced by itself alone, under another replica id")
        }
        // Said again, or said by a node whose directory was copied: the newcomer is there already.
        if cluster.members[member.replica] != nil {
            return old.state.isPresent ? .conflict("replica \(member.replica) is a member already") : put(member)
        }
        if let other = cluster.present(named: member.name), other.replica != replica { return nameConflict(other) }
        _ = setState(of: replica, to: .dead)
        return add(member)
    }

    private mutating func setState(of replica: UInt64, to state: Member.State) -> Outcome {
        guard let old = cluster.members[replica] else { return .notFound }
        guard old.state != state else { return .unchanged }
        if state.isPresent, let other = cluster.present(named: old.name), other.replica != replica {
            return nameConflict(other)
        }
        var new = old
        (new.state, new.since) = (state, now)
        return update(old, to: new)
    }

    private mutating func update(_ old: Member, to new: Member) -> Outcome {
        guard old != new else { return .unchanged }
        change(.put(.member(new)), .memberUpdated, new.name, from: old.summary, to: new.summary)
        return .updated
    }

    private mutating func remove(_ replica: UInt64) -> Outcome {
        guard let member = cluster.members[replica] else { return .notFound }
        guard member.state != .active else { return .conflict("\"\(member.name)\" is active: drain it first") }
        if let shard = cluster.shards(placedOn: replica).first {
            return .conflict("\"\(member.name)\" still holds shard \(shard)")
        }
        change(.removeMember(replica), .memberRemoved, member.name, from: member.summary, to: nil)
        return .deleted
    }

    private func nameConflict(_ other: Member) -> Outcome {
        .conflict("the name \"\(other.name)\" belongs to replica \(other.replica), which is \(other.state.name)")
    }

    // MARK: Placements

    private mutating func place(_ placement: ShardPlacement) -> Outcome {
        if let fault = placement.fault { return .invalid(fault) }
        guard let settings = cluster.settings else { return .conflict("the cluster is not founded yet") }
        guard placement.shard <= settings.shards else {
            return .invalid("the cluster has \(settings.shards) shards, and no shard \(placement.shard)")
        }
        let old = cluster.placements[placement.shard]
        let revision = old?.revision ?? 0
        guard placement.revision == revision + 1 else {
            return .conflict("the placement of shard \(placement.shard) is at revision \(revision)")
        }
        if let old, old.replicas == placement.replicas, old.preferredLeader == placement.preferredLeader {
            return .unchanged
        }
        // Whatever state a member is in: a step that cannot be finished goes back to the replicas that are there.
        for replica in placement.replicas {
            guard let member = cluster.members[replica] else {
                return .conflict("there is no member with replica id \(replica)")
            }
            if member.isEdge { return .conflict("\"\(member.name)\" is an edge node and holds no shard") }
        }
        change(
            .put(.placement(placement)), .shardPlaced, "shard \(placement.shard)", from: old.map(summary),
            to: summary(placement))
        return old == nil ? .created : .updated
    }

    private func summary(_ placement: ShardPlacement) -> String {
        let names = placement.replicas.map { replica in
            let name = cluster.members[replica]?.name ?? "replica \(replica)"
            return replica == placement.preferredLeader ? "\(name) (leader)" : name
        }
        return names.joined(separator: ", ")
    }

    // MARK: The trail

    private mutating func change(
        _ change: ClusterChange, _ action: AuditEntry.Action, _ name: String, from old: String?, to new: String?
    ) {
        cluster.apply(change)
        auditSequence += 1
        effects.append(.cluster(change))
        effects.append(
            .audit(
                AuditEntry(
                    id: .version8(partOf: ResourceID(change.id), salt: StableHash.mix(auditSequence)),
                    sequence: auditSequence, resourceID: nil, action: action, tagKey: name, oldValue: old, newValue: new,
                    actor: context.actor, requestID: context.requestID, at: now)))
    }
}

extension ClusterSettings {
    fileprivate var summary: String { "cluster \(id), \(shards) shards, \(replicationFactor) replicas" }
}

extension Member {
    fileprivate var summary: String {
        let place = [region, zone].filter { !$0.isEmpty }.joined(separator: "/")
        return
            "\(state.name)\(isEdge ? ", edge" : ""), replica \(replica), \(peerAddress)\(place.isEmpty ? "" : ", \(place)")"
    }
}
