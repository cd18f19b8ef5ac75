import ArgumentParser
import Simulation

struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Lives one life again and shows it.")

    @Option(help: "The seed.")
    var seed: UInt64

    @Flag(help: "Every event as it happens, messages included.")
    var trace = false

    @Flag(help: "A sequence diagram of the last events, as Mermaid text.")
    var diagram = false

    @OptionGroup var life: LifeOptions

    func run() async throws {
        let replayed = Life(seed: seed, options: life.life)
        if trace { replayed.trace.observer = { say($0.text()) } }
        let report = replayed.run()
        if diagram { say(report.diagram()) }
        say("seed \(seed), commit \(Commit.current), trace \(String(report.traceHash, radix: 16))")
        say(report.violation == nil ? "plan: \(report.plan.text)\nno violation" : report.text())
        if report.violation != nil { throw ExitCode(1) }
    }
}
