import WriteAheadLog

// Content: from(8) to(8) beats(2) answers(2), then each beat: group(2) term(8) commit(8) round(8).
extension HeartbeatBatch {
    private static let beatBytes = 26

    /// Room for its content, in bytes.
    var roomBytes: Int { 20 + (beats.count + answers.count) * Self.beatBytes }

    /// Writes the batch as a frame.
    func write(to writer: inout ByteWriter) {
        precondition(
            beats.count <= Self.groupsMax && answers.count <= Self.groupsMax,
            "\(beats.count) beats and \(answers.count) answers, more than there are groups")
        FrameCodec.append(.heartbeatBatch, to: &writer) { writer in
            writer.write(from)
            writer.write(to)
            writer.write(UInt16(beats.count))
            writer.write(UInt16(answers.count))
            for beat in beats + answers {
                writer.write(beat.group)
                writer.write(beat.term)
                writer.write(beat.heartbeat.commit)
                writer.write(beat.heartbeat.round)
            }
        }
    }

    init(from reader: inout ByteReader) throws(CodecFault) {
        let from = try reader.readID()
        let to = try reader.readID()
        let beatCount = Int(try reader.read(UInt16.self))
        let answerCount = Int(try reader.read(UInt16.self))
        guard beatCount <= Self.groupsMax, answerCount <= Self.groupsMax else {
            throw .malformed("a batch holds more heartbeats than there are groups")
        }
        guard reader.remaining == (beatCount + answerCount) * Self.beatBytes else {
            throw .malformed("a batch has another length than its heartbeats")
        }
        self.init(
            from: from, to: to, beats: try Self.readBeats(beatCount, &reader),
            answers: try Self.readBeats(answerCount, &reader))
    }

    private static func readBeats(_ count: Int, _ reader: inout ByteReader) throws(CodecFault) -> [Beat] {
        var beats: [Beat] = []
        beats.reserveCapacity(count)
        for _ in 0..<count {
            let group = try reader.read(GroupID.self)
            let term = try reader.readNumber()
            if let last = beats.last, last.group >= group { throw .malformed("the groups of a batch do not ascend") }
            guard term > 0 else { throw .malformed("a heartbeat without a term") }
            beats.append(
                Beat(
                    group: group, term: term,
                    heartbeat: Message.Heartbeat(commit: try reader.readNumber(), round: try reader.read())))
        }
        return beats
    }
}
