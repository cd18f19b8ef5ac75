import ArgumentParser
import Foundation
import Simulation

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Lives many lives, one for each seed; stops at the first violation.")

    @Option(help: "How many seeds.")
    var seeds: UInt64 = 2_000

    @Option(help: "The first seed, or \"random\".")
    var first = "1"

    @Option(help: "Lives at a time.")
    var jobs = 2

    @Flag(help: "Live every life twice and compare the traces (else each 50th).")
    var checkDeterminism = false

    @Flag(help: "Go on after a violation.")
    var keepGoing = false

    @Flag(help: "No progress on standard error.")
    var quiet = false

    @OptionGroup var life: LifeOptions

    func validate() throws {
        guard first == "random" || UInt64(first).map({ $0 <= LifeOptions.seedMax }) == true else {
            throw ValidationError("--first is a number of at most 2^40, or \"random\"")
        }
        guard (1...LifeOptions.seedMax).contains(seeds) else { throw ValidationError("--seeds is from 1 to 2^40") }
        guard (1...64).contains(jobs) else { throw ValidationError("--jobs is from 1 to 64") }
    }

    func run() async throws {
        // The high bits stay clear, so that seeds are short and can be counted on from.
        let start = UInt64(first) ?? UInt64.random(in: 0..<LifeOptions.seedMax)
        say("seeds \(start)..<\(start + seeds), commit \(Commit.current)")
        let campaign = Campaign(
            seeds: start..<start + seeds, options: life.life, jobs: jobs, repeatEvery: checkDeterminism ? 1 : 50,
            stopsAtViolation: !keepGoing)
        let watch = Stopwatch()
        var lastShown = 0.0
        let result = await campaign.run { partial in
            guard !quiet, watch.seconds - lastShown >= 1 else { return }
            lastShown = watch.seconds
            let rate = watch.perMinute(partial.lives)
            Progress.show("\(partial.lives)/\(seeds) lives, \(rate) a minute, \(partial.violations.count) violations")
        }
        if !quiet { Progress.end() }
        for report in result.violations { show(report) }
        say(summary(result, watch))
        if !result.violations.isEmpty { throw ExitCode(1) }
    }

    private func show(_ report: LifeReport) {
        say("seed \(report.plan.seed), commit \(Commit.current)")
        say("repeat with: vtag-sim replay --seed \(report.plan.seed)\(life.arguments) --trace")
        say(report.text())
        say("")
    }

    private func summary(_ result: Campaign.Result, _ watch: Stopwatch) -> String {
        let tally = result.tally
        return """
            \(result.lives) lives, \(Int(result.virtualSeconds)) s of virtual time in \(Int(watch.seconds)) s: \
            \(watch.perMinute(result.lives)) lives a minute
            \(tally.events) events, \(tally.messages) messages, \(tally.operations) operations \
            (\(tally.unknownOutcomes) of unknown outcome), \(tally.faults) faults, \(tally.restarts) restarts \
            (\(tally.damagedLogs) with a damaged log), \(tally.elections) elections, \(tally.snapshots) snapshots \
            (\(tally.damagedChunks) damaged chunks on their way), \
            \(tally.memberChanges) changes of members, \(tally.undecided) keys undecided
            PostgreSQL: \(tally.databaseCommits) transactions taken, \(tally.databaseRefusals) refused, \(tally.lostAnswers) \
            answers lost, \(tally.databaseFaults) faults
            \(result.violations.count) violations
            """
    }
}
