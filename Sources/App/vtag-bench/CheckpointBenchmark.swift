import ArgumentParser

/// What a tag write costs in the checkpoint.
struct CheckpointBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint",
        abstract: "Processor time of the checkpoint for each tag write, against a copy of its bytes.")

    @OptionGroup var common: CommonOptions

    @Option(help: "An empty directory on the disk to measure.")
    var directory: String

    @Option(help: "Rows in the checkpoint.")
    var resources = 10_000

    @Option(help: "Tag writes in each round.")
    var writes = 20_000

    @Option(help: "Length of a tag's value in bytes.")
    var valueBytes = 1024

    func run() async throws {
        var load = try await CheckpointLoad(directory: directory, resources: resources, valueBytes: valueBytes)
        _ = try await load.round(writes: writes)
        let rounds = common.quick ? 2 : 6
        var spent = 0.0
        for _ in 0..<rounds { spent += try await load.round(writes: writes) }
        spent += load.close()
        // A row and its audit entry hold the value three times.
        let bytes = 3 * valueBytes * writes * rounds
        let start = processorSeconds()
        _ = try Disk.secondsToWrite(bytes, in: directory)
        let copying = processorSeconds() - start
        Figure(
            name: "checkpoint_cpu_per_write", value: spent * 1e6 / Double(writes * rounds), unit: "µs",
            baseline: "writing the values to a file", baselineValue: copying * 1e6 / Double(writes * rounds)
        ).report()
    }
}
