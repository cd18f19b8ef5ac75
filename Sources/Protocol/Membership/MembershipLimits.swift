/// Bounds that every frame is held to before its payload is read.
package enum MembershipLimits {
    /// Longest frame in bytes, its length field included.
    package static let frameBytesMax = 64 << 10
    /// Longest name of a member in UTF-8 bytes.
    package static let nameBytesMax = 64
    /// Longest host of an address in UTF-8 bytes.
    package static let hostBytesMax = 255
    /// Longest region or zone in UTF-8 bytes.
    package static let placeBytesMax = 64
    /// Longest metadata of a member in bytes.
    package static let metadataBytesMax = 256
    /// Longest claim in bytes: its numbers, two ids, and a description at all its limits.
    package static let claimBytesMax = 1_100
    /// Highest generation and incarnation: room to count up from any number that a peer may claim.
    package static let numberMax: UInt64 = 1 << 48
    /// Most buckets of a digest; a power of two.
    package static let bucketsMax = 1 << bucketBitsMax
    package static let bucketBitsMax = 10
    /// Oldest death that a claim can tell of, in seconds.
    package static let ageSecondsMax: UInt32 = 1 << 24
}
