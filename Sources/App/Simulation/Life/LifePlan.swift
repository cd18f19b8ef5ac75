package import Consensus

/// Everything about a life that is decided before it starts. Drawn from the seed alone, so a seed tells the whole life.
package struct LifePlan: Sendable, Equatable {
    package var seed: UInt64
    /// Nodes that the groups start on; replicas of all groups vote there.
    package var founders: Int
    /// Nodes that start empty and may be given replicas.
    package var spares: Int
    package var groups: Int
    package var clients: Int
    package var keysPerGroup: Int
    /// How long anything may happen.
    package var chaos: Microseconds
    /// Mean time between two faults.
    package var faultInterval: Microseconds
    /// The kinds of faults of this life, each with its weight. Most lives know only some: what one fault hides, the
    /// absence of it shows.
    package var faultWeights: [FaultKind: Int]
    package var network: NetworkProfile
    package var disk: DiskProfile
    /// Fastest clock against true time, in parts per million.
    package var driftMaxPerMillion: Int
    /// A replica takes a snapshot after this many applied entries.
    package var snapshotInterval: UInt64
    /// Mean time between an answer and the client's next operation.
    package var thinkTime: Microseconds
    /// How long a client waits for one answer.
    package var attemptTimeout: Microseconds
    /// After this long a client gives an operation up: its outcome stays unknown.
    package var operationTimeout: Microseconds
    package var settings: ConsensusSettings
    /// By group: what it replicates.
    package var machines: [MachineKind]
    /// Messages travel as bytes, heartbeats in batches; else as they are, which is faster.
    package var usesFrames: Bool
    /// Snapshots travel in chunks on connections of their own, and take time to install; else as one packet.
    package var streamsSnapshots: Bool
    package var snapshotLimits = SnapshotLimits()
    /// Chunks that arrive, or are staged, with another byte than was sent, of a million.
    package var damagedChunksPerMillion: Int
    /// Mean time between two changes of the catalogue; nil: there are none.
    package var catalogInterval: Microseconds?
    /// PostgreSQL, where results of shards go there.
    package var sink: SinkPlan?

    package var nodes: Int { founders + spares }

    /// Of a hundred lives with shards: those with a PostgreSQL.
    private static let sinkPercent = 80

    package init(seed: UInt64, founders fixedFounders: Int? = nil) {
        var random = RandomStream(seed: seed, purpose: .plan)
        self.seed = seed
        let drawnFounders = random.element(of: [3, 3, 3, 3, 3, 3, 5, 5, 5, 7])
        founders = fixedFounders ?? drawnFounders
        spares = random.element(of: [0, 0, 1, 1, 2])
        groups = random.element(of: founders == 3 ? [1, 1, 2, 2, 3] : [1, 1, 1, 2])
        clients = random.number(in: 3...6)
        keysPerGroup = random.number(in: 1...4)
        chaos = random.duration(in: .seconds(3)...(.seconds(9)))
        faultInterval = random.duration(in: .milliseconds(40)...(.milliseconds(300)))
        network = NetworkProfile.drawn(from: &random)
        disk = DiskProfile.drawn(from: &random)
        driftMaxPerMillion = random.element(of: [0, 200, 50_000, 250_000])
        snapshotInterval = UInt64(random.element(of: [5, 15, 40, 100_000]))
        thinkTime = random.duration(in: .milliseconds(5)...(.milliseconds(80)))
        attemptTimeout = random.duration(in: .milliseconds(150)...(.milliseconds(500)))
        operationTimeout = random.duration(in: .milliseconds(300)...(.milliseconds(2_500)))
        faultWeights = Self.drawnWeights(spares: spares, from: &random)
        settings = Self.drawnSettings(from: &random)
        var machineRandom = RandomStream(seed: seed, purpose: .machines)
        let shardPercent = machineRandom.element(of: [0, 50, 100])
        machines = (0..<groups).map { _ in machineRandom.chance(percent: shardPercent) ? .shard : .registers }
        usesFrames = machineRandom.chance(percent: 30)
        streamsSnapshots = machineRandom.chance(percent: 40)
        damagedChunksPerMillion = machineRandom.element(of: [0, 50_000, 250_000])
        catalogInterval =
            machines.contains(.shard) && machineRandom.chance(percent: 40)
            ? machineRandom.duration(in: .milliseconds(150)...(.milliseconds(1_500))) : nil
        snapshotLimits.chunkBytes = machineRandom.element(of: [64, 512, 4_096])
        snapshotLimits.windowBytes = machineRandom.element(of: [64, 1_024, 1 << 16])
        snapshotLimits.idleMilliseconds = UInt64(machineRandom.number(in: 100...500))
        var databaseRandom = RandomStream(seed: seed, purpose: .database)
        if machines.contains(.shard), databaseRandom.chance(percent: Self.sinkPercent) {
            sink = SinkPlan.drawn(from: &databaseRandom)
        }
    }

    private static func drawnWeights(spares: Int, from random: inout RandomStream) -> [FaultKind: Int] {
        var weights: [FaultKind: Int] = [:]
        for kind in FaultKind.allCases where random.chance(percent: 55) {
            weights[kind] = random.number(in: 1...kind.weightMax)
        }
        if spares == 0 { weights[.memberMoves] = nil }
        return weights
    }

    private static func drawnSettings(from random: inout RandomStream) -> ConsensusSettings {
        var settings = ConsensusSettings()
        settings.heartbeatMilliseconds = UInt64(random.number(in: 25...60))
        settings.electionMilliseconds = UInt64(random.number(in: 150...300))
        settings.appendMilliseconds = UInt64(random.number(in: 60...150))
        // Small windows and quotas, so that their edges are met in a short life.
        settings.windowBytesMax = random.element(of: [256, 2_048, 1 << 20])
        settings.inflightAppendsMax = random.element(of: [1, 4, 64])
        settings.appendBytesMax = random.element(of: [128, 1_024, 1 << 18])
        settings.uncommittedBytesMax = random.element(of: [1_024, 1 << 20])
        settings.backlogBytesMax = random.element(of: [1 << 20, 64 << 20])
        settings.fetchBytesMax = random.element(of: [128, 4_096])
        return settings
    }
}

/// What a group replicates.
package enum MachineKind: Sendable, Equatable {
    /// Registers by key: the simulator's own.
    case registers
    /// `Protocol/Shard`: what the nodes run.
    case shard
}

/// What can go wrong in a life.
package enum FaultKind: Int, CaseIterable, Sendable {
    case crash, powerLoss, powerLossEverywhere, pause
    case oneWayCut, clog, partition, isolateLeader
    case diskStall, diskSlow, diskFull, syncFailure, bitFlip
    case wipe, clockDrift
    /// Not drawn in time: by weight, a leader falls just after it began a term, a change of members or a transfer.
    case leaderFalls
    /// Not faults, but what operators do at the worst moment.
    case leadershipTransfer, memberMoves
    /// A leader that goes on beside its successor.
    case staleLeader

    /// How often a kind may be drawn against others.
    var weightMax: Int {
        switch self {
        case .crash, .powerLoss, .partition, .isolateLeader, .oneWayCut: 6
        case .pause, .clog, .clockDrift, .leadershipTransfer, .memberMoves, .staleLeader, .diskSlow: 4
        case .powerLossEverywhere, .diskStall, .diskFull, .syncFailure, .bitFlip, .wipe, .leaderFalls: 2
        }
    }
}
