import LogStorage
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
    /// The node is stopping. Nothing of the request happened.
    case stopping
    /// The checkpoint cannot be written now, so what it holds is behind. It is tried again.
    case checkpointBehind
    /// Stored data could not be read.
    case damaged(String)

    package var description: String {
        switch self {
        case .idempotencyKeyReused: "the idempotency key was used before with another body"
        case .overloaded: "too many changes wait for the disk; try again in a moment"
        case .diskFull: "the disk of the data directory is full; free some space"
        case .tooLarge: "the change is too large for one entry of the log; split the request"
        case .stopping: "the node is stopping"
        case .checkpointBehind: "the checkpoint cannot be written at the moment"
        case .damaged(let detail): "stored data could not be read: \(detail)"
        }
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
}
