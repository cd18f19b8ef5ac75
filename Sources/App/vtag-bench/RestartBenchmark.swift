import ArgumentParser
import Foundation
import Model
import NodeRuntime

/// How long a node takes to serve again.
struct RestartBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart", abstract: "Time to start on a directory that `ingest` left, none of it in memory.")

    @OptionGroup var common: CommonOptions

    @Option(help: "The directory that `ingest` filled.")
    var directory: String

    @Option(help: "Starts; the median counts.")
    var rounds = 3

    func run() async throws {
        let checkpoint = "\(directory)/checkpoint.sqlite"
        var times: [Double] = []
        var baseline: [Double] = []
        var resources = 0
        for _ in 0..<(common.quick ? 1 : rounds) {
            baseline.append(try Disk.secondsToRead(checkpoint))
            try forget(directory)
            let start = monotonicSeconds()
            let bench = try await BenchNode.start(in: directory)
            times.append(monotonicSeconds() - start)
            resources = try await bench.node.statistics().totals.resources
            try await bench.stop()
        }
        let bytes = try FileManager.default.attributesOfItem(atPath: checkpoint)[.size] as? Int ?? 0
        say("restart: \(resources) resources, a checkpoint of \(bytes >> 20) MiB")
        Figure(
            name: "restart", value: times.median, unit: "s", baseline: "reading the checkpoint's file from end to end",
            baselineValue: baseline.median
        ).report()
    }

    private func forget(_ directory: String) throws {
        guard let files = FileManager.default.enumerator(atPath: directory) else { return }
        for case let name as String in files {
            let path = "\(directory)/\(name)"
            var isDirectory: ObjCBool = false
            if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue {
                try Disk.forget(path)
            }
        }
    }
}
