import Checkpoint
import JSON
import Model
import Placement
import Shard

extension SystemItem.Kind {
    var table: SystemCheckpointBatch.Table {
        switch self {
        case .catalog(.rule): .rules
        case .catalog(.definition): .definitions
        case .catalog(.policy): .policies
        case .catalog(.waiver): .waivers
        case .cluster(.settings), .cluster(.cursorKey), .cluster(.succession): .settings
        case .cluster(.member): .members
        case .cluster(.placement): .placements
        case .governance(.score): .scores
        case .governance(.rejection): .rejections
        case .plan: .plans
        case .governance(.hold): .holds
        case .governance(.retention), .governance(.cleaning): .retention
        }
    }
}

extension SystemItem {
    /// The row for the checkpoint: the stored form, and columns for people.
    var checkpointItem: SystemCheckpointBatch.Item {
        let columns =
            switch self {
            case .catalog(let item): item.columns
            case .cluster(let item): item.columns
            case .governance(let item): item.columns
            case .plan(let plan): plan.columns
            }
        return SystemCheckpointBatch.Item(table: kind.table, id: id, record: encoded, columns: columns)
    }
}

extension CatalogPlan {
    fileprivate var columns: [(name: String, value: String)] {
        [
            ("description", description), ("changes", "\(changes.count)"), ("created_by", createdBy),
            ("created_at", "\(createdAt.milliseconds)"), ("expires_at", "\(expiresAt.milliseconds)"),
            ("applied_by", application?.actor ?? ""), ("applied_at", application.map { "\($0.at.milliseconds)" } ?? ""),
        ]
    }
}

extension GovernanceItem {
    fileprivate var columns: [(name: String, value: String)] {
        switch self {
        case .score(let day):
            [
                ("day", day.text), ("at", "\(day.at.milliseconds)"), ("score", "\(day.score.score)"),
                ("resources", "\(day.score.resources)"), ("compliant", "\(day.score.compliant)"),
                ("waived", "\(day.score.waived)"), ("violations", "\(day.score.violations)"),
            ]
        case .rejection(let rejection):
            [
                ("tag_key", rejection.tagKey), ("tag_value", rejection.value ?? ""), ("alias", rejection.alias),
                ("rejected_by", rejection.rejectedBy), ("at", "\(rejection.at.milliseconds)"),
            ]
        case .hold(let hold):
            [
                ("hold_name", hold.name), ("reason", hold.reason), ("placed_by", hold.placedBy),
                ("placed_at", "\(hold.placedAt.milliseconds)"),
            ]
        case .retention(let retention):
            [("months", retention.months.map { "\($0)" } ?? ""), ("changed_by", retention.changedBy)]
        case .cleaning(let cleaning):
            [
                ("before", "\(cleaning.before.milliseconds)"), ("months", "\(cleaning.months)"),
                ("started_at", "\(cleaning.startedAt.milliseconds)"),
                ("finished_at", cleaning.finishedAt.map { "\($0.milliseconds)" } ?? ""),
            ]
        }
    }
}

extension ClusterItem {
    fileprivate var columns: [(name: String, value: String)] {
        switch self {
        case .settings(let settings):
            [
                ("cluster_id", settings.id.description), ("shards", "\(settings.shards)"),
                ("replication_factor", "\(settings.replicationFactor)"),
            ]
        case .member(let member):
            [
                ("replica", "\(member.replica)"), ("name", member.name), ("peer_address", member.peerAddress),
                ("api_address", member.apiAddress), ("region", member.region), ("zone", member.zone),
                ("edge", member.isEdge ? "1" : "0"), ("state", member.state.name),
                ("since", "\(member.since.milliseconds)"),
            ]
        case .placement(let placement):
            [
                ("shard", "\(placement.shard)"), ("replicas", Self.text(placement.replicas)),
                ("preferred_leader", placement.preferredLeader.map { "\($0)" } ?? ""),
                ("revision", "\(placement.revision)"),
            ]
        // Nothing that people should see.
        case .cursorKey: []
        case .succession(let succession):
            [("cluster_id", succession.successor.description)]
        }
    }

    private static func text(_ replicas: [UInt64]) -> String {
        String(decoding: JSONValue.array(replicas.map { .string("\($0)") }).serialised, as: UTF8.self)
    }
}
