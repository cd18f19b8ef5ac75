/// Requests of different weight go over connections of their own, so that the heavy ones do not hold up the light ones.
package enum PeerLane: String, Sendable, CaseIterable {
    /// Consensus and gossip: small, many, urgent.
    case control
    /// Requests of clients that are passed on.
    case forward
    /// Snapshots.
    case bulk
}
