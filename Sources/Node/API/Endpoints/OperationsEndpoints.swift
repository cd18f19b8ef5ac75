import HTTPTransport
import JSON
import NIOCore
import NodeRuntime

/// What whoever runs the node asks for: is it well, what does it do, what can it do.
enum OperationsEndpoints {
    /// The process answers.
    static let live: Route.Handler = { call in
        call.json { $0.state("live") }
    }

    /// The node has its data and takes requests.
    static let ready: Route.Handler = { call in
        guard !call.api.isStopping else {
            throw Problem.unavailable("The node is not ready: it is stopping.")
        }
        guard !call.api.node.refusesForSpace else {
            throw Problem.unavailable(
                "The node is not ready: its disk is full and writes are refused; reads go on. Free some space.",
                retryAfter: 30)
        }
        return call.json { $0.state("ready") }
    }

    static let openAPI: Route.Handler = { call in
        call.bytes(contentType: "application/yaml", Array(OpenAPIDocument.text.utf8))
    }

    static let cluster: Route.Handler = { call in
        let configuration = call.api.configuration
        let statistics = await call.api.node.statistics()
        return call.json { json in
            json.beginObject()
            json.key("nodes")
            json.beginArray()
            json.beginObject()
            json.member("name", configuration.nodeName)
            json.member("region", configuration.region)
            json.member("zone", configuration.zone)
            json.member("version", configuration.version)
            json.member("state", call.api.isStopping ? "leaving" : "alive")
            json.endObject()
            json.endArray()
            json.key("shards")
            json.beginArray()
            for shard in statistics.shards { json.shard(shard, node: configuration.nodeName) }
            json.endArray()
            json.endObject()
        }
    }
}

extension JSONWriter {
    fileprivate mutating func shard(_ shard: NodeStatistics.ShardPart, node: String) {
        beginObject()
        member("number", shard.number)
        member("first_slot", shard.slots.lowerBound)
        member("last_slot", shard.slots.upperBound - 1)
        member("leader", node)
        key("replicas")
        beginArray()
        string(node)
        endArray()
        member("term", shard.term)
        member("applied_index", shard.appliedIndex)
        member("resources", shard.resources)
        member("replication_lag", 0)
        endObject()
    }

    fileprivate mutating func state(_ text: String) {
        beginObject()
        member("status", text)
        endObject()
    }
}
