import JSON

/// The keys that tokens may be signed with.
package struct KeySet: Sendable {
    /// Largest accepted JWK set in bytes.
    package static let bytesMax = 1 << 20
    /// Most keys in a set.
    package static let keysMax = 100

    let keys: [VerificationKey]

    init(_ keys: [VerificationKey]) { self.keys = keys }

    /// Reads a JWK set (RFC 7517). Throws `KeySetError`, also when it has no key that could be used.
    package init(jwks text: [UInt8]) async throws {
        let document: JSONValue
        do { document = try JSONValue(parsing: text, depthMax: 8) } catch {
            throw KeySetError(message: "the key set is not JSON: \(error)")
        }
        guard let members = document["keys"]?.array else {
            throw KeySetError(message: "the key set has no \"keys\" array")
        }
        guard members.count <= Self.keysMax else {
            throw KeySetError(message: "the key set has \(members.count) keys; \(Self.keysMax) are accepted")
        }
        var keys: [VerificationKey] = []
        for (position, member) in members.enumerated() {
            guard let key = try await VerificationKey(jwk: member, position: position) else { continue }
            if let id = key.id, keys.contains(where: { $0.id == id && $0.algorithm == key.algorithm }) {
                throw KeySetError(message: "key \(position): the kid \"\(id)\" occurs twice")
            }
            keys.append(key)
        }
        guard !keys.isEmpty else {
            throw KeySetError(message: "the key set has no key for ES256, EdDSA, RS256 or HS256")
        }
        self.init(keys)
    }

    /// The key that a token with this header is checked with. Without a `kid` only a choice without doubt counts.
    func key(id: String?, algorithm: VerificationKey.Algorithm) -> VerificationKey? {
        let able = keys.filter { $0.algorithm == algorithm }
        if let id { return able.first { $0.id == id } }
        return able.count == 1 ? able[0] : nil
    }
}
