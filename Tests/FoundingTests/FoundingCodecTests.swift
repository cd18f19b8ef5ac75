import Membership
import Testing

@testable import Founding

@Suite("Founding messages as bytes")
struct FoundingCodecTests {
    static let founding = ClusterFounding(
        cluster: ClusterID(high: 0x0123_4567_89AB_CDEF, low: 42),
        founders: (0..<3).map { FoundingWorld.info($0, replica: UInt64($0) + 100) }, shards: 16, replicationFactor: 3)
    static let proposal = Proposal(ballot: Ballot(round: 7, name: "n1", replica: 101), founding: founding)

    static let samples: [FoundingMessage] = {
        let info = FoundingWorld.info(1, replica: 101)
        let terms = FoundingTerms(founders: 3, shards: 16, replicationFactor: 3, isRestored: true)
        var restored = founding
        restored.isRestored = true
        let addresses = [FoundingWorld.address(5), PeerAddress(host: "fe80::1", port: 65_535)]
        let standings: [FoundingMessage.Standing] = [
            .open(FoundingPledge()), .open(FoundingPledge(floor: Ballot(round: 9, name: "n0", replica: 100))),
            .open(FoundingPledge(floor: proposal.ballot, promise: proposal)), .member(founding, isUp: true),
            .member(restored, isUp: false),
        ]
        return standings.enumerated().map { number, standing in
            FoundingMessage(
                sender: info, terms: number % 2 == 0 ? terms : nil, standing: standing,
                addresses: Array(addresses.prefix(number)))
        }
    }()

    @Test("What is written is read again")
    func roundTrip() throws {
        for message in Self.samples { #expect(try FoundingCodec.decode(FoundingCodec.encode(message)) == message) }
    }

    @Test("Every message that was cut off, or has a byte too many, is refused")
    func cutOff() throws {
        for message in Self.samples {
            let bytes = FoundingCodec.encode(message)
            for count in 0..<bytes.count {
                #expect(throws: FoundingDamage.truncated) { try FoundingCodec.decode(Array(bytes[..<count])) }
            }
            #expect(throws: FoundingDamage.trailingBytes(1)) { try FoundingCodec.decode(bytes + [0]) }
        }
    }

    @Test("A flipped bit is refused, or read as what it then says")
    func flippedBits() {
        for message in Self.samples {
            let bytes = FoundingCodec.encode(message)
            for bit in 0..<bytes.count * 8 {
                var flipped = bytes
                flipped[bit / 8] ^= 1 << (bit % 8)
                if let read = try? FoundingCodec.decode(flipped) { #expect(FoundingCodec.encode(read) == flipped) }
            }
        }
    }

    @Test("Random bytes are refused")
    func noise() {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<20_000 {
            var bytes = (0..<generator.below(300)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            if !bytes.isEmpty { bytes[0] = FoundingCodec.version }
            #expect((try? FoundingCodec.decode(bytes)) == nil)
        }
    }

    @Test("A message over the limit is refused by its length")
    func tooLong() {
        let bytes = [UInt8](repeating: 1, count: FoundingLimits.messageBytesMax + 1)
        #expect(throws: FoundingDamage.tooLong(bytes.count)) { try FoundingCodec.decode(bytes) }
    }

    @Test("The largest message that a node may send is within the limit")
    func largest() throws {
        func text(_ count: Int, _ number: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: count - digits.count) + digits
        }
        let founders = (1...FoundingLimits.foundersMax).map { number in
            let address = PeerAddress(host: text(FoundingLimits.hostBytesMax, number), port: .max)
            return FounderInfo(
                replica: UInt64(number), name: text(FoundingLimits.nameBytesMax, number), peer: address, client: address,
                region: text(FoundingLimits.placeBytesMax, 0), zone: text(FoundingLimits.placeBytesMax, 0))
        }
        let founding = ClusterFounding(
            cluster: ClusterID(high: 1, low: 1), founders: founders, shards: FoundingLimits.shardsMax,
            replicationFactor: FoundingLimits.replicationFactorMax)
        let ballot = Ballot(round: FoundingLimits.roundMax, name: founders[0].name, replica: 1)
        let message = FoundingMessage(
            sender: founders[0], terms: founding.terms,
            standing: .open(FoundingPledge(floor: ballot, promise: Proposal(ballot: ballot, founding: founding))),
            addresses: Array(repeating: founders[0].peer, count: FoundingLimits.addressesMax))
        #expect(try FoundingCodec.decode(FoundingCodec.encode(message)) == message)
    }

    @Test("Founders out of order, twice, or with a proposer from outside are refused")
    func unsoundFoundings() {
        func refused(_ change: (inout ClusterFounding, inout Ballot) -> Void) -> Bool {
            var (founding, ballot) = (Self.founding, Self.proposal.ballot)
            change(&founding, &ballot)
            let pledge = FoundingPledge(floor: ballot, promise: Proposal(ballot: ballot, founding: founding))
            let message = FoundingMessage(
                sender: Self.samples[0].sender, terms: nil, standing: .open(pledge), addresses: [])
            return (try? FoundingCodec.decode(FoundingCodec.encode(message))) == nil
        }
        #expect(!refused { _, _ in })
        #expect(refused { founding, _ in founding.founders.swapAt(0, 1) })
        #expect(refused { founding, _ in founding.founders[1].name = "n0" })
        #expect(refused { founding, _ in founding.founders[1].replica = 100 })
        #expect(refused { founding, _ in founding.shards = 0 })
        #expect(refused { founding, _ in founding.founders = [] })
        #expect(refused { _, ballot in ballot.name = "n2" })
        #expect(refused { _, ballot in ballot.replica = 7 })
        #expect(refused { _, ballot in ballot.round = 0 })
    }

    @Test("A cluster's id is read from its text, and from nothing else")
    func clusterText() {
        let id = Self.founding.cluster
        #expect(id.text == "0123456789abcdef000000000000002a")
        #expect(ClusterID(text: id.text) == id)
        for text in ["", "0123", id.text + "0", "+123456789abcdef000000000000002a", "g123456789abcdef000000000000002a"] {
            #expect(ClusterID(text: text) == nil, "\(text)")
        }
    }
}
