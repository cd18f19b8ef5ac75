package import Consensus
import LogStorage
package import Model
import Shard

/// Why a request to the node was not carried out.
package enum NodeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The idempotency key was used before with another body.
    case idempotencyKeyReused
    /// Too much waits for the disk. Nothing of the request happened; try again.
    case overloaded
    /// No room on the disk. Nothing of the request happened.
    case diskFull
    /// The request is larger than one entry of the log may be. Nothing of it happened.
    case tooLarge
    /// This replica does not lead the shard; who does, as far as it knows. Nothing of the request happened.
    case notLeader(ReplicaID?)
    /// No node that could carry the request out was found in time. Nothing of it happened.
    case unavailable
    /// The leader was lost while the request was under way: it may have happened, or not.
    case outcomeUnknown
    /// The node is stopping. Nothing of the request happened.
    case stopping
    /// The checkpoint cannot be written now, so what it holds is behind. It is tried again.
    case checkpointBehind
    /// What is asked for concerns all shards, and nobody who has these can be reached; 0 is the system shard.
    case missingShards([Int])
    /// Another cluster took this one's place, and this one takes no more changes. Nothing of the request happened.
    case superseded(UUID128)
    /// This node follows another region, which alone has what is asked for.
    case inPrimaryRegion
    /// Stored data could not be read.
    case damaged(String)

    package var description: String {
        switch self {
        case .idempotencyKeyReused: "the idempotency key was used before with another body"
        case .overloaded: "too many changes wait for the disk; try again in a moment"
        case .diskFull: "the node's disk is full; free some space"
        case .tooLarge: "the change is too large for one entry of the log; split the request"
        case .notLeader: "another node leads the shard"
        case .unavailable: "no node that leads the shard can be reached"
        case .outcomeUnknown: "the shard's leader was lost while the request was under way; it may have happened, or not"
        case .stopping: "the node is stopping"
        case .checkpointBehind: "the checkpoint cannot be written at the moment"
        case .missingShards(let shards): "nobody who has shards \(shards) can be reached"
        case .superseded(let successor): "cluster \(successor) took this one's place; send changes there"
        case .inPrimaryRegion: "this region follows another one, which alone has that"
        case .damaged(let detail): "stored data could not be read: \(detail)"
        }
    }
}

extension NodeError {
    /// Nothing happened for want of a leader, or it may have, and doing it twice does no harm.
    func mayTryAgain(isRepeatable: Bool) -> Bool {
        switch self {
        case .notLeader: true
        case .outcomeUnknown: isRepeatable
        case .idempotencyKeyReused, .overloaded, .diskFull, .tooLarge, .unavailable, .stopping, .checkpointBehind,
            .missingShards, .superseded, .inPrimaryRegion, .damaged:
            false
        }
    }

    /// It is not about the request, but about this attempt: an earlier one may have been carried out all the same.
    package var saysNothingHappened: Bool {
        switch self {
        case .overloaded, .diskFull, .notLeader, .unavailable, .stopping, .superseded: true
        case .idempotencyKeyReused, .tooLarge, .outcomeUnknown, .checkpointBehind, .missingShards, .inPrimaryRegion,
            .damaged:
            false
        }
    }

    /// What is said when there is no time to try again.
    var atDeadline: NodeError { if case .notLeader = self { .unavailable } else { self } }

    static let foreignAnswer = NodeError.damaged("an answer to another question")
}

/// Why a node that runs must not go on: its process is to end.
package struct NodeFailure: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable {
        /// Exit status 1: the next start begins from what is certain.
        case startAgain
        /// Exit status 73: another process runs with a copy of the data directory, or the node cannot be a member any more. A
        /// person has to look first.
        case notAMember
        /// Exit status 74: so it is, too, with damaged data.
        case damaged
    }

    package let code: Code
    package let message: String
    package var description: String { message }

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// Why a node cannot start. The message names the file and the way out.
package struct NodeStartError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable {
        /// Exit status 73: in use, or not writable.
        case unavailable
        /// Exit status 74.
        case damaged
        /// Exit status 64.
        case configuration
    }

    package let code: Code
    package let message: String
    package var description: String { message }

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

extension NodeError {
    init(_ error: ShardError) {
        switch error {
        case .idempotencyKeyReused: self = .idempotencyKeyReused
        case .damagedRow(let detail): self = .damaged(detail)
        }
    }

    init(_ error: LogAppendError) {
        switch error {
        case .full: self = .overloaded
        case .diskFull: self = .diskFull
        case .stopped: self = .stopping
        case .tooLarge: self = .tooLarge
        }
    }

    init(_ refusal: ProposalRefusal) {
        switch refusal {
        case .notLeader(let leader): self = .notLeader(leader)
        case .transferring(let target): self = .notLeader(target)
        case .quotaExceeded: self = .overloaded
        case .tooLarge: self = .tooLarge
        case .changePending, .invalidChange, .invalidTarget: self = .unavailable
        case .halted: self = .stopping
        }
    }

    /// Of a proposal: from the log's admission, or from consensus.
    init(refusal: any Error) {
        switch refusal {
        case let error as LogAppendError: self.init(error)
        case let error as ProposalRefusal: self.init(error)
        default: self = .damaged("\(refusal)")
        }
    }

    init(_ failure: ReadFailure, leader: ReplicaID?) {
        switch failure {
        case .noLeader, .leadershipLost, .timedOut: self = .notLeader(leader)
        case .tooMany: self = .overloaded
        }
    }
}
