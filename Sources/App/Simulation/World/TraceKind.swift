/// What a line of the trace is about. The numbers in brackets are the line's `a`, `b` and `c`.
package enum TraceKind: UInt8, Sendable {
    // Nodes: [epoch]
    case nodeStarted, nodeCrashed, nodeIsolated, nodePaused, nodeResumed, nodeWiped, nodeClockDrifts
    // The network
    case linkCut, linkClogged, partitioned, healed
    // Disks
    case diskStalls, diskSlows, diskFull, diskSyncFails, diskBitsFlipped, logTorn, logDamaged
    // Consensus
    case messageArrived, persisted, roleChanged, applied, snapshotTaken,
        snapshotArrived, snapshotInstalled, suspectRepaired, membersChanged, transferAsked
    // Clients
    case operationCalled, operationAnswered, operationRetried, operationGivenUp
    // The life as a whole
    case settling, settled, violation
    // Shards: [version]
    case catalogChanged
    // PostgreSQL
    case databaseFault, sinkBegins, sinkAdvanced, sinkRefused, sinkFails

    /// Whether the line belongs into a short history: frequent messages and writes do not.
    var isTelling: Bool {
        switch self {
        case .messageArrived, .persisted, .operationRetried: false
        default: true
        }
    }
}
