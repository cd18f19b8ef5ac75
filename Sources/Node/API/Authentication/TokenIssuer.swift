import COpenSSL
import FoundationEssentials
package import JSON
import JWTKit

/// Signs tokens with a private key, ES256 or Ed25519: `admin.jwt`, and what people hand out.
package struct TokenIssuer: Sendable {
    /// What `iss` says in tokens of a node's own.
    package static let issuer = "virtual-tagger"

    private enum Key {
        case es256(ES256PrivateKey)
        case edDSA(EdDSA.PrivateKey)
    }

    /// RFC 7638 thumbprint of the public key.
    package let keyID: String
    /// The public key as a JWK without `kid`, its members in the order of RFC 7638.
    private let publicMembers: [(name: String, value: String)]
    private let key: Key

    /// A new key pair, for ES256.
    package init() throws { try self.init(.es256(ES256PrivateKey())) }

    /// Throws where the text is no private key of either kind in PEM form.
    package init(pem: String) throws {
        if let key = try? ES256PrivateKey(pem: pem) {
            try self.init(.es256(key))
        } else {
            try self.init(.edDSA(EdDSA.PrivateKey(pem: pem)))
        }
    }

    /// The key in a file. Throws an error that names the file.
    package init(contentsOf path: String) throws {
        guard let bytes = try SecretFile.read(path) else {
            throw KeySetError(message: "there is no file \(path)")
        }
        do { try self.init(pem: String(decoding: bytes, as: UTF8.self)) } catch {
            throw KeySetError(message: "\(path) is no private key for ES256 or Ed25519 in PEM form")
        }
    }

    private init(_ key: Key) throws {
        switch key {
        case .es256(let key):
            guard let point = key.parameters else { throw KeySetError(message: "the key has no public half") }
            // JWTKit spells the coordinates in padded Base64; a thumbprint is over their base64url form.
            publicMembers = [
                ("crv", "P-256"), ("kty", "EC"), ("x", Self.base64URL(point.x)), ("y", Self.base64URL(point.y)),
            ]
        case .edDSA(let key):
            publicMembers = [
                ("crv", "Ed25519"), ("kty", "OKP"), ("x", Base64URL.encode(Array(key.publicKey.rawRepresentation))),
            ]
        }
        let canonical = Array("{\(publicMembers.map { "\"\($0.name)\":\"\($0.value)\"" }.joined(separator: ","))}".utf8)
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        _ = SHA256(canonical, canonical.count, &digest)
        keyID = Base64URL.encode(digest)
        self.key = key
    }

    var pem: String {
        switch key {
        case .es256(let key): key.pemRepresentation
        case .edDSA(let key): key.pemRepresentation
        }
    }

    /// The set that verifies what this issues.
    package func keySet() async throws -> KeySet {
        switch key {
        case .es256(let key): KeySet([try await VerificationKey(id: keyID, ecdsa: key.publicKey)])
        case .edDSA(let key): KeySet([try await VerificationKey(id: keyID, edDSA: key.publicKey)])
        }
    }

    /// The same as a JWK set (RFC 7517), for `--jwks` on other nodes.
    package var jwks: JSONValue {
        let members = publicMembers.map { JSONValue.Member($0.name, .string($0.value)) }
        let use: [JSONValue.Member] = [.init("use", .string("sig")), .init("kid", .string(keyID))]
        return .object([.init("keys", .array([.object(members + use)]))])
    }

    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - lifetime: seconds from `now` until the token expires.
    ///   - scope: what the token is limited to, as `vtag_scope` says it; nil: nothing. Throws `ValidationErrors` for one that
    ///     no node would take.
    package func issue(
        subject: String, role: Role, scope: JSONValue? = nil, issuer: String = Self.issuer, audience: String? = nil,
        at now: Int64, lifetime: Int64
    ) async throws -> String {
        if let scope { _ = try TokenScope(json: scope) }
        let keys = JWTKeyCollection()
        switch key {
        case .es256(let key): await keys.add(ecdsa: key)
        case .edDSA(let key): await keys.add(eddsa: key)
        }
        let claims = Claims(
            sub: subject, role: role.rawValue, iss: issuer, aud: audience, iat: now, exp: now + lifetime,
            scope: scope.map(EncodableJSON.init))
        return try await keys.sign(claims, header: ["kid": .string(keyID), "typ": "JWT"])
    }

    private struct Claims: JWTPayload {
        let sub: String
        let role: String
        let iss: String
        let aud: String?
        let iat: Int64
        let exp: Int64
        let scope: EncodableJSON?

        enum CodingKeys: String, CodingKey {
            case sub, role, iss, aud, iat, exp
            case scope = "vtag_scope"
        }

        func verify(using algorithm: some JWTAlgorithm) async throws {}
    }

    private static func base64URL(_ text: String) -> String {
        String(
            text.compactMap { character in
                switch character {
                case "+": "-"
                case "/": "_"
                case "=": nil
                default: character
                }
            })
    }
}
