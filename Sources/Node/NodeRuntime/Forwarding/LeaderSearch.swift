import Consensus
import NIOCore
import Shard

/// Patience with shards that have no known leader at the moment: one that has just started, or lost its own, has one within an
/// election's time, and others hear of it by gossip.
struct LeaderSearch: Sendable {
    /// How long a request may take, the search for a leader included.
    static let requestTime = TimeAmount.seconds(10)
    private static let pauseMin = TimeAmount.milliseconds(5)
    private static let pauseMax = TimeAmount.milliseconds(100)

    let shards: ShardDirectory
    let peers: Peers?

    /// This node has not heard from a majority of the cluster for so long that no election explains it.
    var isCutOff: Bool { peers?.isCutOff ?? false }

    /// Tries again while no leader is found, until the request's time is over, or there was none for so long that it is no
    /// election.
    ///
    /// - Parameter isRepeatable: it does no harm to carry it out twice.
    func retrying<Value>(
        group: Int, isRepeatable: Bool, _ attempt: () async throws(NodeError) -> Value
    ) async throws(NodeError) -> Value {
        let deadline = NIODeadline.now() + Self.requestTime
        var pause = Self.pauseMin
        var mayHaveHappened = false
        while true {
            do throws(NodeError) {
                return try await attempt()
            } catch {
                if error == .outcomeUnknown { mayHaveHappened = true }
                // That nothing happened is true of this attempt alone.
                let final = mayHaveHappened && error.saysNothingHappened ? .outcomeUnknown : error.atDeadline
                guard error.mayTryAgain(isRepeatable: isRepeatable) else { throw final }
                guard NIODeadline.now() + pause < deadline, !Task.isCancelled else { throw final }
                if await isLeaderlessHere(group) ?? isCutOff { throw final }
            }
            try? await Task.sleep(nanoseconds: UInt64(pause.nanoseconds))
            pause = min(pause * 2, Self.pauseMax)
        }
    }

    /// Whether the group's replica here has been without a leader for longer than elections take; nil where there is none.
    func isLeaderlessHere(_ group: Int) async -> Bool? {
        if group == SystemShard.group {
            return isCutOff
        }
        guard let host = shards[group - 1] else { return nil }
        return try? await host.eventLoop.submit { host.driver.isLeaderless }.get()
    }
}
