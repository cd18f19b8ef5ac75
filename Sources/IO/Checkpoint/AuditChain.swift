import Model

/// The hashes that chain a shard's audit history: each is the SHA-256 of the one before and of the entry's digest,
/// which is the SHA-256 of its stored form (`ByteWriter.auditEntry`).
///
/// Of an entry that a clean-up removed the digest is kept, for as long as an older entry is: all other hashes still follow.
///
/// Entries are the same on every replica and in the same order, so the hashes are, too; a snapshot's are worked out from its
/// entries. Whoever alters, adds or removes an entry, and makes everything in the file fit, ends at another hash than the
/// other replicas, and than whoever has kept one of the hashes that were reported.
struct AuditChain {
    private let digest: SHA256Digest

    init() throws(CheckpointError) { digest = try SHA256Digest() }

    /// The hash of an entry; `previous` is that of the one before it, empty for none.
    func hash(_ entry: AuditEntry, after previous: [UInt8], shard: Int) throws(CheckpointError) -> [UInt8] {
        try hash(try digest(of: entry), after: previous, shard: shard)
    }

    func hash(_ entry: [UInt8], after previous: [UInt8], shard: Int) throws(CheckpointError) -> [UInt8] {
        try digest.hash((previous.isEmpty ? Self.origin(shard) : previous) + entry)
    }

    func digest(of entry: AuditEntry) throws(CheckpointError) -> [UInt8] {
        var writer = ByteWriter(reserving: 512)
        writer.auditEntry(entry)
        return try digest.hash(writer.bytes)
    }

    /// What stands before the first entry, so that no history can be taken for another shard's.
    private static func origin(_ shard: Int) -> [UInt8] { Array("audit history 2 of shard \(shard)".utf8) }
}
