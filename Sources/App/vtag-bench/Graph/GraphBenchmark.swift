import ArgumentParser
import CypherValues
import PropertyGraph

/// The property graph in process: distinct k-hop counts, memory, and a node of a million relationships.
struct GraphBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph", abstract: "Walks 1,000,000 random relationships; counts and deletes those of one node.")

    @OptionGroup var common: CommonOptions

    @Option(help: "A Python of 3.12 or later that has the packages of the baselines; without it there are goals alone.")
    var python: String?

    @Option(help: "The baselines' script.")
    var script = "loadtest/graph-baselines.py"

    @Option(help: "An empty directory on the disk, for the baselines' data.")
    var directory: String

    private static let starts = 200
    /// Starts that slower engines are asked for, too.
    private static let comparedStarts = 20
    private static let nodes = 100_000
    private static let edges = 1_000_000
    /// From the issue.
    private static let bytesGoal = 40.0
    private static let edgesPerSecondGoal = 60e6
    private static let countMicrosecondsGoal = 1_000.0
    private static let deleteSecondsGoal = 10.0

    func run() throws {
        let random = try RandomGraph(nodes: Self.nodes, edges: Self.edges)
        Figure(
            name: "graph_bytes_per_relationship", value: random.bytesPerEdge, unit: "bytes of resident memory",
            baseline: "goal: at most 40", baselineValue: Self.bytesGoal
        ).report()
        let starts = (0..<Self.starts).map { ($0 * 7_919) % Self.nodes }
        try reportHops(random, starts)
        try reportThroughput(random)
        try reportHub()
        try reportInventory()
    }

    private func reportInventory() throws {
        let walk = try InventoryWalk(
            MultipliedSamples(directory: common.samples), resources: common.quick ? 100_000 : 1_000_000)
        let (found, time) = try walk.count()
        say("graph: \(found) volumes of 100 GB or more in networks of the US, among \(walk.resources) resources")
        guard found > 0 else { throw ValidationError("the samples have no such volume") }
        Figure(
            name: "graph_typed_3_hops_of_inventory", value: time * 1_000, unit: "ms", baseline: "none", baselineValue: 0
        ).report()
    }

    private func reportHops(_ random: RandomGraph, _ starts: [Int]) throws {
        let compared = Array(starts.prefix(Self.comparedStarts))
        var engines: [GraphBaselines.Engine] = []
        if let python {
            try random.write(to: directory + "/edges.csv")
            engines = try GraphBaselines(
                python: python, script: script, directory: directory, nodes: Self.nodes, starts: compared
            ).engines
        }
        for hops in 1...4 {
            var times: [Double] = []
            var count = 0
            for (position, start) in starts.enumerated() {
                let node = random.nodes[start]
                var found = 0
                times.append(try seconds { found = try random.graph.reach(from: node, hops: hops).count })
                if position < compared.count { count += found }
            }
            let milliseconds = times.median * 1_000
            say(
                "graph: \(hops) hops in \(milliseconds.formatted(digits: 4)) ms;"
                    + " \(count) nodes from \(compared.count) starts")
            for engine in engines {
                guard let theirs = engine.seconds[hops] else { continue }
                if let other = engine.counts[hops], other != count {
                    say("graph: \(engine.name) counts \(other) nodes: \(other - count) more (it may count starts otherwise)")
                }
                Figure(
                    name: "graph_\(hops)_hops", value: milliseconds, unit: "ms",
                    baseline: "\(engine.name) \(engine.version)", baselineValue: theirs * 1_000
                ).report()
            }
        }
    }

    /// Everything that can be reached: most relationships of the graph, once each.
    private func reportThroughput(_ random: RandomGraph) throws {
        var rates: [Double] = []
        for start in 0..<20 {
            var walked = 0
            let time = try processorSeconds {
                walked = try random.graph.reach(from: random.nodes[start], hops: 16).relationshipsWalked
            }
            rates.append(Double(walked) / time)
        }
        Figure(
            name: "graph_relationships_walked", value: rates.median, unit: "relationships/s of one core",
            baseline: "goal: at least 60 million", baselineValue: Self.edgesPerSecondGoal
        ).report()
    }

    private func reportHub() throws {
        var graph = LocalGraph()
        let hub = try graph.mutate([.createNode(labels: ["Hub"], properties: [:])]).nodes[0]
        for _ in 0..<1_000 {
            _ = try graph.mutate(
                (0..<1_000).map { _ in .createNode(labels: ["Leaf"], properties: [:]) }
                    + (0..<1_000).map {
                        .createRelationship(type: "T", from: .existing(hub), to: .created($0), properties: [:])
                    })
        }
        var degree = 0
        let counting = try seconds { degree = try graph.degree(of: hub) }
        say("graph: counted \(degree) relationships of one node")
        Figure(
            name: "graph_count_of_a_million", value: counting * 1e6, unit: "µs", baseline: "goal: at most 1 ms",
            baselineValue: Self.countMicrosecondsGoal
        ).report()
        let before = residentBytes()
        var slowest = 0.0
        let deleting = try seconds {
            for _ in 0..<800 {
                let slice = try seconds { _ = try graph.mutate([.deleteRelationships(of: hub, limit: 500)]) }
                slowest = max(slowest, slice)
            }
        }
        say(
            "graph: deleted 400000 of them in slices of 500, the slowest of \((slowest * 1_000).formatted(digits: 2)) ms;"
                + " memory grew by \(max(0, residentBytes() - before)) bytes")
        Figure(
            name: "graph_delete_400000", value: deleting, unit: "s", baseline: "goal: at most 10 s",
            baselineValue: Self.deleteSecondsGoal
        ).report()
    }
}
