package import Membership

/// What a node's gossip has done since its start, for metrics.
package struct GossipStatistics: Equatable, Sendable {
    /// Frames and their bytes, answers included.
    package var framesSent = 0
    package var framesReceived = 0
    package var bytesSent = 0
    package var bytesReceived = 0
    /// Requests that had no answer.
    package var unanswered = 0
    /// Connections that were opened afresh before a member was suspected.
    package var freshDials = 0
    /// Frames and claims that were not believed, by `Refusal.Reason.label`, and those whose sender is not the node in the
    /// certificate (`wrong_name`).
    package var refused: [String: Int] = [:]
    /// How often a member became alive, suspected, dead, left.
    package var changes: [MemberStatus: Int] = [:]
    /// How often this node learned that its generation was over.
    package var deathsOfThisNode = 0
    /// Two nodes with one id or one name.
    package var conflicts = 0

    // MARK: As of now

    package var members: [MemberStatus: Int] = [:]
    package var generation: UInt64 = 0
    package var incarnation: UInt64 = 0
    /// 0: well; up to 8: others do not hear this node, or it them.
    package var healthScore = 0

    mutating func noteNow(_ core: Membership) {
        for status in [MemberStatus.alive, .suspected, .dead, .left] { members[status] = core.count(of: status) }
        generation = core.generation
        incarnation = core.incarnation
        healthScore = core.healthScore
    }
}
