import ArgumentParser
import Foundation
import JSON
import Model
import NodeRuntime
import Normalisation
import Shard

/// How many resources a second one core takes from a provider's bytes to the row that is stored.
struct PipelineBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipeline", abstract: "Parse, normalise, apply rules, judge compliance, encode: on one thread.")

    @OptionGroup var common: CommonOptions

    @Option(help: "Resources of one round.")
    var resources: Int?

    @Option(help: "Rounds; the median counts.")
    var rounds = 5

    /// Which part of the way to go, for profiles.
    enum Stage: String, ExpressibleByArgument, CaseIterable { case parse, normalise, judge, all }

    @Option(help: "Stop after this part: \(Stage.allCases.map(\.rawValue).joined(separator: ", ")).")
    var until = Stage.all

    func run() throws {
        let count = resources ?? (common.quick ? 20_000 : 100_000)
        let pages = AWSPages.pages(resources: count)
        let catalog = try SampleCatalog(directory: common.samples, at: wallClock()).catalog
        var pipeline = Pipeline(judge: CatalogJudge(catalog), until: until)
        var rates: [Double] = []
        var baseline: [Double] = []
        for _ in 0..<rounds {
            pipeline.resources = 0
            let time = try processorSeconds { for page in pages { try pipeline.run(page) } }
            rates.append(Double(pipeline.resources) / time)
            if until == .all {
                let time = try processorSeconds {
                    for page in pages { _ = try JSONSerialization.jsonObject(with: Data(page)) }
                }
                baseline.append(Double(pipeline.resources) / time)
            }
        }
        let bytes = pages.reduce(0) { $0 + $1.count }
        say(
            "pipeline: \(pipeline.resources) resources, \(bytes / max(1, pipeline.resources)) bytes of JSON each, "
                + "\(pipeline.rejected) rejected; rows of \(pipeline.rowBytes / max(1, pipeline.rows)) bytes, "
                + "\(Double(pipeline.tags * 10 / max(1, pipeline.rows)) / 10) tags each")
        Figure(
            name: until == .all ? "pipeline" : "pipeline_until_\(until.rawValue)", value: rates.median,
            unit: "resources/s per core", baseline: "Foundation JSONSerialization, parsing alone",
            baselineValue: baseline.median
        ).report()
    }
}

/// The way of one page.
private struct Pipeline {
    let judge: CatalogJudge
    let until: PipelineBenchmark.Stage
    let parser = JSONParser()
    var resources = 0
    var rejected = 0
    var rows = 0
    var rowBytes = 0
    var tags = 0

    init(judge: CatalogJudge, until: PipelineBenchmark.Stage) {
        self.judge = judge
        self.until = until
    }

    mutating func run(_ page: [UInt8]) throws {
        try parser.withDocument(page) { document in
            guard until != .parse else {
                resources += AWSPages.itemsPerPage
                return
            }
            let payload = Normaliser.normalise(document, provider: .aws, hints: AWSPages.hints)
            resources += payload.observations.count
            rejected += payload.rejectedCount
            guard until != .normalise else { return }
            let now = wallClock()
            for observation in payload.observations { take(observation, at: now) }
        }
    }

    private mutating func take(_ observation: Observation, at now: Timestamp) {
        let resource = Resource(observed: observation, at: now)
        let (tags, compliance) = judge.judge(resource, claims: [], previous: nil, at: now)
        guard until != .judge else { return }
        let record = ResourceRecord(
            resource: resource, tags: tags, compliance: compliance, judgedUnder: judge.version, changedIndex: 1)
        rows += 1
        rowBytes += RecordCodec.encode(record).count
        self.tags += tags.count
    }
}
