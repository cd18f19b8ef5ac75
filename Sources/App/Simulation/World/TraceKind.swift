/// What a line of the trace is about. The numbers in brackets are the line's `a`, `b` and `c`.
package enum TraceKind: UInt8, Sendable {
    // Nodes: [epoch]
    case nodeStarted, nodeCrashed, nodePaused, nodeResumed, nodeWiped, nodeClockDrifts
    // The network
    case linkCut, linkClogged, partitioned, healed
    // Disks
    case diskStalls, diskFull, diskSyncFails, diskBitsFlipped, logTorn, logDamaged
    // Consensus
    case messageSent, messageArrived, messageLost, persisted, leaderElected, steppedDown, applied, snapshotTaken,
        snapshotInstalled, suspectRepaired, membersChanged
    // Clients
    case operationCalled, operationAnswered, operationRetried, operationTimedOut
    // The life as a whole
    case settling, settled, violation
}
