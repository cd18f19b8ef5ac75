import ArgumentParser
import Foundation
import Model
import NodeRuntime
import Shard

/// How soon a tag reaches those that inherit it.
struct RelationsBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relations", abstract: "A changed tag on its way to those that inherit it along relationships.",
        discussion: """
            A node has chains of three: a volume is attached to an instance, which is in a subnet, which is in a network. A rule has each \
            volume inherit its team from up to three steps away. Measured is the time from the write that tags a network until all volumes \
            behind it have the tag, judged, audited and durable.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "Resources.")
    var resources: Int?

    @Option(help: "Volumes behind the network whose tag changes.")
    var dependants = 10_000

    @Option(help: "An empty directory on the disk to measure.")
    var directory: String

    private static let secondsGoal = 1.0
    private static let batch = 500
    private static let volumesPerInstance = 4

    func run() async throws {
        let count = resources ?? (common.quick ? 100_000 : 1_000_000)
        let bench = try await BenchNode.start(in: directory)
        let rule = TagRule(
            id: UUID128(high: 9, low: 9), name: "team along relationships", description: "", priority: 1, enabled: true,
            condition: .test(FieldTest(.resourceType, .eq, .text("ec2.volume"))),
            actions: [
                .inheritTag(
                    key: "team", types: RelationshipTypes(.attachedTo, .inSubnet, .inNetwork), direction: .outgoing, depth: 3
                )
            ], version: 1, createdBy: "bench", createdAt: wallClock(), updatedAt: wallClock())
        try await bench.create([.rule(rule)])
        var chunk: [Observation] = []
        for number in 0..<count {
            chunk.append(observation(number))
            if chunk.count == Self.batch || number == count - 1 {
                try await bench.observe(chunk)
                chunk = []
            }
        }
        try await settled(bench)
        var times: [Double] = []
        for round in 1...3 {
            let start = monotonicSeconds()
            let network = Self.id("vpc-0")
            _ = try await bench.node.submit(
                .applyTags([TagApplication(resource: network, tags: [Tag("team", "team-\(round)")])]),
                shard: bench.node.shard(of: network.slot), by: BenchNode.context)
            while try await !reached("team-\(round)", bench) { try await Task.sleep(for: .milliseconds(5)) }
            times.append(monotonicSeconds() - start)
            say("relations, round \(round): \(dependants) volumes have it after \(times[round - 1].formatted(digits: 3)) s")
            try await settled(bench)
        }
        try await bench.stop()
        Figure(
            name: "inherited", value: times.sorted()[1], unit: "s", baseline: "goal: at most 1 s",
            baselineValue: Self.secondsGoal
        ).report()
    }

    private static func id(_ name: String) -> ResourceID { ResourceID(provider: .aws, nativeID: name) }

    /// The volumes behind network 0 come first; every further network has as many.
    private func observation(_ number: Int) -> Observation {
        let each = dependants + dependants / Self.volumesPerInstance + 2
        let (network, place) = number.quotientAndRemainder(dividingBy: each)
        let instance = (place / Self.volumesPerInstance) % max(1, dependants / Self.volumesPerInstance)
        switch place {
        case ..<dependants:
            return Self.made("vol-\(network)-\(place)", "ec2.volume", .attachedTo, "i-\(network)-\(instance)")
        case ..<(each - 2):
            return Self.made("i-\(network)-\(place - dependants)", "ec2.instance", .inSubnet, "subnet-\(network)")
        case each - 2: return Self.made("subnet-\(network)", "ec2.subnet", .inNetwork, "vpc-\(network)")
        default: return Self.made("vpc-\(network)", "ec2.vpc", nil, "")
        }
    }

    private static func made(_ name: String, _ type: String, _ relation: RelationshipType?, _ target: String) -> Observation
    {
        var observation = Observation(.described, provider: .aws, resourceID: name)
        observation.resourceType = type
        observation.relationships = relation.map { [Relationship($0, to: id(target))] } ?? []
        observation.statedTypes = .all
        return observation
    }

    /// Looks at the last volumes of each shard first: most questions end with one.
    private func reached(_ value: String, _ bench: BenchNode) async throws -> Bool {
        for place in (0..<dependants).reversed() {
            let record = try await bench.node.record(Self.id("vol-0-\(place)"), .stale)
            guard record?.tag("team")?.value == value else { return false }
        }
        return true
    }

    private func settled(_ bench: BenchNode) async throws {
        var quiet = 0
        while quiet < 20 {
            try await Task.sleep(for: .milliseconds(100))
            let waiting = bench.node.relationMetrics.first?.samples.first?.value ?? 0
            let pending = try await bench.node.statistics().pending
            quiet = waiting == 0 && pending == 0 ? quiet + 1 : 0
        }
    }
}
