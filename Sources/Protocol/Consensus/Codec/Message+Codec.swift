import WriteAheadLog

// Content of a message's frame: group(2) from(8) to(8) term(8), then what its kind calls for.
extension Message {
    /// Room for its content, in bytes.
    var roomBytes: Int { 64 + body.entriesBytes }

    /// Writes the message as a frame.
    func write(to writer: inout ByteWriter) {
        FrameCodec.append(body.kind, to: &writer) { writer in
            writer.write(group)
            writer.write(from)
            writer.write(to)
            writer.write(term)
            body.write(to: &writer)
        }
    }

    init(kind: FrameKind, from reader: inout ByteReader) throws(CodecFault) {
        let group = try reader.read(GroupID.self)
        let from = try reader.readID()
        let to = try reader.readID()
        let term = try reader.readNumber()
        self.init(group: group, from: from, to: to, term: term, body: try Body(kind: kind, from: &reader))
        guard isPlausible else { throw .malformed("a message contradicts itself") }
    }
}

extension Message.Body {
    fileprivate var kind: FrameKind {
        switch self {
        case .preVoteRequest: .preVoteRequest
        case .preVoteAnswer: .preVoteAnswer
        case .voteRequest: .voteRequest
        case .voteAnswer: .voteAnswer
        case .append: .append
        case .appendAccepted: .appendAccepted
        case .appendRejected: .appendRejected
        case .heartbeat: .heartbeat
        case .heartbeatAnswer: .heartbeatAnswer
        case .timeoutNow: .timeoutNow
        case .readIndexRequest: .readIndexRequest
        case .readIndexAnswer: .readIndexAnswer
        }
    }

    fileprivate var entriesBytes: Int {
        guard case .append(let append) = self else { return 0 }
        return append.entries.reduce(0) { $0 + $1.weight }
    }

    fileprivate func write(to writer: inout ByteWriter) {
        switch self {
        case .preVoteRequest(let last): writer.write(last)
        case .preVoteAnswer(let forTerm, let granted):
            writer.write(forTerm)
            writer.write(granted)
        case .voteRequest(let last, let byTransfer):
            writer.write(last)
            writer.write(byTransfer)
        case .voteAnswer(let granted): writer.write(granted)
        case .append(let append): append.write(to: &writer)
        case .appendAccepted(let match): writer.write(match)
        case .appendRejected(let rejection):
            writer.write(rejection.index)
            writer.write(rejection.hint)
        case .heartbeat(let heartbeat), .heartbeatAnswer(let heartbeat):
            writer.write(heartbeat.commit)
            writer.write(heartbeat.round)
        case .timeoutNow: break
        case .readIndexRequest(let context): writer.write(context)
        case .readIndexAnswer(let context, let index):
            writer.write(context)
            writer.write(index)
        }
    }

    fileprivate init(kind: FrameKind, from reader: inout ByteReader) throws(CodecFault) {
        switch kind {
        case .preVoteRequest: self = .preVoteRequest(last: try reader.readPoint())
        case .preVoteAnswer:
            self = .preVoteAnswer(forTerm: try reader.readNumber(), granted: try reader.readBool())
        case .voteRequest: self = .voteRequest(last: try reader.readPoint(), byTransfer: try reader.readBool())
        case .voteAnswer: self = .voteAnswer(granted: try reader.readBool())
        case .append: self = .append(try Message.Append(from: &reader))
        case .appendAccepted: self = .appendAccepted(match: try reader.readNumber())
        case .appendRejected:
            self = .appendRejected(
                Message.AppendRejection(index: try reader.readNumber(), hint: try reader.readPoint()))
        case .heartbeat:
            self = .heartbeat(Message.Heartbeat(commit: try reader.readNumber(), round: try reader.read()))
        case .heartbeatAnswer:
            self = .heartbeatAnswer(Message.Heartbeat(commit: try reader.readNumber(), round: try reader.read()))
        case .timeoutNow: self = .timeoutNow
        case .readIndexRequest: self = .readIndexRequest(context: try reader.read())
        case .readIndexAnswer:
            self = .readIndexAnswer(context: try reader.read(), index: try reader.readNumber())
        case .heartbeatBatch, .snapshotOffer, .snapshotResume, .snapshotChunk, .snapshotAcknowledged, .snapshotDone,
            .snapshotRefused:
            throw .unknownKind(kind.rawValue)
        }
    }
}

// previous(16) commit(8) count(4), then for each entry: term(8) kind(1) length(4) bytes. Indexes follow from `previous`.
extension Message.Append {
    private static let entryHeaderBytes = 13

    fileprivate func write(to writer: inout ByteWriter) {
        writer.write(previous)
        writer.write(commit)
        writer.write(UInt32(entries.count))
        for entry in entries {
            let bytes = entry.content.storedBytes
            writer.write(entry.term)
            writer.write(entry.content.kind.rawValue)
            writer.write(UInt32(bytes.count))
            writer.write(bytes)
        }
    }

    fileprivate init(from reader: inout ByteReader) throws(CodecFault) {
        let previous = try reader.readPoint()
        let commit = try reader.readNumber()
        let count = Int(try reader.read(UInt32.self))
        // Before room is made for them: as many entries as the frame has bytes for.
        guard count <= reader.remaining / Self.entryHeaderBytes else {
            throw .malformed("a frame is shorter than its content")
        }
        var entries: [Entry] = []
        entries.reserveCapacity(count)
        for position in 0..<count {
            let term = try reader.readNumber()
            let number = try reader.read(UInt8.self)
            guard let kind = EntryKind(rawValue: number) else { throw .malformed("an entry of an unknown kind") }
            let length = Int(try reader.read(UInt32.self))
            guard length <= FrameCodec.entryBytesMax else {
                throw .tooLong(bytes: UInt64(length), bytesMax: FrameCodec.entryBytesMax)
            }
            let point = LogPoint(index: previous.index + 1 + UInt64(position), term: term)
            entries.append(
                Entry(point: point, content: try Entry.Content(kind: kind, storedBytes: try reader.readBytes(length))))
        }
        self.init(previous: previous, commit: commit, entries: entries)
    }
}

extension ByteWriter {
    mutating func write(_ point: LogPoint) {
        write(point.index)
        write(point.term)
    }
}

extension ByteReader {
    mutating func readPoint() throws(CodecFault) -> LogPoint {
        LogPoint(index: try readNumber(), term: try readNumber())
    }
}
