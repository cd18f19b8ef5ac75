import HTTPTransport
import Model
import NodeRuntime

/// The text exposition format of Prometheus, version 0.0.4.
struct PrometheusText {
    private(set) var bytes: [UInt8] = []

    mutating func family(_ name: String, _ type: String, _ help: String) {
        bytes.append(contentsOf: "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n".utf8)
    }

    mutating func sample(_ name: String, _ labels: [(String, String)] = [], _ value: Double) {
        bytes.append(contentsOf: name.utf8)
        if !labels.isEmpty {
            let text = labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
            bytes.append(contentsOf: "{\(text)}".utf8)
        }
        let whole = Int64(exactly: value).map(String.init)
        bytes.append(contentsOf: " \(whole ?? value.description)\n".utf8)
    }

    private static func escaped(_ value: String) -> String {
        value.map { $0 == "\\" ? "\\\\" : $0 == "\"" ? "\\\"" : $0 == "\n" ? "\\n" : String($0) }.joined()
    }

    // MARK: What the node has

    mutating func write(_ statistics: NodeStatistics) {
        let totals = statistics.totals
        family("vtag_resources", "gauge", "Resources in the inventory, by provider")
        for provider in Provider.allCases {
            sample("vtag_resources", [("provider", provider.rawValue)], Double(totals.byProvider[provider] ?? 0))
        }
        family("vtag_relationships", "gauge", "Relationships between resources")
        sample("vtag_relationships", Double(totals.relationships))
        family("vtag_virtual_tags", "gauge", "Effective virtual tags, by source")
        for source in TagSource.allCases {
            sample("vtag_virtual_tags", [("source", source.rawValue)], Double(totals.tagsBySource[source] ?? 0))
        }
        family("vtag_compliant_resources", "gauge", "Resources that violate no policy")
        sample("vtag_compliant_resources", Double(totals.compliantResources))
        family("vtag_pending_resources", "gauge", "Resources that wait to be judged under the newest catalogue")
        sample("vtag_pending_resources", Double(statistics.pending))
        family("vtag_catalog_version", "gauge", "Changes of rules, schema and policies so far")
        sample("vtag_catalog_version", Double(statistics.catalogVersion))
    }

    mutating func write(_ replicas: [ReplicaStatistics]) {
        family("vtag_shard_is_leader", "gauge", "1 where this node leads the shard")
        for shard in replicas {
            sample("vtag_shard_is_leader", [("shard", String(shard.number))], shard.isLeader ? 1 : 0)
        }
        family("vtag_shard_term", "counter", "Term of the shard's group as this node knows it")
        for shard in replicas { sample("vtag_shard_term", [("shard", String(shard.number))], Double(shard.term)) }
        family("vtag_shard_applied_index", "counter", "Index of the last entry that a shard applied")
        for shard in replicas {
            sample("vtag_shard_applied_index", [("shard", String(shard.number))], Double(shard.appliedIndex))
        }
        family("vtag_checkpoint_backlog", "gauge", "Rows and audit entries of a shard that wait for the checkpoint")
        for shard in replicas {
            sample("vtag_checkpoint_backlog", [("shard", String(shard.number))], Double(shard.checkpointBacklog))
        }
    }

    // MARK: What goes on between nodes

    mutating func write(_ families: [ClusterMetrics.Family]) {
        for found in families {
            family(found.name, found.kind, found.help)
            for one in found.samples { sample(found.name, one.labels, one.value) }
        }
    }

    // MARK: Who reads all rows

    mutating func write(_ walks: WalkGate.Counts) {
        family("vtag_walks_running", "gauge", "Requests that read all rows now")
        sample("vtag_walks_running", Double(walks.running))
        family("vtag_walks_waiting", "gauge", "Requests that wait for one of them to end")
        sample("vtag_walks_waiting", Double(walks.waiting))
        family("vtag_walks_total", "counter", "Requests that were let in, turned away, and ended as they took too long")
        let outcomes = [("admitted", walks.admitted), ("refused", walks.refused), ("overdue", walks.overdue)]
        for (outcome, count) in outcomes { sample("vtag_walks_total", [("outcome", outcome)], Double(count)) }
    }

    // MARK: What the API did

    mutating func write(_ requests: RequestMetrics, routes: [Route]) {
        family("vtag_http_requests_total", "counter", "Requests answered, by route and class of status")
        for (position, route) in routes.enumerated() {
            for (hundreds, count) in requests.answers[position].enumerated() where count > 0 {
                let labels = [("method", route.method.name), ("route", route.template), ("status", "\(hundreds + 1)xx")]
                sample("vtag_http_requests_total", labels, Double(count))
            }
        }
        for (hundreds, count) in requests.unrouted.enumerated() where count > 0 {
            let labels = [("method", ""), ("route", "none"), ("status", "\(hundreds + 1)xx")]
            sample("vtag_http_requests_total", labels, Double(count))
        }
        family("vtag_http_point_reads_total", "counter", "Reads of a resource's tags that were answered on the fast way")
        sample("vtag_http_point_reads_total", Double(requests.pointReads))
        family(
            "vtag_http_request_duration_seconds", "histogram",
            "Time from a request's head to its answer, point reads left out")
        var sum = 0
        for (position, count) in requests.buckets.enumerated() {
            sum += count
            let bound = position < RequestMetrics.bounds.count ? RequestMetrics.bounds[position].description : "+Inf"
            sample("vtag_http_request_duration_seconds_bucket", [("le", bound)], Double(sum))
        }
        sample("vtag_http_request_duration_seconds_sum", requests.secondsSum)
        sample("vtag_http_request_duration_seconds_count", Double(sum))
    }
}

extension PrometheusText {
    mutating func sample(_ name: String, _ value: Double) { sample(name, [], value) }
}
