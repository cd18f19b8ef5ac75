import COpenSSL
import FoundationEssentials
package import JSON
import JWTKit

/// Signs tokens with the node's own key: `admin.jwt`, and what people hand out.
package struct TokenIssuer: Sendable {
    /// What `iss` says in tokens of a node's own.
    package static let issuer = "virtual-tagger"

    /// RFC 7638 thumbprint of the public key.
    package let keyID: String
    private let privateKey: ES256PrivateKey

    /// A new key pair.
    package init() throws { try self.init(ES256PrivateKey()) }

    package init(pem: String) throws { try self.init(ES256PrivateKey(pem: pem)) }

    private init(_ key: ES256PrivateKey) throws {
        guard let point = key.parameters else { throw KeySetError(message: "the node's own key has no public half") }
        // JWTKit spells the coordinates in padded Base64; a thumbprint is over their base64url form.
        let (x, y) = (Self.base64URL(point.x), Self.base64URL(point.y))
        let canonical = Array(#"{"crv":"P-256","kty":"EC","x":"\#(x)","y":"\#(y)"}"#.utf8)
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        _ = SHA256(canonical, canonical.count, &digest)
        keyID = Base64URL.encode(digest)
        privateKey = key
    }

    var pem: String { privateKey.pemRepresentation }

    /// The set that verifies what this issues.
    package func keySet() async throws -> KeySet {
        KeySet([try await VerificationKey(id: keyID, ecdsa: privateKey.publicKey)])
    }

    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - lifetime: seconds from `now` until the token expires.
    ///   - scope: what the token is limited to, as `vtag_scope` says it; nil: nothing.
    package func issue(
        subject: String, role: Role, scope: JSONValue? = nil, at now: Int64, lifetime: Int64
    ) async throws -> String {
        let keys = await JWTKeyCollection().add(ecdsa: privateKey)
        let claims = Claims(
            sub: subject, role: role.rawValue, iss: Self.issuer, iat: now, exp: now + lifetime,
            scope: scope.map(EncodableJSON.init))
        return try await keys.sign(claims, header: ["kid": .string(keyID), "typ": "JWT"])
    }

    private struct Claims: JWTPayload {
        let sub: String
        let role: String
        let iss: String
        let iat: Int64
        let exp: Int64
        let scope: EncodableJSON?

        enum CodingKeys: String, CodingKey {
            case sub, role, iss, iat, exp
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
