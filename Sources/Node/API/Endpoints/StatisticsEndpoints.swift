import HTTPTransport
import JSON
import Model
import NIOCore
import NodeRuntime

/// Sums over the whole inventory.
enum StatisticsEndpoints {
    static let statistics: Route.Handler = { call in
        let statistics = try await call.statistics()
        let totals = statistics.totals
        return call.json { json in
            json.beginObject()
            json.member("resources", totals.resources)
            json.key("by_provider")
            json.beginObject()
            for provider in Provider.allCases {
                json.key(provider.rawValue)
                json.int(totals.byProvider[provider] ?? 0)
            }
            json.endObject()
            json.member("relationships", totals.relationships)
            json.key("tags")
            json.beginObject()
            for source in TagSource.allCases {
                json.key(source.rawValue)
                json.int(totals.tagsBySource[source] ?? 0)
            }
            json.endObject()
            json.member("pending", statistics.pending)
            json.member("version", statistics.catalogVersion)
            json.endObject()
        }
    }

    static let metrics: Route.Handler = { call in
        let api = call.api
        let statistics = try await api.node.statistics(.stale)
        let parts = try await api.loops.forEach { $0.metrics }
        let requests = parts.dropFirst().reduce(into: parts.first ?? RequestMetrics(routes: api.routes.count)) { $0 += $1 }
        var text = PrometheusText()
        text.write(statistics)
        text.write(await api.node.replicas())
        text.write(api.node.clusterMetrics)
        text.write(api.node.sinkMetrics)
        text.write(api.node.regionMetrics)
        text.write(api.node.relationMetrics)
        text.write(api.node.walks.counts)
        text.write(requests, routes: api.routes)
        text.family("vtag_build_info", "gauge", "The version that runs")
        text.sample("vtag_build_info", [("version", api.configuration.version)], 1)
        return call.bytes(contentType: "text/plain; version=0.0.4; charset=utf-8", text.bytes)
    }
}
