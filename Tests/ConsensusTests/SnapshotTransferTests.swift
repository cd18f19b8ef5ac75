import Testing
import WriteAheadLog

@testable import Consensus

@Suite("Snapshot transfer")
struct SnapshotTransferTests {
    private static let content = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    private static let now = Instant(milliseconds: 0)

    private static var limits: SnapshotLimits {
        var limits = SnapshotLimits()
        limits.chunkBytes = 64
        limits.windowBytes = 256
        limits.idleMilliseconds = 100
        return limits
    }

    /// Stands for SHA-256: any function of all bytes serves the machines.
    private static func digest(_ bytes: [UInt8]) -> SnapshotDigest {
        var random = RandomSource(seed: 1)
        var words = SIMD4<UInt64>(repeating: UInt64(bytes.count))
        for (position, byte) in bytes.enumerated() { words[position % 4] ^= random.next() &* (UInt64(byte) + 1) }
        return SnapshotDigest(words: words)
    }

    private static let offer = SnapshotOffer(
        group: 3, from: ReplicaID(1), to: ReplicaID(2),
        snapshot: SnapshotPoint(point: LogPoint(index: 50, term: 4), configuration: Configuration(voters: [ReplicaID(1)])),
        totalBytes: UInt64(content.count), digest: digest(content))

    /// Both machines, joined by frames that pass through the codec and, now and then, through bad luck.
    private struct Transfer {
        var sender: SnapshotSender
        var receiver: SnapshotReceiver
        var staged: [UInt8] = []
        var installed = false
        var senderEnd: SnapshotFailure??
        var receiverEnd: SnapshotFailure??
        var toReceiver: [SnapshotFrame] = []
        var toSender: [SnapshotFrame] = []
        var chunksSent = 0
        var aheadMax: UInt64 = 0
        /// Flips a bit of the chunk with this number.
        var damage: (Int) -> Bool = { _ in false }
        var content = SnapshotTransferTests.content

        init(staged: [UInt8] = []) {
            sender = SnapshotSender(offer: offer, limits: limits, at: now)
            receiver = SnapshotReceiver(offer: offer, limits: limits, at: now)
            self.staged = staged
        }

        mutating func run() throws {
            carryOut(sender.started())
            guard toReceiver == [.offer(offer)] else { return }
            toReceiver = []
            carryOut(receiver.started(staged: UInt64(staged.count), group: 3, id: ReplicaID(2), commit: 10))
            while !toReceiver.isEmpty || !toSender.isEmpty {
                if !toReceiver.isEmpty { carryOut(receiver.received(try coded(toReceiver.removeFirst()), at: now)) }
                if !toSender.isEmpty { carryOut(sender.received(try coded(toSender.removeFirst()), at: now)) }
            }
        }

        private func coded(_ frame: SnapshotFrame) throws -> SnapshotFrame {
            try #require(try SnapshotFrame.decode(frame.encoded[...])).frame
        }

        mutating func carryOut(_ actions: [SnapshotSender.Action]) {
            for action in actions {
                switch action {
                case .send(.chunk(var chunk)):
                    chunksSent += 1
                    if damage(chunksSent) { chunk.bytes[0] ^= 1 }
                    aheadMax = max(aheadMax, chunk.offset + UInt64(chunk.bytes.count) - UInt64(staged.count))
                    toReceiver.append(.chunk(chunk))
                case .send(let frame): toReceiver.append(frame)
                case .read(let offset, let bytes):
                    carryOut(
                        sender.chunkRead(offset: offset, bytes: Array(content[Int(offset)..<Int(offset) + bytes]), at: now))
                case .finished(let failure): senderEnd = .some(failure)
                }
            }
        }

        mutating func carryOut(_ actions: [SnapshotReceiver.Action]) {
            for action in actions {
                switch action {
                case .send(let frame): toSender.append(frame)
                case .write(let offset, let bytes):
                    staged.removeLast(staged.count - Int(offset))
                    staged += bytes
                    carryOut(receiver.written(upTo: UInt64(staged.count)))
                case .digest: carryOut(receiver.digested(digest(staged)))
                case .install(let offer): installed = offer == SnapshotTransferTests.offer
                case .discard: staged = []
                case .finished(let failure): receiverEnd = .some(failure)
                }
            }
        }
    }

    @Test("A snapshot arrives whole, the sender never further ahead than its window")
    func whole() throws {
        var transfer = Transfer()
        try transfer.run()
        #expect(transfer.staged == Self.content && transfer.installed)
        #expect(transfer.senderEnd == .some(nil) && transfer.receiverEnd == .some(nil))
        #expect(transfer.aheadMax <= UInt64(Self.limits.windowBytes + Self.limits.chunkBytes))
    }

    @Test("A second attempt goes on where the first ended")
    func resumed() throws {
        for staged in [0, 1, 640, 999, 1000] {
            var transfer = Transfer(staged: Array(Self.content[..<staged]))
            try transfer.run()
            #expect(transfer.staged == Self.content && transfer.installed)
            #expect(transfer.chunksSent == (Self.content.count - staged + 63) / 64)
        }
    }

