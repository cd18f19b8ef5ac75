import ArgumentParser
import Foundation
import JSON
import LoadTesting

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Print the figures of one result against another's, as `make bench` prints them.",
        discussion: "One JSON object a line: the rate, and the p99 latency, whose ratio is better below 1.")

    @Argument(help: "A result that `run --json` wrote.", completion: .file()) var ours: String
    @Argument(help: "The result to hold it against.", completion: .file()) var baseline: String
    @Option(help: "What the figures are called.") var name: String
    @Option(help: "What the baseline is called.") var baselineName: String
    @Option(help: "The unit of the rate.") var unit = "operations/s"

    func run() throws {
        let ours = try Self.result(ours)
        let baseline = try Self.result(baseline)
        Self.figure(name, ours.rate, unit, baselineName, baseline.rate)
        Self.figure(name + "_p99", ours.p99, "ms", baselineName, baseline.p99)
    }

    private static func result(_ path: String) throws -> (rate: Double, p99: Double) {
        guard let bytes = FileManager.default.contents(atPath: path), let value = try? JSONValue(parsing: Array(bytes)),
            let rate = value["operations_per_second"]?.double, let p99 = value["all"]?["latency"]?["p99"]?.double,
            let succeeded = value["all"]?["succeeded"]?.int
        else { throw LoadFailure(.usage, "\(path) is no result of `vtag-load run --json`") }
        let failures = ["refused", "not_taken", "unknown"].reduce(0) { $0 + (value["all"]?[$1]?.int ?? 0) }
        // A run with failures has no rate that means anything.
        guard failures == 0, succeeded > 0 else {
            throw LoadFailure(
                .usage, "\(path): \(failures) operations failed, \(succeeded) succeeded; there is nothing to compare")
        }
        return (rate, p99 / 1_000)
    }

    private static func figure(_ name: String, _ value: Double, _ unit: String, _ baseline: String, _ baselineValue: Double)
    {
        func rounded(_ value: Double) -> JSONValue { .double(Double(Decimals.text(value, digits: 3)) ?? value) }
        let line = JSONValue.object([
            .init("name", .string(name)), .init("value", rounded(value)), .init("unit", .string(unit)),
            .init("baseline", .string(baseline)), .init("baseline_value", rounded(baselineValue)),
            .init("ratio", rounded(baselineValue > 0 ? value / baselineValue : 0)),
        ])
        Console.out(String(decoding: line.serialised, as: UTF8.self))
    }
}
