import Membership
import Testing

@Suite("Frame codec")
struct FrameCodecTests {
    private func samples(seed: UInt64 = 1) -> [Frame] {
        var samples = FrameSamples(seed: seed)
        return samples.frames()
    }

    @Test("Every frame comes back as it was, and its claims are as long as they say")
    func roundTrip() throws {
        for seed in 1...50 as ClosedRange<UInt64> {
            for frame in samples(seed: seed) {
                let bytes = FrameCodec.encode(frame)
                let decoded = try #require(try FrameCodec.decode(bytes))
                #expect(decoded.frame == frame && decoded.count == bytes.count)
                var bare = frame
                bare.claims = []
                #expect(
                    bytes.count - FrameCodec.encode(bare).count == frame.claims.reduce(0) { $0 + $1.encodedBytes })
            }
        }
    }

    @Test("Every prefix of a frame needs more bytes, and the frame comes with its last byte")
    func prefixes() throws {
        for frame in samples() {
            let bytes = FrameCodec.encode(frame)
            for count in 0..<bytes.count {
                #expect(try FrameCodec.decode([UInt8](bytes[..<count])) == nil, "\(frame.message) cut to \(count)")
            }
        }
    }

    @Test("Frames one behind the other are read one by one")
    func stream() throws {
        let frames = samples()
        var bytes = frames.flatMap { FrameCodec.encode($0) }
        var read: [Frame] = []
        while let (frame, count) = try FrameCodec.decode(bytes) {
            read.append(frame)
            bytes.removeFirst(count)
        }
        #expect(read == frames && bytes.isEmpty)
    }

    @Test("A frame whose length field cuts or stretches it is refused")
    func wrongLength() throws {
        for frame in samples() {
            let bytes = FrameCodec.encode(frame)
            for change in [-1, -2, -20] {
                var cut = [UInt8](bytes.dropLast(-change))
                cut.replaceLength(with: UInt32(bytes.count - 4 + change))
                #expect(throws: FrameDamage.self) { try FrameCodec.decode(cut) }
            }
            var stretched = bytes + [0, 0]
            stretched.replaceLength(with: UInt32(stretched.count - 4))
            #expect(throws: FrameDamage.self) { try FrameCodec.decode(stretched) }
        }
    }

    @Test("A length over the limit is refused by its four bytes, a foreign version by the fifth")
    func bounds() {
        let over = UInt32(MembershipLimits.frameBytesMax - 3)
        for length in [over, .max, 0, 57] as [UInt32] {
            var bytes: [UInt8] = [0, 0, 0, 0]
            bytes.replaceLength(with: length)
            #expect(throws: FrameDamage.length(length)) { try FrameCodec.decode(bytes) }
        }
        #expect(throws: FrameDamage.encodingVersion(2)) { try FrameCodec.decode([100, 0, 0, 0, 2]) }
    }

    @Test("Mutated frames are refused or read as another frame that encodes to the same bytes; nothing traps")
    func mutations() throws {
        let seed: UInt64 = 0xC0DEC
        var generator = SeededGenerator(seed: seed)
        let originals = samples(seed: seed).map { FrameCodec.encode($0) }
        var refused = 0
        for round in 0..<60_000 {
            var bytes = originals[Int(generator.below(UInt64(originals.count)))]
            for _ in 0...generator.below(3) {
                let at = Int(generator.below(UInt64(bytes.count)))
                switch generator.below(4) {
                case 0: bytes[at] = UInt8(truncatingIfNeeded: generator.next())
                case 1: bytes[at] ^= 1 << UInt8(generator.below(8))
                case 2: bytes.remove(at: at)
                default: bytes.insert(UInt8(truncatingIfNeeded: generator.next()), at: at)
                }
            }
            if generator.below(2) == 0, bytes.count > 4 { bytes.replaceLength(with: UInt32(bytes.count - 4)) }
            do {
                guard let (frame, count) = try FrameCodec.decode(bytes) else { continue }
                #expect(FrameCodec.encode(frame) == [UInt8](bytes[..<count]), "seed \(seed), round \(round)")
            } catch {
                refused += 1
            }
        }
        #expect(refused > 10_000, "the mutations were too mild to mean anything")
    }

    @Test("Noise never decodes and never traps")
    func noise() {
        var generator = SeededGenerator(seed: 99)
        for _ in 0..<20_000 {
            var bytes = (0..<Int(generator.below(200))).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            if bytes.count > 5 {
                bytes.replaceLength(with: UInt32(bytes.count - 4))
                bytes[4] = FrameCodec.version
                bytes[5] = UInt8(generator.below(13))
            }
            #expect((try? FrameCodec.decode(bytes)) == nil)
        }
    }

    @Test("Limits of numbers and texts hold at the limit and one above it")
    func fieldLimits() throws {
        var samples = FrameSamples(seed: 3)
        var frame = samples.frames()[0]
        func roundTrips(_ description: MemberDescription) -> Bool {
            let id = MemberID(high: 1, low: 1)
            frame.claims = [
                Claim(
                    id: id, standing: Standing(generation: 1, incarnation: 1, status: .alive), accuser: id,
                    description: description)
            ]
            return (try? FrameCodec.decode(FrameCodec.encode(frame)))??.frame == frame
        }
        var description = samples.description()
        description.metadata = [UInt8](repeating: 1, count: MembershipLimits.metadataBytesMax)
        description.name = String(repeating: "n", count: MembershipLimits.nameBytesMax)
        description.peer.host = String(repeating: "h", count: MembershipLimits.hostBytesMax)
        description.client.host = description.peer.host
        description.region = String(repeating: "r", count: MembershipLimits.placeBytesMax)
        description.zone = description.region
        description.startedAtMilliseconds = MembershipLimits.numberMax
        #expect(description.isWithinLimits && roundTrips(description))
        let largest = Claim(
            id: MemberID(high: 1, low: 1),
            standing: Standing(
                generation: MembershipLimits.numberMax, incarnation: MembershipLimits.numberMax, status: .dead),
            accuser: MemberID(high: 1, low: 2), ageSeconds: MembershipLimits.ageSecondsMax, description: description)
        #expect((1_000...MembershipLimits.claimBytesMax).contains(largest.encodedBytes), "\(largest.encodedBytes)")
        for change in [
            { $0.metadata.append(1) }, { $0.name += "n" }, { $0.peer.host += "h" }, { $0.name = "" },
            { $0.startedAtMilliseconds = MembershipLimits.numberMax + 1 },
        ] as [(inout MemberDescription) -> Void] {
            var changed = description
            change(&changed)
            #expect(!changed.isWithinLimits && !roundTrips(changed))
        }
    }
}

extension [UInt8] {
    /// Sets the first four bytes, little-endian.
    mutating func replaceLength(with length: UInt32) {
        for position in 0..<4 { self[position] = UInt8(truncatingIfNeeded: length >> (8 * UInt32(position))) }
    }
}
