import CChecksum
package import WriteAheadLog

/// Receives one snapshot: chunks in order, each checked, written before it is acknowledged, the whole verified before it
/// is used.
///
/// Use: `started` once the offer has come and it is known how much of this very snapshot (point and digest) an earlier
/// attempt left on disk. After `install`, the replica is told with `snapshotReceived`.
package struct SnapshotReceiver: Sendable {
    package enum Action: Hashable, Sendable {
        case send(SnapshotFrame)
        /// Write the bytes at this offset of the staged file and call `written`.
        case write(offset: UInt64, bytes: [UInt8])
        /// Sync the staged file, read it from its beginning, compute its SHA-256, and call `digested`.
        case digest
        /// The staged file is the snapshot.
        case install(SnapshotOffer)
        /// The staged file is worth nothing: remove it.
        case discard
        /// Close the connection, once what was to be sent is.
        case finished(SnapshotFailure?)
    }

    private enum State: Sendable {
        /// `received` bytes have come, `written` of them are written.
        case receiving(received: UInt64, written: UInt64)
        case digesting
        case finished
    }

    package let offer: SnapshotOffer
    private let limits: SnapshotLimits
    private var state: State
    private var damagedChunks = 0
    package private(set) var deadline: Instant?

    package init(offer: SnapshotOffer, limits: SnapshotLimits = SnapshotLimits(), at now: Instant) {
        self.offer = offer
        self.limits = limits
        state = .receiving(received: 0, written: 0)
        deadline = now.advanced(byMilliseconds: limits.idleMilliseconds)
    }

    // MARK: Events

    /// `staged` bytes of this snapshot are on disk already; `commit` is what the replica has committed.
    package mutating func started(staged: UInt64, group: GroupID, id: ReplicaID, commit: UInt64) -> [Action] {
        guard offer.group == group, offer.to == id, offer.totalBytes <= limits.totalBytesMax else {
            return refuse(.unacceptable)
        }
        guard offer.snapshot.point.index > commit else { return refuse(.notNeeded) }
        let offset = staged <= offer.totalBytes ? staged : 0
        state = .receiving(received: offset, written: offset)
        return [.send(.resume(offset: offset))] + digestIfWhole()
    }

    /// The sender sent a frame.
    package mutating func received(_ frame: SnapshotFrame, at now: Instant) -> [Action] {
        switch frame {
        case .chunk(let chunk): return chunkReceived(chunk, at: now)
        case .offer, .resume, .acknowledged, .done, .refused:
            if case .finished = state { return [] }
            return finish(.protocolBroken)
        }
    }

    private mutating func chunkReceived(_ chunk: SnapshotChunk, at now: Instant) -> [Action] {
        guard case .receiving(let received, let written) = state else { return [] }
        // On its way before the sender heard of a damaged one before it.
        guard chunk.offset == received else { return chunk.offset > offer.totalBytes ? finish(.protocolBroken) : [] }
        guard !chunk.bytes.isEmpty, UInt64(chunk.bytes.count) <= offer.totalBytes - received else {
            return finish(.protocolBroken)
        }
        guard chunk.checksum == chunk.bytes.withUnsafeBytes({ vtag_crc32c(0, $0.baseAddress, $0.count) }) else {
            damagedChunks += 1
            return damagedChunks > limits.damagedChunksMax ? refuse(.damagedChunk) : [.send(.resume(offset: received))]
        }
        deadline = now.advanced(byMilliseconds: limits.idleMilliseconds)
        state = .receiving(received: received + UInt64(chunk.bytes.count), written: written)
        return [.write(offset: received, bytes: chunk.bytes)]
    }

    /// The bytes of a chunk are written up to `offset`; nil: they could not be.
    package mutating func written(upTo offset: UInt64?) -> [Action] {
        guard case .receiving(let received, let written) = state else { return [] }
        guard let offset else { return refuse(.failed) }
        guard offset > written, offset <= received else { return [] }
        state = .receiving(received: received, written: offset)
        return [.send(.acknowledged(offset: offset))] + digestIfWhole()
    }

    /// The SHA-256 of the staged file, which is synced; nil: it could not be read or synced.
    package mutating func digested(_ digest: SnapshotDigest?) -> [Action] {
        guard case .digesting = state else { return [] }
        guard let digest else { return refuse(.failed) }
        guard digest == offer.digest else { return [.discard] + refuse(.wrongDigest) }
        state = .finished
        deadline = nil
        return [.install(offer), .send(.done), .finished(nil)]
    }

    package mutating func deadlinePassed(at now: Instant) -> [Action] {
        guard let deadline, now >= deadline else { return [] }
        return finish(.timedOut)
    }

    package mutating func connectionLost() -> [Action] {
        if case .finished = state { return [] }
        return finish(.connectionLost)
    }

    // MARK: Private

    private mutating func digestIfWhole() -> [Action] {
        guard case .receiving(_, let written) = state, written == offer.totalBytes else { return [] }
        state = .digesting
        deadline = nil
        return [.digest]
    }

    private mutating func refuse(_ refusal: SnapshotRefusal) -> [Action] {
        [.send(.refused(refusal))] + finish(.refused(refusal))
    }

    private mutating func finish(_ failure: SnapshotFailure?) -> [Action] {
        state = .finished
        deadline = nil
        return [.finished(failure)]
    }
}
