/// Frames as bytes: the body of `POST /gossip`, one frame or several, one behind the other.
///
/// Fixed-size integers are little-endian; `v` is LEB128 in its shortest form; text is a `v` length and UTF-8.
///
///     frame       = length(4) version(1) kind(1) cluster(16) sender(16) generation(v) address
///                   destination(16) oldest(1) newest(1) message claimCount(v) claim*
///     address     = host(text) port(2)
///     claim       = id(16) flags(1) generation(v) incarnation(v) [accuser(16)] [ageSeconds(v)] [description]
///     flags       = status (2 bits), 4: has accuser, 8: has age, 16: has description
///     description = name(text) peer(address) client(address) region(text) zone(text) role(1) startedAt(v)
///                   oldest(1) newest(1) metadata(v, bytes)
///
/// `length` counts the bytes behind it. An id is its low word, then its high word.
package enum FrameCodec {
    /// The encoding that this code writes and reads.
    package static let version: UInt8 = 1
    static let lengthBytes = 4
    /// Shortest frame behind its length field: no claim, a message without fields, a host of one byte.
    static let bytesMin = 2 + 16 + 16 + 1 + 4 + 16 + 2 + 1

    /// Reads the frame at the start of `bytes`; nil if more bytes are needed.
    ///
    /// - Returns: the frame, and how many bytes it took.
    /// - Throws: `FrameDamage`, as soon as the bytes show it; an over-long frame by its first four bytes.
    package static func decode(_ bytes: UnsafeRawBufferPointer) throws(FrameDamage) -> (frame: Frame, count: Int)? {
        var reader = ByteReader(bytes)
        guard bytes.count >= lengthBytes else { return nil }
        let length = try reader.integer(UInt32.self)
        guard length >= bytesMin, length <= MembershipLimits.frameBytesMax - lengthBytes else { throw .length(length) }
        guard bytes.count > lengthBytes else { return nil }
        guard bytes[lengthBytes] == version else { throw .encodingVersion(bytes[lengthBytes]) }
        let end = lengthBytes + Int(length)
        guard bytes.count >= end else { return nil }
        reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[lengthBytes + 1..<end]))
        let frame = try reader.frame()
        guard reader.remaining == 0 else { throw .trailingBytes(reader.remaining) }
        return (frame, end)
    }

    /// Reads the frame at the start of `bytes`; nil if more bytes are needed.
    package static func decode(_ bytes: [UInt8]) throws(FrameDamage) -> (frame: Frame, count: Int)? {
        try bytes.withUnsafeBytes { bytes in
            Result { () throws(FrameDamage) in try decode(bytes) }
        }.get()
    }

    /// The bytes of `frame`, at most `MembershipLimits.frameBytesMax` of them.
    package static func encode(_ frame: Frame) -> [UInt8] {
        var writer = ByteWriter(reserving: 256)
        writer.integer(UInt32(0))
        writer.integer(version)
        writer.frame(frame)
        precondition(
            writer.bytes.count <= MembershipLimits.frameBytesMax, "a frame of \(writer.bytes.count) bytes: \(frame.message)")
        writer.setLength(UInt32(writer.bytes.count - lengthBytes))
        return writer.bytes
    }
}

// MARK: - Reading

extension ByteReader {
    fileprivate mutating func frame() throws(FrameDamage) -> Frame {
        let kind = try integer(UInt8.self)
        let cluster = ClusterID(low: try integer(UInt64.self), high: try integer(UInt64.self))
        let id = try memberID(.sender)
        let sender = Frame.Sender(id: id, generation: try number(.generation), address: try address())
        let destination = MemberID(low: try integer(UInt64.self), high: try integer(UInt64.self))
        let protocols = try protocolRange()
        let message = try message(kind)
        if destination == .anyone {
            guard case .join = message else { throw .outOfRange(.destination) }
        }
        // A claim has at least 19 bytes: a count that the frame has no room for is refused before it is believed.
        let count = try varint(max: UInt64(remaining / 19), .claims)
        var claims: [Claim] = []
        claims.reserveCapacity(Int(count))
        for _ in 0..<count { claims.append(try claim()) }
        return Frame(
            cluster: cluster, sender: sender, destination: destination, protocols: protocols, message: message,
            claims: claims)
    }

