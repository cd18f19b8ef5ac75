import Membership

/// Frames with every kind of message and claim, for the tests of the codec.
struct FrameSamples {
    var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func frames() -> [Frame] {
        let messages: [Message] = [
            .ping(sequence: 7), .ack(sequence: .max), .nack(sequence: 0), .gossip, .introduceYourself, .notice,
            .pingRequest(
                sequence: 9, target: id(), nackAfterMilliseconds: 400),
            .join(sequence: 1), .entries(sequence: 1, isLast: false), .entries(sequence: 2, isLast: true),
            .digest(hashes: [generator.next()]), .digest(hashes: (0..<64).map { _ in generator.next() }),
            .contents(bits: 6, buckets: [0, 5, 63]), .contents(bits: 0, buckets: []),
        ]
        return messages.map { message in
            let claims = (0..<Int(generator.below(5))).map { _ in claim() }
            return Frame(
                cluster: ClusterID(high: 1, low: 2),
                sender: Frame.Sender(
                    id: id(), generation: generator.below(1 << 48), address: PeerAddress(host: "node-1", port: 7000)),
                destination: id(), message: message, claims: claims)
        }
    }

    mutating func id() -> MemberID { MemberID(high: generator.next(), low: generator.next()) }

    mutating func claim() -> Claim {
        let id = id()
        let standing = Standing(
            generation: generator.below(300), incarnation: generator.below(1 << 40),
            status: MemberStatus(rawValue: UInt8(generator.below(4))) ?? .alive)
        switch standing.status {
        case .alive: return Claim(id: id, standing: standing, accuser: id, description: description())
        case .suspected: return Claim(id: id, standing: standing, accuser: self.id())
        case .dead:
            return Claim(
                id: id, standing: standing, accuser: self.id(), ageSeconds: UInt32(generator.below(100_000)),
                description: generator.below(2) == 0 ? description() : nil)
        case .left: return Claim(id: id, standing: standing, accuser: id, ageSeconds: UInt32(generator.below(3)))
        }
    }

    mutating func description() -> MemberDescription {
        MemberDescription(
            name: "node-\(generator.below(1000))", peer: PeerAddress(host: "fd00::1", port: UInt16(generator.below(65536))),
            client: PeerAddress(host: "vtag.example", port: 443), region: "eu-central-1", zone: "", role: .edge,
            startedAtMilliseconds: generator.below(1 << 41),
            metadata: (0..<Int(generator.below(20))).map { _ in UInt8(truncatingIfNeeded: generator.next()) })
    }
}
