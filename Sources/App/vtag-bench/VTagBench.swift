import ArgumentParser

/// The benchmarks that need no server beside them. `loadtest/bench` runs them all, and those against a running node.
@main
struct VTagBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vtag-bench",
        abstract: "Measures the parts of a node in process.",
        discussion: """
            One JSON object a line on standard output, text for people on standard error.
            """,
        subcommands: [
            PipelineBenchmark.self, IngestBenchmark.self, RestartBenchmark.self, CommitsBenchmark.self,
            MemoryBenchmark.self, CheckpointBenchmark.self, HTTPCommitsBenchmark.self, RulesBenchmark.self,
            RelationsBenchmark.self, SinkBenchmark.self, RestoreBenchmark.self, RegionBenchmark.self, GraphBenchmark.self,
            PayloadFiles.self,
        ])
}

/// What all benchmarks take.
struct CommonOptions: ParsableArguments {
    @Option(help: "Directory with rules.yaml, schema.yaml and policies.yaml.")
    var samples = "samples"

    @Flag(help: "A short look instead of a figure to keep.")
    var quick = false
}
