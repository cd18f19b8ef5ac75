package import Consensus
package import Sink

/// A whole cluster and its clients in one thread of virtual time, from the first election to the last read.
///
/// Two phases: until `plan.chaos` anything may happen; then a majority is healed and must converge. The seed decides
/// everything: two lives of one plan have the same trace.
package final class Life {
    package struct Options: Sendable {
        /// Number of founding nodes; nil: drawn.
        package var founders: Int?
        package var coreBugs: Consensus.PlantedBugs = []
        package var sinkBugs: SinkBugs = []
        package var shellBugs: ShellBugs = []

        package init() {}
    }

    package let plan: LifePlan
    let bugs: ShellBugs
    let sinkBugs: SinkBugs
    var queue = EventQueue<LifeEvent>()
    var network: SimulatedNetwork
    var packets = PacketStore()
    var nodes: [SimulatedNode] = []
    var clients: [SimulatedClient] = []
    var ledger: Ledger
    var history = ClientHistory()
    package var trace = Trace()
    var tally = LifeTally()
    var faultRandom: RandomStream
    var clientRandom: RandomStream
    var coreRandom: RandomStream
    var machineRandom: RandomStream
    var databaseRandom: RandomStream
    var database: SimulatedDatabase
    var sinkTruth: SinkTruth
    /// On their way to the database, by number.
    var sinkQuestions: [Int: SinkQuestion] = [:]
    var sinkQuestionCount = 0
    /// Which of the overlapping faults of the database is the newest: its end heals all.
    var databaseFaultNumber = 0
    /// Connections of snapshots, by number.
    var streams: [Int: SnapshotStream] = [:]
    var streamCount = 0
    /// The newest version of the catalogue that rows of shards are judged under.
    var catalogVersion: UInt64 = 1
    /// Which of the overlapping faults of the network is the newest: its end heals all.
    var linkFaultNumber = 0
    /// By group: what clients last asked of its resources.
    var lastAsked: [[(key: UInt64, command: ResourceCommand)]]
    /// By group: the positions of the nodes that should vote.
    var placement: [[Int]]
    /// Set when the first phase is over.
    var settlingSince: Microseconds?
    /// Nodes that stay away in the second phase.
    var absent: Set<Int> = []
    var isOver = false
    /// Where a history has no explanation: its operations.
    var relevantOperations: [ClientHistory.Entry] = []

    package init(seed: UInt64, options: Options = Options()) {
        var plan = LifePlan(seed: seed, founders: options.founders)
        plan.settings.plantedBugs = options.coreBugs
        self.plan = plan
        bugs = options.shellBugs
        sinkBugs = options.sinkBugs
        network = SimulatedNetwork(
            endpoints: plan.nodes + plan.clients, profile: plan.network,
            random: RandomStream(seed: seed, purpose: .network))
        ledger = Ledger(groups: plan.groups)
        faultRandom = RandomStream(seed: seed, purpose: .faults)
        clientRandom = RandomStream(seed: seed, purpose: .clients)
        coreRandom = RandomStream(seed: seed, purpose: .cores)
        machineRandom = RandomStream(seed: seed, purpose: .machines)
        databaseRandom = RandomStream(seed: seed, purpose: .database)
        database = SimulatedDatabase(groups: plan.groups, resources: plan.keysPerGroup)
        sinkTruth = SinkTruth(groups: plan.groups, resources: plan.keysPerGroup)
        lastAsked = Array(repeating: [], count: plan.groups)
        placement = Array(repeating: Array(0..<plan.founders), count: plan.groups)
        makeNodes()
        clients = (0..<plan.clients).map { SimulatedClient(index: $0, endpoint: plan.nodes + $0, groups: plan.groups) }
    }

    /// Lives the life to its end.
    package func run() -> LifeReport {
        for node in nodes { start(node) }
        for client in clients { wake(client.index, after: clientRandom.duration(in: 0...plan.thinkTime)) }
        scheduleFault()
        if let interval = plan.catalogInterval { queue.schedule(.catalogChanges, after: interval) }
        scheduleDatabaseFault()
        queue.schedule(.operatorLooks, after: Self.operatorInterval)
        queue.schedule(.settle, at: plan.chaos)
        while !isOver, ledger.violation == nil, let event = queue.next() {
            tally.events += 1
            handle(event)
        }
        if ledger.violation == nil { judge() }
        if let violation = ledger.violation {
            trace.note(.violation, at: queue.now, place: -1, group: violation.group)
        }
        return LifeReport(
            plan: plan, violation: ledger.violation, traceHash: trace.hash, virtualTime: queue.now, tally: tally,
            lines: trace.lines, tellingLines: trace.tellingLines, operations: relevantOperations)
    }

    var now: Microseconds { queue.now }

    private func handle(_ event: LifeEvent) {
        switch event {
        case .arrival(let slot): arrived(slot)
        case .timer(let node, let life): ifAlive(node, life, event) { timerFired($0) }
        case .synced(let node, let life): ifAlive(node, life, event) { synced($0) }
        case .fetched(let node, let life, let group, let fetch):
            ifAlive(node, life, event) { fetched($0, group: group, fetch) }
        case .snapshotGivenUp(let node, let life, let group, let peer):
            ifAlive(node, life, event) { snapshotEnded($0, group: group, peer: peer, delivered: nil) }
        case .snapshotStalls(let node, let life, let group, let peer, let stream):
            ifAlive(node, life, event) { snapshotStalls($0, group: group, peer: peer, stream: stream) }
        case .installed(let node, let life, let group): ifAlive(node, life, event) { installed($0, group: group) }
        case .sweep(let node, let life, let group): ifAlive(node, life, event) { sweepSlice($0, group) }
        case .catalogChanges: catalogChanges()
        case .catalogHeard(let node, let life, let version):
            ifAlive(node, life, event) { catalogHeard($0, version: version) }
        case .restart(let node, let life): if nodes[node].life == life { start(nodes[node]) }
        case .resume(let node, let life): if nodes[node].life == life { resume(nodes[node]) }
        case .fault: fault()
        case .healLinks(let number): if number == linkFaultNumber { healLinks() }
        case .leaderFalls(let node, let life): if nodes[node].life == life { leaderFalls(nodes[node]) }
        case .handOverUnheard(let group): handOverUnheard(group: group)
        case .leaderIsCutOff(let node, let life, let direction, let duration):
            if nodes[node].life == life { leaderIsCutOff(nodes[node], direction: direction, duration: duration) }
        case .client(let client, let wake): clientWoke(client, wake: wake)
        case .operatorLooks: operatorLooks()
        case .sinkTurn(let node, let life): ifAlive(node, life, event) { sinkTurn($0) }
        case .sinkReads(let node, let life, let call): ifAlive(node, life, event) { sinkReads($0, call) }
        case .sinkHears(let node, let life, let call, let answer):
            ifAlive(node, life, event) { sinkHears($0, call, answer) }
        case .databaseHears(let question): databaseHears(question)
        case .databaseFault: databaseFault()
        case .databaseMends(let number): if number == databaseFaultNumber { database.heal() }
        case .settle: settle()
        }
    }

    /// A paused node gets its events when it goes on; one that restarted since, never.
    private func ifAlive(_ position: Int, _ life: Int, _ event: LifeEvent, _ body: (SimulatedNode) -> Void) {
        let node = nodes[position]
        guard node.life == life else { return }
        switch node.condition {
        case .up: body(node)
        case .paused: node.held.append(event)
        case .down: return
        }
    }

    private func makeNodes() {
        var clockRandom = RandomStream(seed: plan.seed, purpose: .clocks)
        var diskRandom = RandomStream(seed: plan.seed, purpose: .disk)
        for position in 0..<plan.nodes {
            let drift = clockRandom.number(in: -plan.driftMaxPerMillion...plan.driftMaxPerMillion)
            let clock = NodeClock(
                reading: clockRandom.duration(in: 0...Microseconds.seconds(1_000)), driftPerMillion: Int64(drift))
            nodes.append(
                SimulatedNode(
                    position: position, clock: clock,
                    log: SimulatedDisk(profile: plan.disk, random: RandomStream(seed: diskRandom.next())),
                    meta: SimulatedDisk(profile: plan.disk, random: RandomStream(seed: diskRandom.next()))))
        }
    }
}
