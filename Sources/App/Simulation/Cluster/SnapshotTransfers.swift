import COpenSSL
import Consensus

/// A connection that a snapshot travels on: in order, and broken for good once something of it is lost.
struct SnapshotStream {
    let sender: Int
    let receiver: Int
    var isBroken = false
    /// When the last frame to the receiver, and the last to the sender, arrives.
    var lastArrivals: (toReceiver: Microseconds, toSender: Microseconds) = (0, 0)
}

/// A snapshot that a replica sends.
struct SnapshotSending {
    let stream: Int
    var sender: SnapshotSender
    let bytes: [UInt8]
}

/// A snapshot that a replica receives.
struct SnapshotReceiving {
    let stream: Int
    var receiver: SnapshotReceiver
    var heardAt: Microseconds
}

/// What has come of a snapshot: another attempt at the very same one goes on behind it.
struct StagedSnapshot {
    let offer: SnapshotOffer
    var bytes: [UInt8] = []
}

/// A snapshot that is being made a replica's state. Meanwhile the replica is deaf.
struct SnapshotInstalling {
    let transfer: SnapshotTransfer
    let stream: Int
    /// What the receiver asks for once it is done.
    let rest: [SnapshotReceiver.Action]
}

extension SnapshotDigest {
    init(of content: [UInt8]) {
        var digest = [UInt8](repeating: 0, count: 32)
        _ = content.withUnsafeBytes { bytes in
            SHA256(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, &digest)
        }
        guard let made = SnapshotDigest(bytes: digest) else { preconditionFailure("SHA-256 has 32 bytes") }
        self = made
    }
}
