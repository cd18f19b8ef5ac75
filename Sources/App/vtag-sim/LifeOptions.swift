import ArgumentParser
import Consensus
import Simulation

/// What a life is like, beside its seed.
struct LifeOptions: ParsableArguments {
    /// The largest first seed, and the most seeds of a run: they are counted on from, and stay short.
    static let seedMax: UInt64 = 1 << 40

    @Option(help: "Founding nodes: 3, 5 or 7; drawn from the seed if not given.")
    var nodes: Int?

    @Option(name: .customLong("bug"), help: "Plant this bug (see `vtag-sim bugs --list`); may be repeated.")
    var bugs: [String] = []

    func validate() throws {
        if let nodes, ![3, 5, 7].contains(nodes) { throw ValidationError("--nodes is 3, 5 or 7, not \(nodes)") }
        for name in bugs {
            guard let bug = PlantedBug.named(name) else { throw ValidationError("there is no bug named \(name)") }
            if bug.isInCore, !PlantedBugs.areCompiledIn {
                throw ValidationError("\(name) is not in this build: build with VTAG_PLANTED_BUGS=1 in the environment")
            }
        }
    }

    var life: Life.Options {
        var options = Life.Options()
        options.founders = nodes
        for name in bugs { PlantedBug.named(name)?.plant(in: &options) }
        return options
    }

    /// The arguments that say the same.
    var arguments: String {
        var arguments = nodes.map { " --nodes \($0)" } ?? ""
        for bug in bugs { arguments += " --bug \(bug)" }
        return arguments
    }
}
