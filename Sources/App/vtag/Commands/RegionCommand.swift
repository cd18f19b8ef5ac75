import ArgumentParser
import JSON

struct RegionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "region",
        abstract: "Promote a region that follows; list what a superseded one had that its successor never got.",
        subcommands: [Promote.self, Unsent.self])

    struct Promote: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a node that follows a region the cluster of its own region, after its PostgreSQL was promoted.",
            discussion: """
                Ask the node itself rather than a balancer. It stops, starts again by itself, and takes the database over: the cluster
                that it followed is shut out of it, and takes no more changes once it learns of that. The region's other nodes follow
                the promoted one.

                EXAMPLES
                  vtag region promote --wait --url https://e1.eu-west-1.example.com
                """)
        /// Between two looks.
        private static let lookMilliseconds = 100

        @Flag(help: "Wait until the new cluster serves.") var wait = false
        @Option(help: "Longest time to wait, in seconds.") var waitSeconds = 300
        @OptionGroup var connection: ConnectionOptions

        func validate() throws {
            guard (1...86_400).contains(waitSeconds) else {
                throw ValidationError("--wait-seconds is a number from 1 to 86400")
            }
        }

        func run() async throws {
            let began = ContinuousClock.now
            try await Session.run(connection) { session in
                let promotion = try await session.client.send("POST", Target("region", "promote"))
                let former = promotion.cell("takes_over_from")
                guard wait else {
                    return session.printer.one(promotion) {
                        "\($0.cell("node")) takes over from cluster \(former); `vtag cluster status` tells when it serves\n"
                    }
                }
                let cluster = try await successor(of: former, until: began + .seconds(waitSeconds))
                let milliseconds = Int((ContinuousClock.now - began) / .milliseconds(1))
                let outcome = JSONValue.object([
                    .init("node", .string(promotion.cell("node"))), .init("cluster", .string(cluster)),
                    .init("takes_over_from", .string(former)), .init("milliseconds", .int(milliseconds)),
                ])
                session.printer.one(outcome) {
                    "\($0.cell("node")) serves as cluster \(cluster) after \(milliseconds) ms; it took over from \(former)\n"
                }
            }
        }

        /// The new cluster's number once it serves. The node cannot be reached for a while.
        private func successor(of former: String, until deadline: ContinuousClock.Instant) async throws -> String {
            while ContinuousClock.now < deadline {
                var found: JSONValue?
                do {
                    try await Session.run(connection) { found = try await $0.client.get(Target("cluster")) }
                } catch let failure as Failure where failure.status == .unreachable {}
                if let found, found["following"]?.members == nil, let cluster = found["id"]?.string, cluster != former {
                    return cluster
                }
                try await Task.sleep(for: .milliseconds(Self.lookMilliseconds))
            }
            throw Failure.refused(
                "the promoted node does not serve after \(waitSeconds) s; it goes on trying, and its log says what it waits for"
            )
        }
    }

    struct Unsent: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List what a superseded cluster acknowledged and its successor never had, the newest first.",
            discussion: """
                Ask a node of the cluster that was superseded. Nothing of it is lost: it stays there to be looked at, and to be done
                again where it is still wanted.

                EXAMPLES
                  vtag region unsent --target https://old-region:8080
                """)
        @OptionGroup var paging: PagingOptions
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                var target = Target("audit", "trail")
                target.add("unsent", "true")
                try await session.printer.list(
                    session.client, target, limit: paging.itemsMax, columns: AuditCommand.Trail.columns,
                    empty: "its successor has everything", row: AuditCommand.Trail.cells)
            }
        }
    }
}
