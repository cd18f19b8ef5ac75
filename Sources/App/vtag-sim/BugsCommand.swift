import ArgumentParser
import Simulation

struct BugsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bugs", abstract: "Plants each bug and says after how many seeds it is caught.")

    @Option(help: "Most seeds that a bug may take.")
    var seeds: UInt64 = 10_000

    @Option(help: "The first seed.")
    var first: UInt64 = 1

    @Option(help: "Lives at a time.")
    var jobs = 2

    @Option(help: "This one alone; may be repeated.")
    var only: [String] = []

    @Flag(help: "Print the names only.")
    var list = false

    func validate() throws {
        guard first <= LifeOptions.seedMax, (1...LifeOptions.seedMax).contains(seeds) else {
            throw ValidationError("--first is at most 2^40, --seeds from 1 to 2^40")
        }
        for name in only where PlantedBug.named(name) == nil { throw ValidationError("there is no bug named \(name)") }
    }

    func run() async throws {
        let bugs = PlantedBug.all.filter { only.isEmpty || only.contains($0.name) }
        if list { return bugs.forEach { say($0.name) } }
        say("| bug | seeds until caught | by |\n| --- | ---: | --- |")
        var missed = 0
        for bug in bugs {
            var options = Life.Options()
            bug.plant(in: &options)
            let campaign = Campaign(
                seeds: first..<first + seeds, options: options, jobs: jobs, repeatEvery: 0, stopsAtViolation: true,
                baseline: Life.Options())
            let result = await campaign.run { _ in }
            if let report = result.violations.first, let violation = report.violation {
                say("| `\(bug.name)` | \(report.plan.seed - first + 1) | \(violation.property.rawValue) |")
            } else {
                missed += 1
                say("| `\(bug.name)` | not in \(result.lives) | |")
            }
        }
        say("\n\(bugs.count - missed) of \(bugs.count) bugs caught")
        if missed > 0 { throw ExitCode(1) }
    }
}
