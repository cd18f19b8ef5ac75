/// The write-ahead log of one node: its bytes, and what a restart may conclude from them.
///
/// # Problem
/// A write is acknowledged once the log has it on disk. After any crash the log must give back every acknowledged
/// record, and it must never take damage for the end of the log: a record dropped silently is a lost write.
///
/// # Layout
/// All integers are little-endian. The log is a run of *segments*, files with consecutive sequence numbers, each
/// preallocated to its full capacity with zeros before it is used.
///
///     segment = preamble(32) segmentHeader record* [seal] zeros
///     record  = header(32) payload padding            padded with zeros to a multiple of 32 bytes
///     header  = kind(1) flags(1) group(2) payloadLength(3) entryKind(1) index(8) term(8) payloadCRC(4) headerCRC(4)
///
/// Records start at multiples of 32 bytes, so a header never straddles a 512-byte sector, the unit that a disk writes
/// whole. The header's CRC also covers node, segment and offset: a record copied from elsewhere is refused. The
/// payload's CRC covers the padding, so that no byte of a record goes unchecked.
///
/// Records of a group are its entries, in order, and what changes their meaning. A truncation voids the entries above
/// a point. A restart voids all, and the group goes on behind a point: a snapshot took their place. A removal voids all
/// and leaves the group's hard state, lest it vote twice when it comes back. A record is there whole or not at all;
/// that is why a restart carries the hard state that changes with it in its own payload.
///
/// A segment's header has the `GroupState` of every group, so that hard states and removals outlive the segments with
/// their records. A segment may be deleted, oldest first, once all of its entries that are not void are held elsewhere.
///
/// A *batch* is what one `fdatasync` makes durable. Its first record carries the flag `startsBatch`. The writer starts
/// a batch only after the one before it is on disk, so that flag at offset X promises: all below X was durable.
///
/// # What a crash can do
/// Only the last batch of the newest segment may be incomplete. Of its sectors any subset may have arrived; the others
/// still show the zeros of the preallocation (`cut` zeroes and syncs what it drops, before the next append). So:
///
/// | found | means |
/// | --- | --- |
/// | a header of 32 zero bytes | end of the log, or a hole |
/// | a header, not zero, with a wrong CRC | damage: a header lies in one sector, it is whole or zero |
/// | a good header, a wrong payload CRC, a sector of the record all zero | torn |
/// | a good header, a wrong payload CRC, no sector all zero | damage: a bit flipped |
///
/// A hole or a torn record is the end of the log only in the newest segment and only if no batch starts behind it;
/// else it lies below a confirmed offset and is damage. So that a whole record never shows a zero sector, of its
/// own accord or for a few flipped bits, a payload that might is stored under a mask (`PayloadMask`).
///
/// # Which damage could lose an acknowledged write, and what notices
/// - Flipped bits in any record: its CRCs, and the table above for the last batch.
/// - A record zeroed, wholly or in part, before the last batch: a batch starts behind it.
/// - The same in a sealed segment: its successor's header names the offset where it ends, and the state of each group:
///   its last entry, its hard state, whether it was removed.
/// - The same in the last batch after an orderly stop: the `stopped` record confirms that batch, and after `stopped`
///   nothing but zeros may follow. (`opened`, the first record of each run, allows appends again.)
/// - A file cut short: a segment is never shorter than its capacity.
/// - A segment lost: sequence numbers have no gaps; the newest is not sealed, so a lost successor shows; a lost
///   beginning shows in the base indexes of the oldest header, which the owner compares with its checkpoint. (Only a
///   truncation may lower such a base: the entry it cuts back to went with its segment, what follows the cut did not.)
/// - A failed `fdatasync` hidden by the page cache: the process ends at once, and the next start writes the unconfirmed
///   batch again before it relies on it.
/// - Left over: whole sectors of the last, unconfirmed batch set back to zero, or an older copy of the newest segment
///   put in its place. No log can tell these from a lost write; the owner's checkpoint watermark may.
package enum LogFormat {
    /// The format that this code writes and reads.
    package static let version: UInt32 = 2
    /// Every record starts at a multiple of this many bytes.
    package static let alignmentBytes = 32
    /// What a disk writes whole or not at all, in bytes.
    package static let sectorBytes = 512
    package static let headerBytes = 32
    package static let preambleBytes = 32
    /// Longest payload of one record in bytes.
    package static let payloadBytesMax = (16 << 20) - 1
    /// Capacity of a segment in bytes, where nothing else is asked for.
    package static let segmentBytesDefault = 64 << 20
    /// Smallest capacity of a segment in bytes.
    package static let segmentBytesMin = 4 << 10
    /// Largest capacity of a segment in bytes.
    package static let segmentBytesMax = 4 << 30
    /// Most groups that one log may hold, removed ones included.
    package static let groupsMax = 4096

    /// Size in the file of a record with a payload of `payloadBytes`.
    @inlinable
    package static func recordBytes(payloadBytes: Int) -> Int {
        headerBytes + (payloadBytes + alignmentBytes - 1) & ~(alignmentBytes - 1)
    }
}

/// A replication group (shard) whose entries are in the log. Group 0 is the system shard.
package typealias GroupID = UInt16

/// Identity of the node that owns a log, 16 bytes, drawn once per data directory.
package struct LogNodeID: Hashable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}
