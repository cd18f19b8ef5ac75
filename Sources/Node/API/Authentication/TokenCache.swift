import Glibc

/// Whom a verified token stands for, and what is left of their allowance; nil: there is no limit.
struct Caller: Sendable {
    let principal: Principal
    let bucket: RateBucket?
}

/// Verified tokens by the exact bytes of their Authorization header, so that a request with a known one costs one comparison.
///
/// Four-way set associative: a header can only be in the set that its last bytes (of the signature) pick, and the least
/// recently used of the set makes room. Only verified tokens get in. Confined to one event loop.
struct TokenCache {
    /// Sets of the cache; a power of two.
    static let setsMax = 256
    private static let ways = 4

    private struct Entry {
        var header: [UInt8]
        var caller: Caller
        var usedAt: UInt64
    }

    private var entries: [Entry?]
    private var uses: UInt64 = 0

    init() { entries = Array(repeating: nil, count: Self.setsMax * Self.ways) }

    /// The caller of that header, if it was verified before and its time is not over.
    @inline(__always)
    mutating func caller(for header: UnsafeRawBufferPointer, at now: Int64) -> Caller? {
        let first = Self.firstEntry(for: header)
        for position in first..<first + Self.ways {
            guard let entry = entries[position], Self.equal(entry.header, header) else { continue }
            guard entry.caller.principal.isValid(at: now) else {
                entries[position] = nil
                return nil
            }
            uses &+= 1
            entries[position]?.usedAt = uses
            return entry.caller
        }
        return nil
    }

    mutating func insert(_ caller: Caller, for header: UnsafeRawBufferPointer) {
        let first = Self.firstEntry(for: header)
        let candidates = first..<first + Self.ways
        let position =
            candidates.first { entries[$0].map { Self.equal($0.header, header) } ?? true }
            ?? candidates.min { (entries[$0]?.usedAt ?? 0) < (entries[$1]?.usedAt ?? 0) } ?? first
        uses &+= 1
        entries[position] = Entry(header: Array(header), caller: caller, usedAt: uses)
    }

    /// Forgets everything: the keys have changed.
    mutating func removeAll() {
        for position in entries.indices { entries[position] = nil }
    }

    private static func firstEntry(for header: UnsafeRawBufferPointer) -> Int {
        guard header.count >= 16 else { return 0 }
        // Not the very last byte: of an ES256 signature's last character only two bits vary.
        let word = header.loadUnaligned(fromByteOffset: header.count - 9, as: UInt64.self)
        let mixed = word &* 0x9E37_79B9_7F4A_7C15
        return (Int(mixed >> 56) & (setsMax - 1)) &* ways
    }

    @inline(__always)
    private static func equal(_ known: [UInt8], _ header: UnsafeRawBufferPointer) -> Bool {
        known.count == header.count
            && known.withUnsafeBytes { memcmp($0.baseAddress!, header.baseAddress!, header.count) == 0 }
    }
}
