import ArgumentParser
import Dispatch
import Foundation
import JSON
import LoadTesting

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a scenario. Flags win over what the scenario says.",
        discussion: "Ctrl-C ends the load early; what was broken is mended and the report is still made.")

    @Argument(help: "The scenario.", completion: .file(extensions: ["yaml"]))
    var scenario: String

    @Option(help: "A node, or what balances over nodes; several times for several. Else targets.urls of the scenario.")
    var target: [String] = []

    @Option(help: "A file that holds the bearer token. Else $VTAG_TOKEN.", completion: .file())
    var tokenFile: String?

    @Option(help: "The certificate authorities to trust for https, in PEM. Else $VTAG_CA_FILE.", completion: .file())
    var caFile: String?

    @Flag(help: "Check in the end that no acknowledged write was lost or applied twice, and that all was linearizable.")
    var verify = false

    @Option(help: "Operations per second of an open loop, level.") var rate: Double?
    @Option(help: "Connections.") var connections: Int?
    @Option(help: "How long, as in 30s or 5m; without the warm-up.") var duration: String?
    @Option(help: "The seed of everything that is drawn.") var seed: UInt64?
    @Option(help: "Event loops of the client.") var threads = 1
    @Option(help: "Write the result as JSON.", completion: .file()) var json: String?
    @Option(help: "Write a report that a browser shows.", completion: .file()) var html: String?
    @Flag(help: "Say nothing until the end.") var quiet = false

    func validate() throws {
        if let rate, !RateProfile.rates.contains(rate) { throw ValidationError("--rate must be above 0") }
        if let connections, !(1...4_096).contains(connections) { throw ValidationError("--connections goes from 1 to 4096") }
        if let duration, (DurationText.parse(duration) ?? 0) <= 0 {
            throw ValidationError("--duration must be a time as in 30s or 5m")
        }
        if !(1...64).contains(threads) { throw ValidationError("--threads goes from 1 to 64") }
    }

    func run() async throws {
        let scenario = try adjusted(try ScenarioFile.read(self.scenario))
        var options = LoadRun.Options()
        options.token = try token()
        options.caFile = caFile ?? ProcessInfo.processInfo.environment["VTAG_CA_FILE"].flatMap { $0.isEmpty ? nil : $0 }
        options.threads = threads
        let run = LoadRun(scenario, options: options)
        let signals = Self.onInterrupt { run.stop() }
        let isQuiet = quiet
        let result = try await run.execute { snapshot in
            if isQuiet { return }
            if Console.errorIsTerminal {
                Console.show(snapshot.line)
            } else if snapshot.second % 10 == 0 {
                Console.error(snapshot.line)
            }
        }
        signals.forEach { $0.cancel() }
        if Console.errorIsTerminal, !quiet { Console.show("") }
        for line in result.text { Console.out(line) }
        if let json { try Self.write(Data(result.json.serialised + [UInt8(ascii: "\n")]), to: json) }
        if let html { try Self.write(Data(result.html.utf8), to: html) }
        if !result.isSound { throw ExitCode(1) }
    }

    /// The scenario with what the flags say.
    private func adjusted(_ scenario: Scenario) throws -> Scenario {
        var scenario = scenario
        if !target.isEmpty { scenario.targets.urls = target }
        if let connections { scenario.connections = connections }
        if let seed { scenario.seed = seed }
        if let rate {
            guard scenario.mode == .open else { throw LoadFailure(.usage, "--rate: a closed loop has no rate") }
            scenario.rate = RateProfile(constant: rate)
        }
        if let duration = duration.flatMap(DurationText.parse) {
            scenario.duration = duration
            let end = scenario.end
            for position in scenario.faults.indices { scenario.faults[position].moments.removeAll { $0 > end } }
        }
        if verify {
            guard scenario.targets.kind == .vtag, scenario.request.hasIdempotencyKeys,
                scenario.mix.contains(where: \.kind.writesTags)
            else {
                throw LoadFailure(.usage, "--verify: this scenario writes nothing that could be verified")
            }
            scenario.verification.isOn = true
        }
        return scenario
    }

    private func token() throws -> String? {
        guard let tokenFile else {
            return ProcessInfo.processInfo.environment["VTAG_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
        }
        guard let bytes = FileManager.default.contents(atPath: tokenFile) else {
            throw LoadFailure(.usage, "cannot read the token file \(tokenFile)")
        }
        let token = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw LoadFailure(.usage, "\(tokenFile) does not hold a token")
        }
        return token
    }

    private static func onInterrupt(_ body: @escaping @Sendable () -> Void) -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler(handler: body)
            source.resume()
            return source
        }
    }

    private static func write(_ data: Data, to path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: data) else {
            throw LoadFailure(.usage, "cannot write \(path)")
        }
    }
}
