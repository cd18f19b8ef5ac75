/// A table of members as hashes over buckets: two tables agree if their digests do, and where they do not, the bucket
/// tells where to look.
///
/// A bucket's hash is the exclusive or over its members, so that each change costs two operations; fewer, larger buckets
/// are the exclusive or of neighbours.
struct Digest: Sendable {
    private var fine = [UInt64](repeating: 0, count: MembershipLimits.bucketsMax)
    private(set) var root: UInt64 = 0

    /// Adds a member that is not in the digest, or takes one out that is.
    mutating func toggle(_ id: MemberID, _ standing: Standing) {
        let hash = Self.hash(id, standing)
        fine[Self.bucket(of: id, bits: MembershipLimits.bucketBitsMax)] ^= hash
        root ^= hash
    }

    /// The hashes of `1 << bits` buckets.
    func hashes(bits: Int) -> [UInt64] {
        if bits == 0 { return [root] }
        let shift = MembershipLimits.bucketBitsMax - bits
        var hashes = [UInt64](repeating: 0, count: 1 << bits)
        for (bucket, hash) in fine.enumerated() { hashes[bucket >> shift] ^= hash }
        return hashes
    }

    /// How many bits of bucket suit a table of `members`: about four members a bucket.
    static func bits(members: Int) -> Int {
        var bits = 1
        while bits < MembershipLimits.bucketBitsMax, members >> (bits + 2) > 0 { bits += 1 }
        return bits
    }

    static func bucket(of id: MemberID, bits: Int) -> Int { Int(id.fingerprint >> UInt64(64 - bits)) }

    private static func hash(_ id: MemberID, _ standing: Standing) -> UInt64 {
        // Of two deaths in one generation neither overrides the other, whatever the incarnation: they count as the same.
        let incarnation = standing.status.isFinal ? 0 : standing.incarnation
        return id.fingerprint.mixed(with: standing.generation)
            .mixed(with: incarnation << 2 | UInt64(standing.status.rawValue))
    }
}
