/// Why a replica did not take a proposal. Nothing was appended.
package enum ProposalRefusal: Error, Hashable, Sendable {
    /// Ask the leader, if one is known.
    case notLeader(leader: ReplicaID?)
    /// Too many bytes are proposed and not committed. Ask again when some are.
    case quotaExceeded
    /// Longer than `entryBytesMax`.
    case tooLarge(bytes: Int, bytesMax: Int)
    /// Leadership is being handed over.
    case transferring(to: ReplicaID)
    /// Another change of members is not done yet, or the leader has not committed an entry of its own term yet.
    case changePending
    /// The change of members asks for nothing, for nobody to vote, or for too many members.
    case invalidChange
    /// `to` of a transfer does not vote in this group, or is this replica itself.
    case invalidTarget
    /// The replica has found that the group's safety is broken.
    case halted
}
