import Membership

/// A message as bytes: the body of `POST /founding`, and of its answer.
///
/// Integers are little-endian; text is a length of one byte and UTF-8; `?` is a byte 0, or 1 and what follows.
///
///     message  = version(1) founder ?terms kind(1) standing addresses
///     founder  = replica(8) name(text) peer(address) client(address) region(text) zone(text)
///     terms    = founders(2) shards(2) copies(2)
///     copies   = the replication factor; its highest bit: the cluster is restored
///     address  = host(text) port(2)
///     standing = ?ballot ?(ballot founding)            kind 0: open
///              | founding isUp(1)                      kind 1: member
///     ballot   = round(8) replica(8) name(text)
///     founding = cluster(8 low, 8 high) shards(2) copies(2) count(2) founder*
///     addresses = count(2) address*
///
/// What is decoded encodes to the same bytes.
enum FoundingCodec {
    static let version: UInt8 = 1
    /// So that software which knows nothing of restoring refuses such a message, and reads all others.
    fileprivate static let restoredBit: UInt16 = 1 << 15

    static func encode(_ message: FoundingMessage) -> [UInt8] {
        var writer = Writer()
        writer.integer(version)
        writer.founder(message.sender)
        writer.optional(message.terms) { $0.terms($1) }
        switch message.standing {
        case .open(let pledge):
            writer.integer(UInt8(0))
            writer.optional(pledge.floor) { $0.ballot($1) }
            writer.optional(pledge.promise) { writer, promise in
                writer.ballot(promise.ballot)
                writer.founding(promise.founding)
            }
        case .member(let founding, let isUp):
            writer.integer(UInt8(1))
            writer.founding(founding)
            writer.integer(UInt8(isUp ? 1 : 0))
        }
        writer.integer(UInt16(message.addresses.count))
        for address in message.addresses { writer.address(address) }
        precondition(writer.bytes.count <= FoundingLimits.messageBytesMax, "a message of \(writer.bytes.count) bytes")
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8]) throws(FoundingDamage) -> FoundingMessage {
        guard bytes.count <= FoundingLimits.messageBytesMax else { throw .tooLong(bytes.count) }
        var reader = Reader(bytes)
        let version = try reader.integer(UInt8.self)
        guard version == Self.version else { throw .version(version) }
        let sender = try reader.founder()
        let terms = try reader.flag() ? try reader.terms() : nil
        let standing = try reader.standing()
        let addresses = try reader.addresses()
        guard reader.remaining == 0 else { throw .trailingBytes(reader.remaining) }
        return FoundingMessage(sender: sender, terms: terms, standing: standing, addresses: addresses)
    }
}

// MARK: - Writing

private struct Writer {
    private(set) var bytes: [UInt8] = []

    mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func text(_ value: String) {
        integer(UInt8(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    mutating func optional<T>(_ value: T?, _ write: (inout Writer, T) -> Void) {
        integer(UInt8(value == nil ? 0 : 1))
        if let value { write(&self, value) }
    }

    mutating func address(_ address: PeerAddress) {
        text(address.host)
        integer(address.port)
    }

    mutating func founder(_ founder: FounderInfo) {
        integer(founder.replica)
        text(founder.name)
        address(founder.peer)
        address(founder.client)
        text(founder.region)
        text(founder.zone)
    }

    mutating func terms(_ terms: FoundingTerms) {
        integer(UInt16(terms.founders))
        integer(UInt16(terms.shards))
        copies(terms.replicationFactor, isRestored: terms.isRestored)
    }

    private mutating func copies(_ factor: Int, isRestored: Bool) {
        integer(UInt16(factor) | (isRestored ? FoundingCodec.restoredBit : 0))
    }

    mutating func ballot(_ ballot: Ballot) {
        integer(ballot.round)
        integer(ballot.replica)
        text(ballot.name)
    }

    mutating func founding(_ founding: ClusterFounding) {
        integer(founding.cluster.low)
        integer(founding.cluster.high)
        integer(UInt16(founding.shards))
        copies(founding.replicationFactor, isRestored: founding.isRestored)
        integer(UInt16(founding.founders.count))
        for founder in founding.founders { self.founder(founder) }
    }
}

// MARK: - Reading

/// Every read is checked against the bytes that are there.
private struct Reader {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var remaining: Int { bytes.count - offset }

    mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) throws(FoundingDamage) -> T {
        guard remaining >= MemoryLayout<T>.size else { throw .truncated }
        defer { offset += MemoryLayout<T>.size }
        return bytes.withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: T.self)) }
    }

    mutating func flag() throws(FoundingDamage) -> Bool {
        switch try integer(UInt8.self) {
        case 0: return false
        case 1: return true
        default: throw .outOfRange(.flag)
        }
    }

    /// UTF-8 text; anything else is refused, not repaired.
    mutating func text(_ range: ClosedRange<Int>) throws(FoundingDamage) -> String {
        let count = Int(try integer(UInt8.self))
        guard range.contains(count) else { throw .outOfRange(.text) }
        guard remaining >= count else { throw .truncated }
        defer { offset += count }
        guard let text = String(validating: bytes[offset..<offset + count], as: UTF8.self) else { throw .outOfRange(.text) }
        return text
    }

    mutating func name() throws(FoundingDamage) -> String {
        let name = try text(1...FoundingLimits.nameBytesMax)
        guard FoundingLimits.isName(name) else { throw .outOfRange(.name) }
        return name
    }

    mutating func replica() throws(FoundingDamage) -> UInt64 {
        let replica = try integer(UInt64.self)
        guard replica != 0 else { throw .outOfRange(.replica) }
        return replica
    }

    mutating func address() throws(FoundingDamage) -> PeerAddress {
        PeerAddress(host: try text(1...FoundingLimits.hostBytesMax), port: try integer(UInt16.self))
    }

    mutating func founder() throws(FoundingDamage) -> FounderInfo {
        FounderInfo(
            replica: try replica(), name: try name(), peer: try address(), client: try address(),
            region: try text(0...FoundingLimits.placeBytesMax), zone: try text(0...FoundingLimits.placeBytesMax))
    }

    mutating func terms() throws(FoundingDamage) -> FoundingTerms {
        let founders = Int(try integer(UInt16.self))
        let shards = Int(try integer(UInt16.self))
        let copies = try copies()
        let terms = FoundingTerms(
            founders: founders, shards: shards, replicationFactor: copies.factor, isRestored: copies.isRestored)
        guard terms.isWithinLimits else { throw .outOfRange(.terms) }
        return terms
    }

    private mutating func copies() throws(FoundingDamage) -> (factor: Int, isRestored: Bool) {
        let word = try integer(UInt16.self)
        return (Int(word & ~FoundingCodec.restoredBit), word & FoundingCodec.restoredBit != 0)
    }

    mutating func ballot() throws(FoundingDamage) -> Ballot {
        let round = try integer(UInt64.self)
        guard (1...FoundingLimits.roundMax).contains(round) else { throw .outOfRange(.round) }
        let replica = try replica()
        return Ballot(round: round, name: try name(), replica: replica)
    }

    mutating func founding() throws(FoundingDamage) -> ClusterFounding {
        let low = try integer(UInt64.self)
        let cluster = ClusterID(high: try integer(UInt64.self), low: low)
        let shards = Int(try integer(UInt16.self))
        let copies = try copies()
        let count = Int(try integer(UInt16.self))
        guard count <= FoundingLimits.foundersMax else { throw .outOfRange(.founders) }
        var founders: [FounderInfo] = []
        for _ in 0..<count { founders.append(try founder()) }
        let founding = ClusterFounding(
            cluster: cluster, founders: founders, shards: shards, replicationFactor: copies.factor,
            isRestored: copies.isRestored)
        guard founding.isSound else { throw .outOfRange(.founders) }
        return founding
    }

    mutating func standing() throws(FoundingDamage) -> FoundingMessage.Standing {
        switch try integer(UInt8.self) {
        case 0:
            let floor = try flag() ? try ballot() : nil
            let promise = try flag() ? Proposal(ballot: try ballot(), founding: try founding()) : nil
            if let promise, !promise.isSound { throw .outOfRange(.proposal) }
            let pledge = FoundingPledge(floor: floor, promise: promise)
            guard pledge.isSound else { throw .outOfRange(.pledge) }
            return .open(pledge)
        case 1: return .member(try founding(), isUp: try flag())
        default: throw .outOfRange(.kind)
        }
    }

    mutating func addresses() throws(FoundingDamage) -> [PeerAddress] {
        let count = Int(try integer(UInt16.self))
        guard count <= FoundingLimits.addressesMax else { throw .outOfRange(.addresses) }
        var addresses: [PeerAddress] = []
        for _ in 0..<count { addresses.append(try address()) }
        return addresses
    }
}
