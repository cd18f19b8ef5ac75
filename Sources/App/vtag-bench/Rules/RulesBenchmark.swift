import ArgumentParser
import Conditions
import Foundation
import Model
import NodeRuntime
import Shard
import TaggingRules

/// What a thousand rules cost over an inventory of a million.
struct RulesBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules",
        abstract: "Deciding rules for all resources, bringing one into force, tagging one resource anew.")

    @OptionGroup var common: CommonOptions

    @Option(help: "Resources.")
    var resources: Int?

    @Option(help: "Rules.")
    var rules = 1_000

    @Option(help: "A Python that has the package duckdb, for the baseline of deciding; without it there is none.")
    var python: String?

    @Option(help: "The baseline's script.")
    var script = "loadtest/first-match.py"

    @Option(help: "An empty directory on the disk, for the baseline's table and the node's data.")
    var directory: String

    @Flag(help: "The engine alone, no node.")
    var engine = false

    @Flag(help: "The node alone.")
    var node = false

    /// From the issue: 1 s, 10 s and 100 µs.
    private static let inForceSecondsGoal = 1.0
    private static let writtenSecondsGoal = 10.0
    private static let changedMicrosecondsGoal = 100.0
    /// The new rule's resources.
    private static let thousands = 10

    func run() async throws {
        let samples = try MultipliedSamples(directory: common.samples)
        let count = resources ?? (common.quick ? 100_000 : 1_000_000)
        let load = RuleLoad(samples, count: rules, at: wallClock())
        say("rules: \(samples.originals.count) resources of the samples, as often as makes \(count); \(rules) rules")
        if !node { try runEngine(samples, load, count) }
        if !engine {
            let bench = NodeRules(directory: directory + "/node", samples: samples, load: load, items: try items())
            let result = try await bench.run(
                resources: count, newcomer: RuleLoad.newcomer(thousands: Self.thousands, at: wallClock()))
            say(
                "rules, node: \(result.changed) of \(count) resources in \(result.seconds.formatted(digits: 3)) s; a write"
                    + " meanwhile took \(result.slowestWrite.formatted(digits: 4)) s at most, of \(result.writes)")
            Figure(
                name: "rule_in_force", value: result.seconds, unit: "s", baseline: "goal: at most 1 s",
                baselineValue: Self.inForceSecondsGoal
            ).report()
        }
    }

    /// Schema and policies of the samples.
    private func items() throws -> [CatalogItem] {
        try SampleCatalog(directory: common.samples, at: wallClock()).items.filter { $0.kind != .rule }
    }

    // MARK: The engine

    private func runEngine(_ samples: MultipliedSamples, _ load: RuleLoad, _ count: Int) throws {
        let duckDB = try python.map {
            try DuckDB(
                python: $0, script: script, directory: directory, samples: samples, load: load, resources: count)
        }
        var state = SystemState(items: try items(), catalogVersion: 1)
        let bare = Catalog(state)
        let shards = try RuleShards(samples, resources: count, catalog: bare)
        _ = state.apply(load.rules.map { .put(.rule($0)) }, at: state.appliedIndex + 1)
        let full = Catalog(state, after: bare)
        try decide(shards, full, load, duckDB)

        let written = try shards.sweep(full)
        say(
            "rules, all written: \(written.changed) rows, \(written.auditEntries) audit entries, \(written.logBytes >> 20) MiB of log"
        )
        Figure(
            name: "rules_written", value: written.seconds, unit: "s", baseline: "goal: at most 10 s",
            baselineValue: Self.writtenSecondsGoal
        ).report()

        _ = state.apply(
            [.put(.rule(RuleLoad.newcomer(thousands: Self.thousands, at: wallClock())))], at: state.appliedIndex + 1)
        let newest = Catalog(state, after: full)
        let swept = try shards.sweep(newest)
        say(
            "rules, one more: \(swept.changed) rows, \(swept.auditEntries) audit entries, \(swept.logBytes >> 10) KiB of log"
        )
        Figure(
            name: "rule_swept", value: swept.seconds, unit: "s", baseline: "goal: at most 1 s",
            baselineValue: Self.inForceSecondsGoal
        ).report()
        try change(shards, newest, samples, count)
    }

    private func decide(_ shards: RuleShards, _ catalog: Catalog, _ load: RuleLoad, _ duckDB: DuckDB?) throws {
        let won = (0..<RuleShards.threads).map { _ in Winners(load, catalog) }
        var times: [Double] = []
        for _ in 0..<3 {
            for winners in won { winners.reset() }
            times.append(
                try seconds {
                    try shards.forEachRow { thread, rows in try won[thread].count(rows) }
                })
        }
        let winners = Winners.sum(won)
        if let duckDB {
            guard winners == duckDB.winners else {
                let differing = Set(winners.keys).union(duckDB.winners.keys).sorted().filter {
                    winners[$0] != duckDB.winners[$0]
                }
                let some = differing.prefix(5).map { "rule \($0): \(winners[$0] ?? 0), not \(duckDB.winners[$0] ?? 0)" }
                throw DuckDB.Failure(description: "\(differing.count) rules won others than in DuckDB; \(some)")
            }
            say("rules, decided: every rule won as many resources as in DuckDB \(duckDB.version)")
        }
        Figure(
            name: "rules_decided", value: times.min() ?? 0, unit: "s",
            baseline: duckDB == nil ? "none" : "DuckDB, one scan with the same conditions as a CASE, 2 threads",
            baselineValue: duckDB?.seconds ?? 0
        ).report()
    }

    /// Each time another resource gets another tag from its provider.
    private func change(_ shards: RuleShards, _ catalog: Catalog, _ samples: MultipliedSamples, _ count: Int) throws {
        let judge = CatalogJudge(catalog)
        var times: [Double] = []
        for turn in 0..<2_000 {
            var observation = samples.observation(turn * 487 % count)
            observation.nativeTags?.set("changed", "\(turn)")
            let shard = observation.id.slot.shard(of: RuleShards.count)
            times.append(try processorSeconds { _ = try shards.take(.observe([observation]), shard: shard, judge: judge) })
        }
        Figure(
            name: "resource_retagged", value: times.median * 1e6, unit: "µs", baseline: "goal: at most 100 µs",
            baselineValue: Self.changedMicrosecondsGoal
        ).report()
    }
}

/// How many resources each rule won, on one thread.
private final class Winners: @unchecked Sendable {
    // One thread at a time.
    private var counts: [Int]
    private let values: ByteMap
    private let ruleSet: CompiledRuleSet

    init(_ load: RuleLoad, _ catalog: Catalog) {
        ruleSet = catalog.ruleSet
        counts = Array(repeating: 0, count: load.rules.count + 1)
        values = ByteMap((1...load.rules.count).map(RuleLoad.value))
    }

    func reset() { for number in counts.indices { counts[number] = 0 } }

    func count(_ rows: SlotTable) throws {
        let (context, ruleSet, values) = (TaggingContext(keepingMatches: false), ruleSet, values)
        let formHash = TagKeyForm.hash(of: RuleLoad.key)
        _ = try rows.walk(after: nil) { _, row throws(CodecError) in
            try ruleSet.decide(row, in: context)
            let winner = context.value(of: RuleLoad.key, formHash: formHash).flatMap { values.position(of: $0) }
            counts[winner.map { $0 + 1 } ?? 0] += 1
            return true
        }
    }

    static func sum(_ all: [Winners]) -> [Int: Int] {
        var sum: [Int: Int] = [:]
        for winners in all {
            for (number, count) in winners.counts.enumerated() where count > 0 { sum[number, default: 0] += count }
        }
        return sum
    }
}
