import Testing
import WriteAheadLog

@testable import Consensus

@Suite("Frames")
struct CodecTests {
    static let joint = Configuration(
        voters: [ReplicaID(1), ReplicaID(2)], outgoing: [ReplicaID(2), ReplicaID(3)], learners: [ReplicaID(9)],
        learnersNext: [ReplicaID(3)])

    static let bodies: [Message.Body] = [
        .preVoteRequest(last: LogPoint(index: 7, term: 3)), .preVoteAnswer(forTerm: 9, granted: true),
        .voteRequest(last: LogPoint(index: 7, term: 3), byTransfer: true), .voteAnswer(granted: false),
        .append(Message.Append(previous: .zero, commit: 0, entries: [])),
        .append(
            Message.Append(
                previous: LogPoint(index: 4, term: 2), commit: 1 << 40,
                entries: [
                    Entry(point: LogPoint(index: 5, term: 2), content: .data([1, 2, 3])),
                    Entry(point: LogPoint(index: 6, term: 4), content: .noOperation),
                    Entry(point: LogPoint(index: 7, term: 4), content: .configuration(joint ?? .empty)),
                    Entry(point: LogPoint(index: 8, term: 8), content: .data([])),
                ])),
        .appendAccepted(match: Message.numberMax),
        .appendRejected(Message.AppendRejection(index: 8, hint: LogPoint(index: 5, term: 2))),
        .heartbeat(Message.Heartbeat(commit: 5, round: .max)), .heartbeatAnswer(Message.Heartbeat(commit: 5, round: 0)),
        .timeoutNow, .readIndexRequest(context: .max), .readIndexAnswer(context: 1, index: 4),
    ]

    static let frames: [ConsensusFrame] =
        bodies.map {
            .message(Message(group: 300, from: ReplicaID(1), to: ReplicaID(.max), term: 8, body: $0))
        } + [
            .heartbeats(
                HeartbeatBatch(
                    from: ReplicaID(1), to: ReplicaID(2),
                    beats: (0..<64).map {
                        HeartbeatBatch.Beat(group: $0, term: 4, heartbeat: Message.Heartbeat(commit: 3, round: 2))
                    },
                    answers: [HeartbeatBatch.Beat(group: 9, term: 1, heartbeat: Message.Heartbeat(commit: 0, round: 1))]))
        ]

    @Test("What is encoded is decoded, also in the midst of other bytes")
    func roundTrip() throws {
        for frame in Self.frames {
            let bytes = [0xAA] + frame.encoded + [0xBB]
            let decoded = try #require(try ConsensusFrame.decode(bytes[1...]))
            #expect(decoded.frame == frame)
            #expect(decoded.consumed == bytes.count - 2)
        }
    }

    @Test("Fed byte by byte, a frame comes out when its last byte is there and not before")
    func byteByByte() throws {
        let stream = Self.frames.flatMap(\.encoded)
        var buffer: [UInt8] = []
        var found: [ConsensusFrame] = []
        for byte in stream {
            buffer.append(byte)
            if let (frame, consumed) = try ConsensusFrame.decode(buffer[...]) {
                #expect(consumed == buffer.count)
                found.append(frame)
                buffer.removeFirst(consumed)
            }
        }
        #expect(found == Self.frames)
    }

    @Test("Content cut off anywhere is malformed, whatever length the frame claims")
    func everyPrefix() {
        for frame in Self.frames {
            let bytes = frame.encoded
            for end in FrameCodec.headerBytes..<bytes.count {
                var cut = Array(bytes[..<end])
                cut.replaceSubrange(0..<4, with: withUnsafeBytes(of: UInt32(end - 4).littleEndian) { Array($0) })
                #expect(throws: CodecFault.self) { try ConsensusFrame.decode(cut[...]) }
            }
            var longer = bytes + [0]
            longer.replaceSubrange(0..<4, with: withUnsafeBytes(of: UInt32(longer.count - 4).littleEndian) { Array($0) })
            #expect(throws: CodecFault.self) { try ConsensusFrame.decode(longer[...]) }
        }
    }

    @Test("A frame of a gigabyte is refused at its fourth byte, an unknown version or kind at the next two")
    func overTheLimit() {
        #expect(throws: CodecFault.tooLong(bytes: 1 << 30, bytesMax: FrameCodec.frameBytesMax)) {
            try ConsensusFrame.decode([0, 0, 0, 0x40])
        }
        #expect(throws: CodecFault.tooLong(bytes: 40, bytesMax: 39)) {
            try ConsensusFrame.decode([40, 0, 0, 0], bytesMax: 39)
        }
        #expect(throws: CodecFault.unknownVersion(2)) { try ConsensusFrame.decode([40, 0, 0, 0, 2]) }
        #expect(throws: CodecFault.unknownKind(99)) { try ConsensusFrame.decode([40, 0, 0, 0, 1, 99]) }
        #expect(throws: CodecFault.unknownKind(66)) { try ConsensusFrame.decode([2, 0, 0, 0, 1, 66]) }
        #expect(throws: CodecFault.self) { try ConsensusFrame.decode([1, 0, 0, 0, 1, 1]) }
    }

    @Test("Numbers out of range, counts beyond the frame and contradictions are malformed")
    func contradictions() {
        func refused(_ body: Message.Body, term: UInt64 = 8) {
            let message = Message(group: 1, from: ReplicaID(1), to: ReplicaID(2), term: term, body: body)
            #expect(throws: CodecFault.self) { try ConsensusFrame.decode(ConsensusFrame.message(message).encoded[...]) }
        }
        refused(.timeoutNow, term: .max)
        refused(.timeoutNow, term: 0)
        refused(.appendAccepted(match: .max))
        refused(.preVoteRequest(last: LogPoint(index: 0, term: 1)))
        refused(.voteRequest(last: LogPoint(index: 9, term: 9), byTransfer: false))
        refused(.append(Message.Append(previous: LogPoint(index: 4, term: 9), commit: 0, entries: [])))
        let early = Entry(point: LogPoint(index: 5, term: 1), content: .noOperation)
        refused(.append(Message.Append(previous: LogPoint(index: 4, term: 2), commit: 0, entries: [early])))
        let late = Entry(point: LogPoint(index: 5, term: 9), content: .noOperation)
        refused(.append(Message.Append(previous: LogPoint(index: 4, term: 2), commit: 0, entries: [late])))
        refused(.appendRejected(Message.AppendRejection(index: 4, hint: LogPoint(index: 5, term: 2))))

        let empty = Message(
            group: 1, from: ReplicaID(1), to: ReplicaID(2), term: 8,
            body: .append(Message.Append(previous: .zero, commit: 0, entries: [])))
        var many = ConsensusFrame.message(empty).encoded
        many.replaceSubrange(many.count - 4..<many.count, with: [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(throws: CodecFault.self) { try ConsensusFrame.decode(many[...]) }
    }

    @Test("Any bytes at all are decoded, awaited or refused, never a crash")
    func noise() {
        var random = RandomSource(seed: 20_261)
        for round in 0..<20_000 {
            var bytes = Self.frames[round % Self.frames.count].encoded
            for _ in 0...random.next() % 4 {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            _ = try? ConsensusFrame.decode(bytes[...])
            _ = try? SnapshotFrame.decode(bytes[...])
        }
    }
}
