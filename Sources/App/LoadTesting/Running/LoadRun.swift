import HTTPTransport
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// One run of a scenario against a system: prepares, loads, breaks things, verifies.
package final class LoadRun: Sendable {
    package struct Options: Sendable {
        package var token: String?
        /// PEM file of the authorities to trust for https; nil for the system's.
        package var caFile: String?
        /// Event loops that carry the connections.
        package var threads = 1

        package init() {}
    }

    /// How long the system may take to be ready for a load.
    private static let preparationPatience: Microseconds = 30_000_000
    /// Key groups of a target that does not say what its shards are.
    private static let groupsDefault = 16

    private let scenario: Scenario
    private let options: Options
    private let run: RunName
    private let inventory: LoadInventory
    private let stopped = Atomic(false)

    package init(_ scenario: Scenario, options: Options) {
        self.scenario = scenario
        self.options = options
        run = RunName(.random(in: .min ... .max))
        inventory = LoadInventory(run: run, plan: scenario.data)
    }

    /// Starts no more operations and faults; what was done is undone, and `execute` goes on to its report.
    package func stop() { stopped.store(true, ordering: .relaxed) }

    /// - Parameter progress: called about once a second.
    /// - Throws: `LoadFailure` when the run cannot begin.
    package func execute(progress: @escaping @Sendable (ProgressSnapshot) -> Void) async throws -> LoadResult {
        let targets = try scenario.targets.urls.map(LoadTarget.init)
        guard !targets.isEmpty else {
            throw LoadFailure(.usage, "no target: give --target URL, or targets.urls in the scenario")
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: options.threads)
        var logger = Logger(label: "vtag-load") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let client = HTTPClient(
            group: group, configuration: try configuration(connections: scenario.connections, targets: targets.count),
            logger: logger)
        do {
            // Where the connections are, so that no operation waits for another thread.
            let result = try await withTaskExecutorPreference(EventLoopExecutor(group.next())) {
                try await execute(client, targets, progress)
            }
            await client.shutDown()
            try? await group.shutdownGracefully()
            return result
        } catch {
            await client.shutDown()
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private func execute(
        _ client: HTTPClient, _ targets: [LoadTarget], _ progress: @escaping @Sendable (ProgressSnapshot) -> Void
    ) async throws -> LoadResult {
        let access = ClusterAccess(client: client, targets: targets, inventory: inventory, token: options.token)
        let prepared = try await prepare(access)
        let recorder = Recorder(scenario, groups: prepared.groups)
        let planner = OperationPlannerBox(scenario)
        func sender(_ clock: LoadClock) -> OperationSender {
            OperationSender(
                client: client, chooser: TargetChooser(targets, choice: scenario.targets.choice), wire: prepared.wire,
                policy: scenario.request, clock: clock)
        }
        if scenario.data.isFilled {
            try await LoadDriver.fill(
                registers: inventory.registerCount, from: planner, through: sender(LoadClock()), into: recorder)
        }
        let clock = LoadClock()
        let faults = FaultInjector(events: FaultTimeline.events(scenario.faults, seed: scenario.seed), clock: clock) {
            self.isStopped
        }
        let driver = LoadDriver(
            scenario: scenario, planner: planner, sender: sender(clock), recorder: recorder, clock: clock
        ) { self.isStopped }
        let reporter = Task { await report(driver, recorder, faults, clock, progress) }
        async let injected: Void = faults.run()
        let book = await driver.run()
        await injected
        reporter.cancel()
        await reporter.value
        var result = LoadResult(
            scenario: scenario, run: run, measurements: recorder.measurements, loadEnded: min(scenario.end, book.ended))
        result.late = book.late
        result.latenessMax = book.latenessMax
        result.wasStopped = isStopped
        result.faults = faults.records
        result.effects = recorder.pauses.effects(of: result.faults.map(\.event), end: result.loadEnded)
        if scenario.verification.isOn, let wire = prepared.wire as? VTagProtocol {
            result.verification = await verify(access, wire, recorder, clock)
        }
        if let rule = prepared.ruleID { try? await access.removeRule(rule, within: scenario.verification.settle) }
        return result
    }

    // MARK: Before

    private struct Prepared {
        let wire: any TargetProtocol
        let groups: KeyGroups
        let ruleID: String?
    }

    private func prepare(_ access: ClusterAccess) async throws -> Prepared {
        let patience = Self.preparationPatience
        switch scenario.targets.kind {
        case .etcd:
            let wire = EtcdProtocol(inventory: inventory, valueBytes: scenario.data.valueBytes)
            return Prepared(wire: wire, groups: KeyGroups(inventory, shards: 1), ruleID: nil)
        case .vtag:
            let shards = try await access.shards(within: patience) ?? Self.groupsDefault
            try await access.makeResources(within: patience)
            let changesRules = scenario.mix.contains { $0.kind == .ruleChange }
            let ruleID = changesRules ? try await access.makeRule(within: patience) : nil
            let wire = VTagProtocol(
                inventory: inventory, valueBytes: scenario.data.valueBytes, token: options.token, ruleID: ruleID,
                hasIdempotencyKeys: scenario.request.hasIdempotencyKeys,
                readsAreChecked: scenario.verification.isOn)
            return Prepared(wire: wire, groups: KeyGroups(inventory, shards: shards), ruleID: ruleID)
        }
    }

    private func configuration(connections: Int, targets: Int) throws -> HTTPClientConfiguration {
        var configuration = HTTPClientConfiguration()
        configuration.version = scenario.targets.httpVersion == 1 ? .http1Only : .automatic
        configuration.connectionsPerOriginMax =
            switch scenario.targets.choice {
            case .roundRobin: (connections + targets - 1) / targets
            case .failOver: connections
            }
        // In a closed loop one connection carries one operation at a time, whatever the protocol could do.
        if scenario.mode == .closed { configuration.streamsPerConnectionMax = 1 }
        configuration.waitersPerOriginMax = scenario.inFlightMax + connections
        // Attempts are made, and counted, here.
        configuration.attemptsMax = 1
        if scenario.targets.urls.contains(where: { $0.lowercased().hasPrefix("https") }) {
            do {
                configuration.tls = try TLSClientContext(trust: options.caFile.map(TLSTrust.file) ?? .system)
            } catch {
                throw LoadFailure(.usage, "TLS cannot be set up: \(error)")
            }
        }
        return configuration
    }

    // MARK: Meanwhile

    private var isStopped: Bool { stopped.load(ordering: .relaxed) }

    private func report(
        _ driver: LoadDriver, _ recorder: Recorder, _ faults: FaultInjector, _ clock: LoadClock,
        _ progress: @Sendable (ProgressSnapshot) -> Void
    ) async {
        var second = 1
        while !Task.isCancelled {
            try? await clock.sleep(until: Microseconds(second) * 1_000_000)
            if Task.isCancelled { return }
            progress(
                ProgressSnapshot(
                    scenario: scenario, second: second, measurements: recorder.measurements, inFlight: recorder.inFlight,
                    late: driver.late, faults: faults.records))
            second += 1
        }
    }

    // MARK: After

    private func verify(
        _ access: ClusterAccess, _ wire: VTagProtocol, _ recorder: Recorder, _ clock: LoadClock
    ) async -> LoadResult.Verification {
        let settle = scenario.verification.settle
        let resources = Set(recorder.history.writtenRegisters.map(inventory.resource)).sorted()
        do {
            try await access.readAll(resources, wire: wire, clock: clock, within: settle) {
                recorder.readInTheEnd($0, call: $1, completion: $2)
            }
            let trails = try await access.trails(of: resources, within: settle)
            var verifier = HistoryVerifier(history: recorder.history, trails: trails, describe: inventory.describe)
            return .done(verifier.verify())
        } catch {
            return .impossible("\(error)")
        }
    }
}
