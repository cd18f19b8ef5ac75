internal import COpenSSL

/// A resource's id: UUIDv5 of `provider:native id`, so that the same resource always gets the same id.
///
/// Its first 16 bits are its slot; everything that belongs to the resource carries the same 16 bits.
package struct ResourceID: Hashable, Comparable, Sendable {
    package let uuid: UUID128

    package init(_ uuid: UUID128) { self.uuid = uuid }

    /// The id of the resource that `provider` knows as `nativeID` (canonical, see `Normalisation`).
    package init(provider: Provider, nativeID: String) {
        uuid = .version5(namespace: Self.namespace, name: "\(provider.rawValue):\(nativeID)")
    }

    package init?(_ text: some StringProtocol) {
        guard let uuid = UUID128(text) else { return nil }
        self.uuid = uuid
    }

    package var slot: Slot { Slot(uuid.high) }

    package static func < (left: Self, right: Self) -> Bool { left.uuid < right.uuid }

    /// Namespace of our own: UUIDv5 of the DNS name `virtual-tagger` under RFC 9562's DNS namespace.
    private static let namespace = UUID128.version5(
        namespace: UUID128(high: 0x6ba7_b810_9dad_11d1, low: 0x80b4_00c0_4fd4_30c8), name: "virtual-tagger")
}

extension ResourceID: CustomStringConvertible {
    package var description: String { uuid.description }
}

/// One of the 65,536 parts that all resources hash to; a shard owns a range of them.
package struct Slot: Hashable, Comparable, Sendable {
    package static let count = 65_536
    package let number: UInt16

    package init(number: UInt16) { self.number = number }

    /// The slot of any id: the first 16 of its 128 bits.
    package init(_ highWord: UInt64) { number = UInt16(truncatingIfNeeded: highWord >> 48) }

    package static func < (left: Self, right: Self) -> Bool { left.number < right.number }

    /// The shard, of `shards` equal ranges, that owns this slot.
    package func shard(of shards: Int) -> Int { Int(number) * shards / Self.count }
}

extension UUID128 {
    package var slot: Slot { Slot(high) }

    /// RFC 9562, section 5.5.
    package static func version5(namespace: UUID128, name: String) -> UUID128 {
        var name = name
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digest in
            var hash = SHA_CTX()
            SHA1_Init(&hash)
            _ = withUnsafeBytes(of: (namespace.high.bigEndian, namespace.low.bigEndian)) {
                SHA1_Update(&hash, $0.baseAddress, $0.count)
            }
            _ = name.withUTF8 { SHA1_Update(&hash, $0.baseAddress, $0.count) }
            SHA1_Final(digest.baseAddress, &hash)
            let raw = UnsafeRawBufferPointer(digest)
            return .stamped(
                high: UInt64(bigEndian: raw.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)), version: 5)
        }
    }

    /// The id of a part of a resource: the resource's first 60 free bits, then 62 bits of `salt` hashed.
    ///
    /// It needs no storage, and leads back to the resource (`ResourceID.prefix`) without an index.
    package static func version8(partOf resource: ResourceID, salt: UInt64) -> UUID128 {
        .stamped(high: resource.uuid.high, low: salt, version: 8)
    }

    /// The 60 bits that a resource shares with the ids of its parts: its first word without the version field.
    package var prefix: UInt64 { high & 0xFFFF_FFFF_FFFF_0FFF }
}

/// FNV-1a, 64 bits, finished with a mixer: a stable hash for ids and digests, the same on every machine and in every run.
package enum StableHash {
    package static func hash(_ text: String, seed: UInt64 = 0) -> UInt64 { hash(bytes: text.utf8, seed: seed) }

    /// `utf8`: a text's bytes; the same hash as of the text itself.
    package static func hash(bytes utf8: some Sequence<UInt8>, seed: UInt64 = 0) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ seed
        for byte in utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return mix(hash)
    }

    /// The finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
    package static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Where the ids of a resource's parts come from.
package enum PartID {
    package static func virtualTag(of resource: ResourceID, key: String) -> UUID128 {
        .version8(partOf: resource, salt: StableHash.hash(key, seed: 1))
    }

    /// The same, of a key's bytes.
    package static func virtualTag(of resource: ResourceID, keyBytes: UnsafeRawBufferPointer) -> UUID128 {
        .version8(partOf: resource, salt: StableHash.hash(bytes: keyBytes, seed: 1))
    }

    package static func complianceStatus(of resource: ResourceID, policy: UUID128) -> UUID128 {
        .version8(partOf: resource, salt: StableHash.mix(policy.high ^ StableHash.mix(policy.low &+ 2)))
    }

    /// `sequence` is the entry's dense number in its shard's audit history.
    package static func auditEntry(of resource: ResourceID, sequence: UInt64) -> UUID128 {
        .version8(partOf: resource, salt: StableHash.mix(sequence &+ 3 &* 0x1_0000_0000_0000))
    }
}