    private mutating func message(_ kind: UInt8) throws(FrameDamage) -> Message {
        switch kind {
        case 1: return .ping(sequence: try integer(UInt32.self))
        case 2:
            return .pingRequest(
                sequence: try integer(UInt32.self), target: try memberID(.destination),
                nackAfterMilliseconds: UInt32(try varint(max: UInt64(UInt32.max), .milliseconds)))
        case 3: return .ack(sequence: try integer(UInt32.self))
        case 4: return .nack(sequence: try integer(UInt32.self))
        case 5: return .gossip
        case 6: return .introduceYourself
        case 7: return .notice
        case 8: return .join(sequence: try integer(UInt32.self))
        case 9: return .entries(sequence: try integer(UInt32.self), isLast: try flag())
        case 10: return .digest(hashes: try hashes())
        case 11:
            let bits = try integer(UInt8.self)
            guard bits <= MembershipLimits.bucketBitsMax else { throw .outOfRange(.bits) }
            return .contents(bits: bits, buckets: try buckets(below: 1 << Int(bits)))
        default: throw .unknownMessage(kind)
        }
    }

    private mutating func claim() throws(FrameDamage) -> Claim {
        let id = try memberID(.destination)
        let flags = try integer(UInt8.self)
        guard flags < 32, let status = MemberStatus(rawValue: flags & 3) else { throw .outOfRange(.flags) }
        let standing = Standing(
            generation: try number(.generation), incarnation: try number(.incarnation), status: status)
        let accuser = flags & 4 != 0 ? try memberID(.accuser) : id
        let age = flags & 8 != 0 ? try varint(max: UInt64(MembershipLimits.ageSecondsMax), .age) : 0
        let description = flags & 16 != 0 ? try memberDescription() : nil
        // One form only for each claim: what is decoded encodes to the same bytes.
        guard (accuser != id) == (flags & 4 != 0), (age != 0) == (flags & 8 != 0), age == 0 || status.isFinal,
            status != .alive || (description != nil && accuser == id)
        else { throw .outOfRange(.flags) }
        return Claim(
            id: id, standing: standing, accuser: accuser, ageSeconds: UInt32(age), description: description)
    }

    private mutating func memberDescription() throws(FrameDamage) -> MemberDescription {
        let name = try text(1...MembershipLimits.nameBytesMax, .name)
        let peer = try address()
        let client = try address()
        let region = try text(0...MembershipLimits.placeBytesMax, .place)
        let zone = try text(0...MembershipLimits.placeBytesMax, .place)
        guard let role = MemberDescription.Role(rawValue: try integer(UInt8.self)) else { throw .outOfRange(.role) }
        return MemberDescription(
            name: name, peer: peer, client: client, region: region, zone: zone, role: role,
            startedAtMilliseconds: try number(.startedAt), protocols: try protocolRange(),
            metadata: [UInt8](try bytes(max: MembershipLimits.metadataBytesMax, .metadata)))
    }

    private mutating func memberID(_ field: FrameDamage.Field) throws(FrameDamage) -> MemberID {
        let id = MemberID(low: try integer(UInt64.self), high: try integer(UInt64.self))
        guard id != .anyone else { throw .outOfRange(field) }
        return id
    }

    private mutating func number(_ field: FrameDamage.Field) throws(FrameDamage) -> UInt64 {
        try varint(max: MembershipLimits.numberMax, field)
    }

    private mutating func address() throws(FrameDamage) -> PeerAddress {
        PeerAddress(host: try text(1...MembershipLimits.hostBytesMax, .host), port: try integer(UInt16.self))
    }

    private mutating func protocolRange() throws(FrameDamage) -> ProtocolRange {
        let range = ProtocolRange(oldest: try integer(UInt8.self), newest: try integer(UInt8.self))
        guard range.oldest <= range.newest else { throw .outOfRange(.protocols) }
        return range
    }

    private mutating func flag() throws(FrameDamage) -> Bool {
        let byte = try integer(UInt8.self)
        guard byte <= 1 else { throw .outOfRange(.flags) }
        return byte == 1
    }

    private mutating func hashes() throws(FrameDamage) -> [UInt64] {
        let bits = try integer(UInt8.self)
        guard bits <= MembershipLimits.bucketBitsMax else { throw .outOfRange(.bits) }
        guard remaining >= 8 << Int(bits) else { throw .truncated }
        var hashes: [UInt64] = []
        hashes.reserveCapacity(1 << Int(bits))
        for _ in 0..<1 << Int(bits) { hashes.append(try integer(UInt64.self)) }
        return hashes
    }

