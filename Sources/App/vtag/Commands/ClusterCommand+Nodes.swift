import ArgumentParser
import JSON

extension ClusterCommand {
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "status", abstract: "Show the nodes, what they hold, and shards that are not well.",
            discussion: "EXAMPLES\n  vtag cluster status\n  vtag cluster status -o json | jq '.shards[] | .leader'")
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                session.printer.one(try await session.client.get(Target("cluster")), Self.words)
            }
        }

        private static func words(_ cluster: JSONValue) -> String {
            let nodes = cluster["nodes"]?.array ?? []
            let shards = cluster["shards"]?.array ?? []
            var table = Table([
                .init("NODE"), .init("ROLE"), .init("ZONE"), .init("STATE"), .init("HEALTH"), .init("REPLICAS", .right),
                .init("LEADS", .right), .init("API", shrinks: true),
            ])
            let rows = nodes.map { node in
                ["name", "role", "zone", "state", "health", "replicas", "leaders", "api"].map { node.cell($0) }
            }
            if let following = cluster["following"], following.members != nil {
                return Self.words(following, of: cluster) + "\n" + table.render(rows)
            }
            let leaderless = shards.filter { $0["leader"]?.string == nil }.map { $0.cell("number") }
            let moving = shards.filter { Self.names($0["replicas"]) != Self.names($0["wanted"]) }.map { $0.cell("number") }
            let summary = Printer.fields([
                ("cluster", cluster.cell("id")),
                ("leader", cluster["system"]?["leader"]?.string ?? "nobody: no majority of the nodes can be reached"),
                ("shards", "\(shards.count), \(cluster.cell("replication_factor")) copies of each wanted"),
                ("no leader", leaderless.isEmpty ? "none" : leaderless.joined(separator: ", ")),
                ("moving", moving.isEmpty ? "none" : moving.joined(separator: ", ")),
            ])
            return summary + "\n" + table.render(rows)
        }

        /// Of a region that follows another one: there nobody leads.
        private static func words(_ following: JSONValue, of cluster: JSONValue) -> String {
            let stopped = (following["stopped_shards"]?.array ?? []).map { "\($0.cell("number")): \($0.cell("reason"))" }
            let shards = cluster["shards"]?.array?.count ?? 0
            return Printer.fields([
                ("follows", "\(following.cell("cluster")), by \(following.cell("database"))"),
                (
                    "state",
                    following["reason"]?.string.map { "\(following.cell("state")): \($0)" } ?? following.cell("state")
                ),
                ("writes to", (following["primary"]?.array ?? []).compactMap(\.string).joined(separator: ", ")),
                ("loaded", "\(following.cell("loaded_shards")) of \(shards + 1) shards"),
                ("staleness", "\(following.cell("staleness_ms")) ms at most"),
                ("as of", following.cell("as_of_index")),
                ("stopped", stopped.isEmpty ? "none" : stopped.joined(separator: "; ")),
            ])
        }

        private static func names(_ value: JSONValue?) -> Set<String> { Set((value?.array ?? []).compactMap(\.string)) }
    }

    struct Drain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Empty a node: its shards move to others, then it can be stopped for good.",
            discussion: "It serves and forwards meanwhile. `vtag cluster status` shows when it has no replicas any more.")
        @Argument(help: "The node's name.") var node: String
        @OptionGroup var connection: ConnectionOptions

        func run() async throws { try await ClusterCommand.decide("drain", node, connection) }
    }

    struct Activate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a node that was drained hold shards again.")
        @Argument(help: "The node's name.") var node: String
        @OptionGroup var connection: ConnectionOptions

        func run() async throws { try await ClusterCommand.decide("activate", node, connection) }
    }

    fileprivate static func decide(_ action: String, _ node: String, _ connection: ConnectionOptions) async throws {
        try await Session.run(connection) { session in
            let decision = try await session.client.send("POST", Target("cluster", "nodes", node, action))
            session.printer.one(decision) { "\($0.cell("name")) is \($0.cell("state")) from now on" }
        }
    }
}
