import CChecksum

/// Sends one snapshot over a connection of its own: so much ahead of the receiver and no more, from where an earlier
/// attempt ended, given up where nothing moves.
///
/// Use: `started`, then the frames that come back and the chunks that were read, and `deadlinePassed`. Each returns
/// actions; after `finished` there are no more.
package struct SnapshotSender: Sendable {
    package enum Action: Hashable, Sendable {
        case send(SnapshotFrame)
        /// Read these bytes of the snapshot and call `chunkRead`.
        case read(offset: UInt64, bytes: Int)
        /// Close the connection. `nil`: the receiver has the snapshot, whole and durable, or is beyond it.
        case finished(SnapshotFailure?)
    }

    /// Longest chunk in bytes.
    package static let chunkBytesMax = 256 << 10

    private enum State: Sendable {
        case offered
        case sending(Sending)
        case finished
    }

    private struct Sending: Sendable {
        /// All below is written on the other side.
        var acknowledged: UInt64
        /// All below is sent or being read.
        var requested: UInt64
        /// All below is sent.
        var sent: UInt64
    }

    package let offer: SnapshotOffer
    private let limits: SnapshotLimits
    private var state = State.offered
    /// When nothing will have moved for too long.
    package private(set) var deadline: Instant?

    package init(offer: SnapshotOffer, limits: SnapshotLimits = SnapshotLimits(), at now: Instant) {
        self.offer = offer
        self.limits = limits
        deadline = now.advanced(byMilliseconds: limits.idleMilliseconds)
    }

    // MARK: Events

    package mutating func started() -> [Action] { [.send(.offer(offer))] }

    /// The receiver sent a frame.
    package mutating func received(_ frame: SnapshotFrame, at now: Instant) -> [Action] {
        if case .finished = state { return [] }
        switch frame {
        case .resume(let offset):
            guard offset <= offer.totalBytes else { return finish(.protocolBroken) }
            progressed(at: now)
            state = .sending(Sending(acknowledged: offset, requested: offset, sent: offset))
            return readAhead()
        case .acknowledged(let offset):
            guard case .sending(var sending) = state, offset <= sending.sent else { return finish(.protocolBroken) }
            guard offset > sending.acknowledged else { return [] }
            progressed(at: now)
            sending.acknowledged = offset
            state = .sending(sending)
            return readAhead()
        case .done:
            guard case .sending(let sending) = state, sending.sent == offer.totalBytes else {
                return finish(.protocolBroken)
            }
            return finish(nil)
        case .refused(.notNeeded):
            // It has all of it, perhaps from an earlier attempt whose end was not heard of. A sender that took this for a
            // failure would offer the same one for ever.
            return finish(nil)
        case .refused(let refusal): return finish(.refused(refusal))
        case .offer, .chunk: return finish(.protocolBroken)
        }
    }

    /// The bytes that an action asked for were read; empty: they could not be.
    package mutating func chunkRead(offset: UInt64, bytes: [UInt8], at now: Instant) -> [Action] {
        // Else the receiver has asked to go on from elsewhere in the meantime.
        guard case .sending(var sending) = state, offset == sending.sent, offset < sending.requested else { return [] }
        guard !bytes.isEmpty, UInt64(bytes.count) <= sending.requested - offset, bytes.count <= Self.chunkBytesMax else {
            return finish(.unreadable)
        }
        sending.sent += UInt64(bytes.count)
        state = .sending(sending)
        let checksum = bytes.withUnsafeBytes { vtag_crc32c(0, $0.baseAddress, $0.count) }
        return [.send(.chunk(SnapshotChunk(offset: offset, checksum: checksum, bytes: bytes)))]
    }

    package mutating func deadlinePassed(at now: Instant) -> [Action] {
        guard let deadline, now >= deadline else { return [] }
        return finish(.timedOut)
    }

    /// The connection is lost; another attempt may go on where this one ended.
    package mutating func connectionLost() -> [Action] {
        if case .finished = state { return [] }
        return finish(.connectionLost)
    }

    // MARK: Private

    private mutating func progressed(at now: Instant) {
        deadline = now.advanced(byMilliseconds: limits.idleMilliseconds)
    }

    private mutating func finish(_ failure: SnapshotFailure?) -> [Action] {
        state = .finished
        deadline = nil
        return [.finished(failure)]
    }

    /// As many chunks as the window allows.
    private mutating func readAhead() -> [Action] {
        guard case .sending(var sending) = state else { return [] }
        var actions: [Action] = []
        while sending.requested < offer.totalBytes, sending.requested - sending.acknowledged < UInt64(limits.windowBytes) {
            let bytes = min(UInt64(limits.chunkBytes), offer.totalBytes - sending.requested)
            actions.append(.read(offset: sending.requested, bytes: Int(bytes)))
            sending.requested += bytes
        }
        state = .sending(sending)
        return actions
    }
}

/// Limits of one transfer.
package struct SnapshotLimits: Hashable, Sendable {
    /// Length of a chunk in bytes; 1 to `SnapshotSender.chunkBytesMax`.
    package var chunkBytes = SnapshotSender.chunkBytesMax
    /// How far the sender may be ahead of the receiver's disk, in bytes, a chunk more or less.
    package var windowBytes = 4 << 20
    /// A transfer in which nothing moves for this long has failed, in milliseconds.
    package var idleMilliseconds: UInt64 = 30_000
    /// Longest snapshot that a receiver takes, in bytes.
    package var totalBytesMax: UInt64 = 1 << 40
    /// How often a receiver asks again for damaged chunks.
    package var damagedChunksMax = 3

    package init() {}
}

package enum SnapshotFailure: Error, Hashable, Sendable {
    case refused(SnapshotRefusal)
    case timedOut
    case connectionLost
    /// The sender's own snapshot could not be read.
    case unreadable
    /// The other side sent what does not belong there.
    case protocolBroken
}