    /// Ascending, so none comes twice.
    private mutating func buckets(below limit: Int) throws(FrameDamage) -> [UInt16] {
        let count = Int(try varint(max: UInt64(limit), .buckets))
        guard remaining >= 2 * count else { throw .truncated }
        var buckets: [UInt16] = []
        buckets.reserveCapacity(count)
        for _ in 0..<count {
            let bucket = try integer(UInt16.self)
            guard bucket < limit, buckets.last.map({ $0 < bucket }) ?? true else { throw .outOfRange(.buckets) }
            buckets.append(bucket)
        }
        return buckets
    }
}

extension ClusterID {
    fileprivate init(low: UInt64, high: UInt64) { self.init(high: high, low: low) }
}

extension MemberID {
    /// In the order of the wire.
    fileprivate init(low: UInt64, high: UInt64) { self.init(high: high, low: low) }
}

// MARK: - Writing

extension ByteWriter {
    fileprivate mutating func frame(_ frame: Frame) {
        integer(frame.message.kind)
        integer(frame.cluster.low)
        integer(frame.cluster.high)
        memberID(frame.sender.id)
        varint(frame.sender.generation)
        address(frame.sender.address)
        memberID(frame.destination)
        integer(frame.protocols.oldest)
        integer(frame.protocols.newest)
        message(frame.message)
        varint(UInt(frame.claims.count))
        for claim in frame.claims { self.claim(claim) }
    }

    private mutating func message(_ message: Message) {
        switch message {
        case .ping(let sequence), .ack(let sequence), .nack(let sequence), .join(let sequence): integer(sequence)
        case .pingRequest(let sequence, let target, let nackAfterMilliseconds):
            integer(sequence)
            memberID(target)
            varint(nackAfterMilliseconds)
        case .gossip, .introduceYourself, .notice: break
        case .entries(let sequence, let isLast):
            integer(sequence)
            integer(UInt8(isLast ? 1 : 0))
        case .digest(let hashes):
            precondition(
                hashes.count.nonzeroBitCount == 1 && hashes.count <= MembershipLimits.bucketsMax,
                "a digest of \(hashes.count) buckets")
            integer(UInt8(hashes.count.trailingZeroBitCount))
            for hash in hashes { integer(hash) }
        case .contents(let bits, let buckets):
            integer(bits)
            varint(UInt(buckets.count))
            for bucket in buckets { integer(bucket) }
        }
    }

    private mutating func claim(_ claim: Claim) {
        memberID(claim.id)
        var flags = claim.standing.status.rawValue
        if claim.accuser != claim.id { flags |= 4 }
        if claim.ageSeconds != 0 { flags |= 8 }
        if claim.description != nil { flags |= 16 }
        integer(flags)
        varint(claim.standing.generation)
        varint(claim.standing.incarnation)
        if claim.accuser != claim.id { memberID(claim.accuser) }
        if claim.ageSeconds != 0 { varint(claim.ageSeconds) }
        if let description = claim.description { self.description(description) }
    }

    private mutating func description(_ description: MemberDescription) {
        text(description.name)
        address(description.peer)
        address(description.client)
        text(description.region)
        text(description.zone)
        integer(description.role.rawValue)
        varint(description.startedAtMilliseconds)
        integer(description.protocols.oldest)
        integer(description.protocols.newest)
        bytes(description.metadata)
    }

    private mutating func memberID(_ id: MemberID) {
        integer(id.low)
        integer(id.high)
    }

    private mutating func address(_ address: PeerAddress) {
        text(address.host)
        integer(address.port)
    }
}

extension Message {
    fileprivate var kind: UInt8 {
        switch self {
        case .ping: 1
        case .pingRequest: 2
        case .ack: 3
        case .nack: 4
        case .gossip: 5
        case .introduceYourself: 6
        case .notice: 7
        case .join: 8
        case .entries: 9
        case .digest: 10
        case .contents: 11
        }
    }
}

// MARK: - Sizes

extension Claim {
    /// How many bytes the claim takes in a frame.
    package var encodedBytes: Int {
        16 + 1 + ByteWriter.varintBytes(standing.generation) + ByteWriter.varintBytes(standing.incarnation)
            + (accuser != id ? 16 : 0) + (ageSeconds != 0 ? ByteWriter.varintBytes(ageSeconds) : 0)
            + (description?.encodedBytes ?? 0)
    }
}

extension MemberDescription {
    var encodedBytes: Int {
        func bytes(_ text: String) -> Int { ByteWriter.varintBytes(UInt(text.utf8.count)) + text.utf8.count }
        return bytes(name) + bytes(peer.host) + bytes(client.host) + bytes(region) + bytes(zone) + 2 + 2 + 1 + 2
            + ByteWriter.varintBytes(startedAtMilliseconds) + ByteWriter.varintBytes(UInt(metadata.count)) + metadata.count
    }
}
