import Model

extension RetentionCommand: PeerCodable {
    func write(to writer: inout ByteWriter) {
        switch self {
        case .keep(let months, let precondition): writer.put(1, UInt64(months ?? 0), precondition)
        case .place(let hold): writer.put(2, GovernanceItem.hold(hold))
        case .release(let id): writer.put(3, id)
        case .begin: writer.put(4)
        case .finish(let run, let removed, let held): writer.put(5, run, removed, held)
        case .remove: preconditionFailure("a part of a clean-up is decided by a group's leader, never forwarded to it")
        }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        switch try reader.byte() {
        case 1:
            let months: UInt64 = try reader.take()
            guard months <= UInt64(AuditRetention.monthsMax) else { throw CodecError("\(months) months cannot be") }
            self = .keep(months: months == 0 ? nil : Int(months), try reader.take())
        case 2:
            guard case .hold(let hold) = try reader.take(GovernanceItem.self) else {
                throw CodecError("a command carries another thing than it says")
            }
            self = .place(hold)
        case 3: self = .release(try reader.take())
        case 4: self = .begin
        case 5: self = .finish(run: try reader.take(), removed: try reader.take(), held: try reader.take())
        case let kind: throw CodecError("unknown kind of command about retention \(kind)")
        }
    }
}

extension AuditCommand: PeerCodable {
    func write(to writer: inout ByteWriter) {
        switch self {
        case .fence(let index): writer.put(1, index)
        case .remove: preconditionFailure("a part of a clean-up is decided by a shard's leader, never forwarded to it")
        }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        let kind = try reader.byte()
        guard kind == 1 else { throw CodecError("unknown kind of command about a history \(kind)") }
        self = .fence(try reader.take())
    }
}
