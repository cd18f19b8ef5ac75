import ArgumentParser
import LoadTesting

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say what is wrong with scenarios, and when their faults happen. Sends nothing.")

    @Argument(help: "Scenario files.", completion: .file(extensions: ["yaml"]))
    var scenarios: [String]

    func run() throws {
        for path in scenarios {
            let scenario = try ScenarioFile.read(path)
            Console.out("\(path): \(scenario.name), \(DurationText.render(scenario.end)), \(scenario.mode.rawValue) loop")
            for event in FaultTimeline.events(scenario.faults, seed: scenario.seed) {
                Console.out(
                    "  \(DurationText.render(event.time))  \(event.name)\(event.isUndo ? ", undone" : "")"
                        + (event.node.map { "  NODE=\($0)" } ?? "") + "  \(event.command)")
            }
        }
    }
}
