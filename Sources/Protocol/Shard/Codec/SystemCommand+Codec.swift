package import Model
import Placement

extension SystemCommand {
    /// The form in which the command is forwarded to the system shard's leader.
    package var encoded: [UInt8] { PeerForm.encode(self) }

    /// Throws `CodecError` for bytes that `encoded` did not make.
    package init(decoding bytes: [UInt8]) throws(CodecError) { self = try PeerForm.decode(bytes) }
}

/// A new case takes a line in `write`, a line in `init`, and a `PeerCodable` for each new type that it carries. Numbers are
/// never used again.
extension SystemCommand: PeerCodable {
    func write(to writer: inout ByteWriter) {
        switch self {
        case .create(let item): writer.put(1, item)
        case .update(let item, let precondition): writer.put(2, item, precondition)
        case .delete(let kind, let id, let precondition): writer.put(3, kind, id, precondition)
        case .reapply: writer.put(4)
        case .configure(let settings): writer.put(5, ClusterItem.settings(settings))
        case .putMember(let member): writer.put(6, ClusterItem.member(member))
        case .replaceMember(let old, let member): writer.put(7, old, ClusterItem.member(member))
        case .setMemberState(let replica, let state): writer.put(8, replica, state)
        case .removeMember(let replica): writer.put(9, replica)
        case .place(let placements): writer.put(10, placements.map(ClusterItem.placement))
        case .setCursorKey(let key): writer.put(11, ClusterItem.cursorKey(key))
        case .passTime: writer.put(12)
        case .keep(let item): writer.put(13, item)
        case .forget(let id): writer.put(14, id)
        case .keepPlan(let plan): writer.put(15, plan)
        case .dropPlan(let id): writer.put(16, id)
        case .applyPlan(let id): writer.put(17, id)
        case .retention(let command): writer.put(20, command)
        case .supersede(let succession): writer.put(21, ClusterItem.succession(succession))
        }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        switch try reader.byte() {
        case 1: self = .create(try reader.take())
        case 2: self = .update(try reader.take(), try reader.take())
        case 3: self = .delete(try reader.take(), try reader.take(), try reader.take())
        case 4: self = .reapply
        case 5:
            guard case .settings(let settings) = try reader.take(ClusterItem.self) else { throw Self.wrongItem }
            self = .configure(settings)
        case 6: self = .putMember(try reader.member())
        case 7: self = .replaceMember(old: try reader.take(), try reader.member())
        case 8: self = .setMemberState(try reader.take(), try reader.take())
        case 9: self = .removeMember(try reader.take())
        case 10:
            self = .place(
                try reader.take([ClusterItem].self).map { item throws(CodecError) in
                    guard case .placement(let placement) = item else { throw Self.wrongItem }
                    return placement
                })
        case 11:
            guard case .cursorKey(let key) = try reader.take(ClusterItem.self) else { throw Self.wrongItem }
            self = .setCursorKey(key)
        case 12: self = .passTime
        case 13: self = .keep(try reader.take())
        case 14: self = .forget(try reader.take())
        case 15: self = .keepPlan(try reader.take())
        case 16: self = .dropPlan(try reader.take())
        case 17: self = .applyPlan(try reader.take())
        case 20: self = .retention(try reader.take())
        case 21:
            guard case .succession(let succession) = try reader.take(ClusterItem.self) else { throw Self.wrongItem }
            self = .supersede(succession)
        case let kind: throw CodecError("unknown kind of system command \(kind)")
        }
    }
}

extension SystemCommand {
    fileprivate static let wrongItem = CodecError("a command carries another thing than it says")
}

extension ByteReader {
    fileprivate mutating func member() throws(CodecError) -> Member {
        guard case .member(let member) = try take(ClusterItem.self) else { throw SystemCommand.wrongItem }
        return member
    }
}

extension ClusterItem: PeerCodable {
    func write(to writer: inout ByteWriter) { writer.clusterItem(self) }
    init(from reader: inout ByteReader) throws(CodecError) { self = try reader.clusterItem() }
}

extension Member.State: PeerCodable {
    func write(to writer: inout ByteWriter) { writer.byte(rawValue) }

    init(from reader: inout ByteReader) throws(CodecError) {
        let code = try reader.byte()
        guard let state = Self(rawValue: code) else { throw CodecError("unknown state of a member \(code)") }
        self = state
    }
}

/// A length, then the stored form.
extension CatalogItem: PeerCodable {
    func write(to writer: inout ByteWriter) { writer.blob(SystemItem.catalog(self).encoded) }

    init(from reader: inout ByteReader) throws(CodecError) {
        guard case .catalog(let item) = try SystemItem(decoding: try reader.blob()) else { throw SystemCommand.wrongItem }
        self = item
    }
}

extension GovernanceItem: PeerCodable {
    func write(to writer: inout ByteWriter) { writer.governanceItem(self) }
    init(from reader: inout ByteReader) throws(CodecError) { self = try reader.governanceItem() }
}

extension CatalogItem.Kind: PeerCodable {
    func write(to writer: inout ByteWriter) { writer.byte(rawValue) }

    init(from reader: inout ByteReader) throws(CodecError) {
        let code = try reader.byte()
        guard let kind = Self(rawValue: code) else { throw CodecError("unknown kind of catalogue item \(code)") }
        self = kind
    }
}
