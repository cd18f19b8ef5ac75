import Model
import NodeRuntime
import Shard

/// The few ways in which handlers reach the node.
extension API {
    func record(of id: ResourceID) async throws -> ResourceRecord? { try await node.record(id) }

    func hasRecord(of id: ResourceID) async throws -> Bool {
        try await node.read(slot: id.slot) { $0.rows[id] != nil }
    }

    func submit(_ command: ShardCommand, to slot: Slot, _ context: WriteContext) async throws -> ShardReply {
        try await node.submit(command, shard: node.shard(of: slot), by: context)
    }
}

extension Problem {
    init(_ error: NodeError) {
        switch error {
        case .idempotencyKeyReused: self = .keyReused
        case .overloaded: self = .tooManyRequests(retryAfter: 1)
        case .diskFull:
            self = .unavailable("The node's disk is full; nothing of the request happened. Free some space.", retryAfter: 30)
        case .tooLarge:
            self = .tooLarge(
                "The change is larger than one entry of the log may be; nothing of it happened. Split the request.")
        case .stopping: self = .unavailable("The node is stopping; nothing of the request happened. Ask another one.")
        case .checkpointBehind:
            self = .unavailable(
                "The history cannot be brought up to now: the disk takes no checkpoint. Free some space.", retryAfter: 30)
        case .damaged: self = .insideError
        }
    }
}
