import HTTPTransport
import JSON
import NodeRuntime
import Placement

/// The cluster: who is in it, where the shards are, and what people decide about its nodes.
enum ClusterEndpoints {
    // MARK: GET /cluster

    static let overview: Route.Handler = { call in
        let overview = await call.api.node.overview()
        let version = call.api.configuration.version
        return call.json { json in
            json.beginObject()
            json.key("id")
            json.uuid(overview.clusterID)
            json.member("replication_factor", overview.replicationFactor)
            if let succession = overview.succession {
                json.key("superseded")
                json.beginObject()
                json.key("by")
                json.uuid(succession.successor)
                json.key("at")
                json.time(succession.at)
                json.endObject()
            }
            json.key("following")
            json.following(call.api.region)
            json.key("system")
            json.beginObject()
            json.optional("leader", overview.systemLeader)
            json.sink(overview.systemSink)
            json.endObject()
            json.key("nodes")
            json.beginArray()
            for node in overview.nodes { json.node(node, version: version) }
            json.endArray()
            json.key("shards")
            json.beginArray()
            for shard in overview.shards { json.shard(shard, call.api.region?.board) }
            json.endArray()
            json.endObject()
        }
    }

    // MARK: POST /cluster/nodes/{name}/drain and /activate

    static let drain = change(to: .draining)
    static let activate = change(to: .active)

    private static func change(to state: Member.State) -> Route.Handler {
        { call in
            guard let name = call.parameters.first else { throw Problem.notFound("There is no node of this name.") }
            let context = try await call.stamp(body: nil).context()
            switch try await call.api.node.setMember(named: name, to: state, by: context) {
            case .done: return call.json(202) { $0.decision(name, state) }
            case .noSuchMember: throw Problem.notFound("There is no node of this name in the cluster.")
            case .refused(let words): throw Problem.conflict(words)
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func decision(_ name: String, _ state: Member.State) {
        beginObject()
        member("name", name)
        member("state", state.name)
        endObject()
    }

    fileprivate mutating func node(_ node: ClusterOverview.Node, version: String) {
        beginObject()
        member("name", node.name)
        member("region", node.region)
        member("zone", node.zone)
        member("role", node.isEdge ? "edge" : "data")
        member("state", node.state?.name ?? "joining")
        member("health", node.health)
        member("peer", node.peerAddress)
        member("api", node.apiAddress)
        member("replicas", node.replicas)
        member("leaders", node.leaders)
        endObject()
    }

    /// What this region follows, and how far it is; null where it follows none.
    fileprivate mutating func following(_ region: FollowingRegion?) {
        guard let region else { return null() }
        let board = region.board
        let asOf = board.asOf
        let troubles = board.troubles
        beginObject()
        member("state", board.condition.name)
        if case .stalled(let reason) = board.condition { member("reason", reason) } else { optional("reason", String?.none) }
        key("cluster")
        uuid(board.incarnation)
        member("database", board.database)
        names("primary", region.primary.urls)
        member("loaded_shards", board.progress.loaded)
        member("staleness_ms", asOf.stalenessMilliseconds)
        member("as_of_index", asOf.revision.text)
        key("stopped_shards")
        beginArray()
        for (group, reason) in troubles.sorted(by: { $0.key < $1.key }) {
            beginObject()
            member("number", group)
            member("reason", reason)
            endObject()
        }
        endArray()
        endObject()
    }

    fileprivate mutating func shard(_ shard: ClusterOverview.Shard, _ region: RegionBoard?) {
        beginObject()
        member("number", shard.number)
        member("first_slot", shard.slots.lowerBound)
        member("last_slot", shard.slots.upperBound - 1)
        optional("leader", shard.leader)
        names("replicas", shard.replicas)
        names("learners", shard.learners)
        names("wanted", shard.wanted)
        member("term", shard.term)
        member("applied_index", shard.appliedIndex)
        member("resources", shard.resources)
        member("replication_lag", shard.lag)
        if let copy = region?.shard(shard.number) { member("staleness_ms", copy.stalenessMilliseconds) }
        sink(shard.sink)
        endObject()
    }

    fileprivate mutating func sink(_ report: SinkReport?) {
        key("postgres")
        guard let report else { return null() }
        beginObject()
        member("state", report.condition.name)
        member("lag_entries", report.lagEntries)
        key("lag_seconds")
        double(Double(report.lagMilliseconds) / 1000)
        endObject()
    }

    private mutating func names(_ key: String, _ names: [String]) {
        self.key(key)
        beginArray()
        for name in names { string(name) }
        endArray()
    }
}
