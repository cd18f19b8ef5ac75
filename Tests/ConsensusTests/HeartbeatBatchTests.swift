import Testing

@testable import Consensus

@Suite("Coalesced heartbeats")
struct HeartbeatBatchTests {
    private func message(to: UInt64, group: UInt16, term: UInt64, _ body: Message.Body) -> Message {
        Message(group: group, from: ReplicaID(1), to: ReplicaID(to), term: term, body: body)
    }

    @Test("Heartbeats of many groups leave as one batch a receiver, and come out as they went in")
    func gatherAndScatter() {
        var gatherer = HeartbeatGatherer(from: ReplicaID(1))
        var sent: [Message] = []
        for group in (0..<64 as Range<UInt16>).reversed() {
            for to in 2...3 as ClosedRange<UInt64> {
                sent.append(message(to: to, group: group, term: 5, .heartbeat(Message.Heartbeat(commit: 1, round: 1))))
                sent.append(message(to: to, group: group, term: 6, .heartbeatAnswer(Message.Heartbeat(commit: 2, round: 3))))
            }
        }
        for message in sent { #expect(gatherer.add(message) == true) }
        let batches = gatherer.drain()
        #expect(batches.map(\.to) == [ReplicaID(2), ReplicaID(3)])
        #expect(batches.allSatisfy { $0.beats.map(\.group) == Array(0..<64) })
        #expect(Set(batches.flatMap(\.messages)) == Set(sent))
        #expect(ConsensusFrame.heartbeats(batches[0]).encoded.count < 4096, "64 groups fit in a page")
        #expect(gatherer.isEmpty)
        #expect(gatherer.drain() == [])
    }

    @Test("Of several heartbeats of one group the newest remains")
    func merging() {
        var gatherer = HeartbeatGatherer(from: ReplicaID(1))
        for (term, commit, round) in [(5, 9, 1), (5, 4, 2), (4, 99, 99)] as [(UInt64, UInt64, UInt64)] {
            #expect(
                gatherer.add(
                    message(to: 2, group: 1, term: term, .heartbeat(Message.Heartbeat(commit: commit, round: round))))
                    == true)
        }
        #expect(
            gatherer.drain().first?.beats
                == [HeartbeatBatch.Beat(group: 1, term: 5, heartbeat: Message.Heartbeat(commit: 9, round: 2))])
        #expect(gatherer.add(message(to: 2, group: 1, term: 5, .heartbeat(Message.Heartbeat(commit: 9, round: 2)))) == true)
        #expect(gatherer.add(message(to: 2, group: 1, term: 6, .heartbeat(Message.Heartbeat(commit: 0, round: 1)))) == true)
        #expect(
            gatherer.drain().first?.beats
                == [HeartbeatBatch.Beat(group: 1, term: 6, heartbeat: Message.Heartbeat(commit: 0, round: 1))])
    }

    @Test("Everything else is left to be sent by itself")
    func others() {
        var gatherer = HeartbeatGatherer(from: ReplicaID(1))
        for body in CodecTests.bodies {
            switch body {
            case .heartbeat, .heartbeatAnswer: #expect(gatherer.add(message(to: 2, group: 1, term: 5, body)) == true)
            default: #expect(gatherer.add(message(to: 2, group: 1, term: 5, body)) == false)
            }
        }
    }
}
