package import WriteAheadLog

/// What a snapshot is: said before its bytes.
package struct SnapshotOffer: Hashable, Sendable {
    package var group: GroupID
    package var from: ReplicaID
    package var to: ReplicaID
    package var snapshot: SnapshotPoint
    /// Length of its bytes.
    package var totalBytes: UInt64
    /// SHA-256 of its bytes. With the point it is the snapshot's identity: only a transfer of the same may be resumed.
    package var digest: SnapshotDigest

    package init(
        group: GroupID, from: ReplicaID, to: ReplicaID, snapshot: SnapshotPoint, totalBytes: UInt64, digest: SnapshotDigest
    ) {
        self.group = group
        self.from = from
        self.to = to
        self.snapshot = snapshot
        self.totalBytes = totalBytes
        self.digest = digest
    }
}

/// 32 bytes of SHA-256, computed by whoever reads and writes the files.
package struct SnapshotDigest: Hashable, Sendable {
    package let words: SIMD4<UInt64>

    package init(words: SIMD4<UInt64>) { self.words = words }

    /// Nil unless `bytes` are 32.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        var reader = ByteReader(bytes[...])
        guard let words = try? Self(from: &reader) else { return nil }
        self = words
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter()
        write(to: &writer)
        return writer.bytes
    }

    init(from reader: inout ByteReader) throws(CodecFault) {
        words = SIMD4(try reader.read(), try reader.read(), try reader.read(), try reader.read())
    }

    func write(to writer: inout ByteWriter) {
        for position in 0..<4 { writer.write(words[position]) }
    }
}

/// What travels on a snapshot's own connection.
package enum SnapshotFrame: Hashable, Sendable {
    /// First, from the sender.
    case offer(SnapshotOffer)
    /// From the receiver: go on from this offset.
    case resume(offset: UInt64)
    case chunk(SnapshotChunk)
    /// From the receiver: all bytes below are written.
    case acknowledged(offset: UInt64)
    /// From the receiver: the snapshot is whole, verified and durable.
    case done
    /// From the receiver: it is not to be.
    case refused(SnapshotRefusal)
}

package struct SnapshotChunk: Hashable, Sendable {
    package var offset: UInt64
    /// CRC32C of `bytes`, as the sender read them.
    package var checksum: UInt32
    package var bytes: [UInt8]

    package init(offset: UInt64, checksum: UInt32, bytes: [UInt8]) {
        self.offset = offset
        self.checksum = checksum
        self.bytes = bytes
    }
}

package enum SnapshotRefusal: UInt8, Hashable, Sendable {
    /// The receiver is beyond it.
    case notNeeded = 1
    /// Another one is under way there.
    case busy = 2
    /// For another node or group, or longer than the receiver takes.
    case unacceptable = 3
    /// A chunk arrived damaged again and again.
    case damagedChunk = 4
    /// All bytes are there and are not those that were offered.
    case wrongDigest = 5
    /// The receiver could not write it.
    case failed = 6
}
