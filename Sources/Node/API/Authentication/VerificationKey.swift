import FoundationEssentials
import JSON
import JWTKit

/// A key that tokens are checked with, and the one algorithm that it may be used for.
///
/// The algorithm follows from the kind of key, never from the token: a public key cannot be taken for an HMAC secret.
struct VerificationKey: Sendable {
    enum Algorithm: String, CaseIterable, Sendable {
        case es256 = "ES256"
        case edDSA = "EdDSA"
        case rs256 = "RS256"
        case hs256 = "HS256"
    }

    /// Shortest accepted HMAC secret in bytes (RFC 7518 section 3.2: at least the size of the hash).
    static let secretBytesMin = 32

    /// The `kid` that tokens name it by; nil for a key without one.
    let id: String?
    let algorithm: Algorithm
    private let verifier: any JWTAlgorithm

    init(id: String?, ecdsa key: some ECDSAKey) async throws {
        try await self.init(id: id, .es256, JWTKeyCollection().add(ecdsa: key))
    }

    init(id: String?, edDSA key: some EdDSAKey) async throws {
        try await self.init(id: id, .edDSA, JWTKeyCollection().add(eddsa: key))
    }

    init(id: String?, rsa key: some RSAKey) async throws {
        try await self.init(id: id, .rs256, JWTKeyCollection().add(rsa: key, digestAlgorithm: .sha256))
    }

    init(id: String?, secret: [UInt8]) async throws {
        try await self.init(id: id, .hs256, JWTKeyCollection().add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256))
    }

    /// A collection of this key alone: JWTKit's way to get at an algorithm, without its falling back to a default key.
    private init(id: String?, _ algorithm: Algorithm, _ collection: JWTKeyCollection) async throws {
        self.id = id
        self.algorithm = algorithm
        verifier = try await collection.getKey()
    }

    /// True when `signature` was made over `text` with this key.
    func verifies(_ signature: [UInt8], over text: [UInt8]) -> Bool {
        (try? verifier.verify(signature, signs: text)) ?? false
    }
}

/// Why a key set cannot be used; the message says which key and what is wrong with it.
package struct KeySetError: Error, Equatable, CustomStringConvertible {
    package let message: String
    package var description: String { message }
}

extension VerificationKey {
    /// A key of a JWK set (RFC 7517); nil for one that is not for signatures or of a kind that is not supported, which the
    /// RFC wants ignored. Throws `KeySetError` when a supported key is malformed.
    init?(jwk: JSONValue, position: Int) async throws {
        guard case .object = jwk, let kind = jwk["kty"]?.string else {
            throw KeySetError(message: "key \(position) is not an object with a \"kty\"")
        }
        if let use = jwk["use"]?.string, use != "sig" { return nil }
        if let operations = jwk["key_ops"]?.array, !operations.contains(.string("verify")) { return nil }
        let stated = jwk["alg"]?.string
        let id = jwk["kid"]?.string
        do {
            switch (kind, jwk["crv"]?.string) {
            case ("EC", "P-256") where stated ?? "ES256" == "ES256":
                let parameters = (x: try Self.text("x", of: jwk), y: try Self.text("y", of: jwk))
                try await self.init(id: id, ecdsa: ES256PublicKey(parameters: parameters))
            case ("OKP", "Ed25519") where stated ?? "EdDSA" == "EdDSA":
                try await self.init(id: id, edDSA: EdDSA.PublicKey(x: try Self.text("x", of: jwk), curve: .ed25519))
            case ("RSA", _) where stated ?? "RS256" == "RS256":
                let key = try Insecure.RSA.PublicKey(modulus: Self.text("n", of: jwk), exponent: Self.text("e", of: jwk))
                try await self.init(id: id, rsa: key)
            case ("oct", _) where stated ?? "HS256" == "HS256":
                guard let secret = Base64URL.decode(try Self.text("k", of: jwk).utf8) else {
                    throw KeySetError(message: "\"k\" is not base64url")
                }
                guard secret.count >= Self.secretBytesMin else {
                    throw KeySetError(message: "\"k\" is shorter than \(Self.secretBytesMin) bytes")
                }
                try await self.init(id: id, secret: secret)
            default: return nil
            }
        } catch let error as KeySetError {
            throw KeySetError(message: "key \(position) (kty \(kind)): \(error.message)")
        } catch {
            throw KeySetError(message: "key \(position) (kty \(kind)): its parameters do not make a key that is accepted")
        }
    }

    private static func text(_ name: String, of jwk: JSONValue) throws -> String {
        guard let text = jwk[name]?.string, Base64URL.decode(text.utf8) != nil else {
            throw KeySetError(message: "\"\(name)\" is missing or not base64url")
        }
        return text
    }
}
