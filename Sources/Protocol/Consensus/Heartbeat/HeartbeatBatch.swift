package import WriteAheadLog

/// The heartbeats, and the answers to heartbeats, of many groups from one node to another in one frame.
///
/// The leaders of a node beat at the same instants (`Instant.nextMultiple`), so that an idle node sends each of its peers
/// one frame an interval, however many groups they share.
package struct HeartbeatBatch: Hashable, Sendable {
    package struct Beat: Hashable, Sendable {
        package var group: GroupID
        package var term: UInt64
        package var heartbeat: Message.Heartbeat

        package init(group: GroupID, term: UInt64, heartbeat: Message.Heartbeat) {
            self.group = group
            self.term = term
            self.heartbeat = heartbeat
        }
    }

    package var from: ReplicaID
    package var to: ReplicaID
    /// From leaders; ascending by group, one a group.
    package var beats: [Beat]
    /// From followers; ascending by group, one a group.
    package var answers: [Beat]

    package init(from: ReplicaID, to: ReplicaID, beats: [Beat], answers: [Beat]) {
        self.from = from
        self.to = to
        self.beats = beats
        self.answers = answers
    }

    /// Most groups in one batch.
    package static let groupsMax = LogFormat.groupsMax

    /// The messages that were gathered, to be handed to the replicas of their groups.
    package var messages: [Message] {
        beats.map { message($0, .heartbeat($0.heartbeat)) } + answers.map { message($0, .heartbeatAnswer($0.heartbeat)) }
    }

    private func message(_ beat: Beat, _ body: Message.Body) -> Message {
        Message(group: beat.group, from: from, to: to, term: beat.term, body: body)
    }
}

/// Gathers a node's heartbeats by receiver until they are sent.
///
/// Of several of one group only what is newest remains: that a later one arrives makes the earlier ones pointless.
package struct HeartbeatGatherer: Sendable {
    private struct Gathered {
        var beats: [GroupID: HeartbeatBatch.Beat] = [:]
        var answers: [GroupID: HeartbeatBatch.Beat] = [:]
    }

    private let from: ReplicaID
    private var receivers: [ReplicaID: Gathered] = [:]

    /// `from` is this node.
    package init(from: ReplicaID) { self.from = from }

    package var isEmpty: Bool { receivers.isEmpty }

    /// Takes a message if it is a heartbeat or an answer to one; others must be sent by themselves.
    package mutating func add(_ message: Message) -> Bool {
        precondition(message.from == from, "a message of \(message.from) among those of \(from)")
        switch message.body {
        case .heartbeat(let heartbeat):
            Self.merge(message, heartbeat, into: &receivers[message.to, default: Gathered()].beats)
        case .heartbeatAnswer(let heartbeat):
            Self.merge(message, heartbeat, into: &receivers[message.to, default: Gathered()].answers)
        case .preVoteRequest, .preVoteAnswer, .voteRequest, .voteAnswer, .append, .appendAccepted, .appendRejected,
            .timeoutNow, .readIndexRequest, .readIndexAnswer:
            return false
        }
        return true
    }

    /// Everything gathered so far, one batch a receiver, ascending by receiver. Empties the gatherer.
    package mutating func drain() -> [HeartbeatBatch] {
        defer { receivers.removeAll(keepingCapacity: true) }
        return receivers.sorted { $0.key < $1.key }.map { to, gathered in
            HeartbeatBatch(
                from: from, to: to, beats: gathered.beats.values.sorted { $0.group < $1.group },
                answers: gathered.answers.values.sorted { $0.group < $1.group })
        }
    }

    private static func merge(
        _ message: Message, _ heartbeat: Message.Heartbeat, into beats: inout [GroupID: HeartbeatBatch.Beat]
    ) {
        guard let known = beats[message.group], known.term >= message.term else {
            beats[message.group] = HeartbeatBatch.Beat(group: message.group, term: message.term, heartbeat: heartbeat)
            return
        }
        guard known.term == message.term else { return }
        beats[message.group]?.heartbeat = Message.Heartbeat(
            commit: max(known.heartbeat.commit, heartbeat.commit), round: max(known.heartbeat.round, heartbeat.round))
    }
}
