import ArgumentParser
import JSON
import Model
import NodeRuntime
import Shard

/// How much memory a shard needs for a resource.
struct MemoryBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memory",
        abstract: "Growth of resident memory per resource with 5 tags and 3 relationships, in the states of 16 shards.")

    @OptionGroup var common: CommonOptions

    @Option(help: "Resources.")
    var resources: Int?

    @Option(help: "The figure's name.")
    var name = "memory_per_resource"

    private static let shards = 16
    /// Resources of one command, as ingestion has them.
    private static let batch = 64
    /// From the issue: 1.5 KiB.
    private static let goalBytes = 1536.0

    func run() throws {
        let count = resources ?? (common.quick ? 100_000 : 1_000_000)
        let judge = CatalogJudge(try SampleCatalog(directory: common.samples, at: wallClock()).catalog)
        var shards = (0..<Self.shards).map {
            Shard(number: $0 + 1, state: ShardState(slots: ShardState.slots(ofShard: $0, of: Self.shards)))
        }
        let context = WriteContext(actor: "bench")
        var randomness = Randomness(seed: 7)
        var batches = [[Observation]](repeating: [], count: Self.shards)
        let before = residentBytes()
        for number in 0..<count {
            let observation = Self.observation(number, &randomness)
            let shard = observation.id.slot.shard(of: Self.shards)
            batches[shard].append(observation)
            if batches[shard].count == Self.batch { try shards[shard].take(&batches[shard], context, judge) }
        }
        for shard in 0..<Self.shards where !batches[shard].isEmpty {
            try shards[shard].take(&batches[shard], context, judge)
        }
        let growth = Double(residentBytes() - before) / Double(count)
        try describe(shards)
        Figure(
            name: name, value: growth, unit: "bytes of resident memory", baseline: "goal: at most 1.5 KiB",
            baselineValue: Self.goalBytes
        ).report()
    }

    private func describe(_ shards: [Shard]) throws {
        let rows = shards.flatMap { $0.state.rows.rows(after: nil, limit: 1000) }
        let records = try rows.map { try RecordCodec.decode($0.bytes, id: $0.id) }
        func mean(_ values: [Int]) -> Double {
            (Double(values.reduce(0, +)) / Double(max(1, values.count)) * 10).rounded() / 10
        }
        say(
            "memory: \(shards.reduce(0) { $0 + $1.state.rows.count }) resources; rows of \(mean(rows.map(\.bytes.count))) bytes"
                + " with \(mean(records.map(\.resource.nativeTags.count))) provider's tags, \(mean(records.map(\.tags.count)))"
                + " virtual tags, \(mean(records.map(\.resource.relationships.count))) relationships,"
                + " \(mean(records.map(\.compliance.count))) policies")
    }

    private static func observation(_ number: Int, _ randomness: inout Randomness) -> Observation {
        let metadata =
            #"{"instance_type":"m5.large","state":"running","image_id":"ami-08175b8b8b84bbf60","launch_time":"#
            + #""2026-09-12T08:12:37Z","private_ip_address":"10.1.\#(number % 256).\#(randomness.next() % 256)","#
            + #""availability_zone":"us-east-1c","platform":"Linux/UNIX"}"#
        func target(_ type: String, _ count: Int) -> ResourceID {
            ResourceID(provider: .aws, nativeID: "\(type)-\(number % count)")
        }
        return Observation(
            provider: .aws, resourceID: "i-" + randomness.hex17(), resourceType: "ec2.instance",
            name: "cart-prod-\(number % 1000)", accountID: "111122223333", region: "us-east-1",
            nativeTags: TagList([
                Tag("CostCenter", "CC-1010"), Tag("Env", "prd"), Tag("Name", "cart-prod-\(number % 1000)"),
                Tag("Owner", "c.diaz@brindlewick.example"), Tag("Team", "checkout"),
            ]), metadata: JSONText(trusted: Array(metadata.utf8)),
            relationships: [
                Relationship(.inNetwork, to: target("vpc", 12)), Relationship(.inSubnet, to: target("subnet", 60)),
                Relationship(.memberOf, to: target("sg", 200)),
            ],
            statedTypes: [RelationshipTypes(.inNetwork), RelationshipTypes(.inSubnet), RelationshipTypes(.memberOf)])
    }
}

extension Shard {
    /// Proposes and commits at once: a log that needs no time.
    fileprivate mutating func take(_ batch: inout [Observation], _ context: WriteContext, _ judge: CatalogJudge) throws {
        if case .append(let proposal) = try propose(.observe(batch), by: context, at: wallClock(), judge: judge) {
            appended(proposal, term: 1)
            _ = try apply(proposal.encoded, at: proposal.index, term: 1)
        }
        batch.removeAll(keepingCapacity: true)
    }
}