    @Test("A damaged chunk is asked for again; one that stays damaged ends the transfer")
    func damagedChunk() throws {
        var transfer = Transfer()
        transfer.damage = { $0 == 3 || $0 == 9 }
        try transfer.run()
        #expect(transfer.staged == Self.content && transfer.installed)
        var hopeless = Transfer()
        hopeless.damage = { $0 >= 3 }
        try hopeless.run()
        #expect(!hopeless.installed)
        #expect(hopeless.senderEnd == .some(.refused(.damagedChunk)))
        #expect(hopeless.receiverEnd == .some(.refused(.damagedChunk)))
    }

    @Test("A snapshot with a byte other than offered is never installed, and its file is dropped")
    func flippedByte() throws {
        for position in [0, 500, 999] {
            var transfer = Transfer()
            transfer.content[position] ^= 0x10
            try transfer.run()
            #expect(!transfer.installed && transfer.staged.isEmpty)
            #expect(transfer.senderEnd == .some(.refused(.wrongDigest)))
        }
        var stale = Transfer(staged: [UInt8](repeating: 9, count: 100))
        try stale.run()
        #expect(!stale.installed && stale.senderEnd == .some(.refused(.wrongDigest)))
    }

    @Test("A snapshot that is not needed, for somebody else or too long is refused at once")
    func refused() {
        func refusal(group: UInt16 = 3, id: UInt64 = 2, commit: UInt64 = 0, limits: SnapshotLimits = Self.limits)
            -> [SnapshotReceiver.Action]
        {
            var receiver = SnapshotReceiver(offer: Self.offer, limits: limits, at: Self.now)
            return receiver.started(staged: 0, group: group, id: ReplicaID(id), commit: commit)
        }
        #expect(refusal() == [.send(.resume(offset: 0))])
        #expect(refusal(commit: 50).first == .send(.refused(.notNeeded)))
        #expect(refusal(group: 4).first == .send(.refused(.unacceptable)))
        #expect(refusal(id: 3).first == .send(.refused(.unacceptable)))
        var small = Self.limits
        small.totalBytesMax = 999
        #expect(refusal(limits: small).first == .send(.refused(.unacceptable)))
    }

    @Test("A receiver that is beyond the snapshot has it: the sender ends as after a delivery")
    func beyond() {
        var sender = SnapshotSender(offer: Self.offer, limits: Self.limits, at: Self.now)
        _ = sender.started()
        #expect(sender.received(.refused(.notNeeded), at: Self.now) == [.finished(nil)])
        #expect(sender.deadline == nil)
    }

    @Test("A transfer in which nothing moves is given up, a slow one is not")
    func deadlines() {
        var sender = SnapshotSender(offer: Self.offer, limits: Self.limits, at: Self.now)
        #expect(sender.deadlinePassed(at: Instant(milliseconds: 99)) == [])
        _ = sender.received(.resume(offset: 0), at: Instant(milliseconds: 99))
        #expect(sender.deadlinePassed(at: Instant(milliseconds: 100)) == [])
        #expect(sender.deadlinePassed(at: Instant(milliseconds: 199)) == [.finished(.timedOut)])
        #expect(sender.deadline == nil && sender.received(.done, at: Self.now) == [])
        var receiver = SnapshotReceiver(offer: Self.offer, limits: Self.limits, at: Self.now)
        #expect(receiver.deadlinePassed(at: Instant(milliseconds: 100)) == [.finished(.timedOut)])
    }

    @Test("Frames that do not belong where they come end the transfer")
    func outOfPlace() {
        for frame in [SnapshotFrame.offer(Self.offer), .acknowledged(offset: 1), .done, .resume(offset: 1001)] {
            var sender = SnapshotSender(offer: Self.offer, limits: Self.limits, at: Self.now)
            #expect(sender.received(frame, at: Self.now) == [.finished(.protocolBroken)])
        }
        for frame in [SnapshotFrame.offer(Self.offer), .resume(offset: 0), .done] {
            var receiver = SnapshotReceiver(offer: Self.offer, limits: Self.limits, at: Self.now)
            #expect(receiver.received(frame, at: Self.now) == [.finished(.protocolBroken)])
        }
        var receiver = SnapshotReceiver(offer: Self.offer, limits: Self.limits, at: Self.now)
        let tooMuch = SnapshotChunk(offset: 0, checksum: 0, bytes: [UInt8](repeating: 0, count: 1001))
        #expect(receiver.received(.chunk(tooMuch), at: Self.now) == [.finished(.protocolBroken)])
    }

    @Test("Frames of a transfer survive the codec, and none longer than a chunk calls for is taken")
    func codec() throws {
        let frames: [SnapshotFrame] = [
            .offer(Self.offer), .resume(offset: 5), .chunk(SnapshotChunk(offset: 1, checksum: 2, bytes: [3])),
            .acknowledged(offset: 6), .done, .refused(.busy),
        ]
        for frame in frames {
            let bytes = frame.encoded
            #expect(try SnapshotFrame.decode(bytes[...])?.frame == frame)
            for end in 0..<bytes.count { #expect(try SnapshotFrame.decode(bytes[..<end]) == nil) }
        }
        #expect(throws: CodecFault.self) { try SnapshotFrame.decode([0, 0, 0, 1]) }
        #expect(throws: CodecFault.self) { try SnapshotFrame.decode([3, 0, 0, 0, 1, 69, 7]) }
    }
}
