import FoundationEssentials
import JSON
import JWTKit
import Testing

@testable import API

/// A clock reading that the tests count from: 2026-09-01T00:00:00Z in seconds.
private let now: Int64 = 1_788_220_800

@Suite("Tokens")
struct AuthenticationTests {
    private func verify(_ token: String, _ keys: KeySet, _ expectations: TokenVerifier.Expectations = .init()) throws
        -> Principal
    {
        let verifier = TokenVerifier(keys: keys, expectations: expectations)
        return try Array(token.utf8).withUnsafeBytes { try verifier.verify($0, at: now * 1000) }
    }

    private func refusal(_ token: String, _ keys: KeySet, _ expectations: TokenVerifier.Expectations = .init())
        -> TokenError?
    {
        do {
            _ = try verify(token, keys, expectations)
            return nil
        } catch { return error as? TokenError }
    }

    // MARK: The four algorithms

    @Test(
        "A token signed with ES256, EdDSA, RS256 or HS256 is accepted with the key of its kid",
        arguments: ["ES256", "EdDSA", "RS256", "HS256"])
    func algorithms(name: String) async throws {
        let signer = try await TestSigner(name)
        let token = try await signer.sign(.init(sub: "jo", role: "tagger", exp: now + 60))
        let principal = try verify(token, try await KeySet(jwks: Array(signer.jwks.utf8)))
        #expect(principal.subject == "jo")
        #expect(principal.role == .tagger)
    }

    @Test("A changed payload, header or signature is refused", arguments: ["ES256", "EdDSA", "RS256", "HS256"])
    func tampering(name: String) async throws {
        let signer = try await TestSigner(name)
        let keys = try await KeySet(jwks: Array(signer.jwks.utf8))
        let token = try await signer.sign(.init(sub: "jo", role: "viewer", exp: now + 60))
        let parts = token.split(separator: ".").map(String.init)
        let payload = Base64URL.encode(Array(#"{"sub":"jo","role":"admin","exp":\#(now + 60)}"#.utf8))
        #expect(refusal("\(parts[0]).\(payload).\(parts[2])", keys) == .refused("the token's signature does not match"))
        let other = try await TestSigner(name).sign(.init(sub: "jo", role: "viewer", exp: now + 60)).split(separator: ".")[2]
        #expect(refusal("\(parts[0]).\(parts[1]).\(other)", keys) == .refused("the token's signature does not match"))
        #expect(refusal("\(parts[0]).\(parts[1]).", keys) != nil)
        #expect(refusal("\(parts[0]).\(parts[1])", keys) != nil)
    }

    // MARK: Attacks on the algorithm (RFC 8725 section 2.1)

    @Test(
        "alg none is refused, however it is spelt", arguments: ["none", "None", "NONE", "nOnE", "", "HS512", "ES384", "RS1"])
    func algorithmNone(name: String) async throws {
        let keys = try await TokenIssuer().keySet()
        let header = Base64URL.encode(Array(#"{"alg":"\#(name)","typ":"JWT"}"#.utf8))
        let payload = Base64URL.encode(Array(#"{"sub":"x","role":"admin","exp":\#(now + 60)}"#.utf8))
        let wanted = TokenError.refused("the token's \"alg\" is not one of ES256, EdDSA, RS256, HS256")
        #expect(refusal("\(header).\(payload).", keys) == wanted)
        #expect(refusal("\(header).\(payload).AAAA", keys) == wanted)
    }

    @Test("A public key is never taken for an HMAC secret")
    func publicKeyAsSecret() async throws {
        let pair = ES256PrivateKey()
        let point = try #require(pair.publicKey.parameters)
        let jwks = #"{"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":"\#(urlSafe(point.x))","y":"\#(urlSafe(point.y))"}]}"#
        let keys = try await KeySet(jwks: Array(jwks.utf8))
        for secret in [pair.publicKey.pemRepresentation, jwks, point.x] {
            let forger = await JWTKeyCollection().add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
            let token = try await forger.sign(TestClaims(sub: "x", role: "admin", exp: now + 60), header: ["kid": "a"])
            #expect(refusal(token, keys) == .unknownKey)
        }
    }

    @Test("A key in the token's own header is not used, and critical parameters are refused")
    func headerTricks() async throws {
        let signer = try await TestSigner("ES256")
        let keys = try await TokenIssuer().keySet()
        let token = try await signer.sign(.init(sub: "x", role: "admin", exp: now + 60), header: ["jwk": "x", "kid": "k"])
        #expect(refusal(token, keys) != nil)
        let own = try await KeySet(jwks: Array(signer.jwks.utf8))
        let critical = try await signer.sign(
            .init(sub: "x", role: "admin", exp: now + 60), header: ["crit": ["b64"], "kid": "k"])
        #expect(refusal(critical, own) == .refused("the token's header has critical parameters that are not known here"))
    }

    // MARK: Claims

    @Test("Expired, premature, unbounded and future tokens are refused; a minute of difference between clocks is not")
    func times() async throws {
        let signer = try await TestSigner("HS256")
        let keys = try await KeySet(jwks: Array(signer.jwks.utf8))
        func answer(_ claims: TestClaims) async throws -> TokenError? { refusal(try await signer.sign(claims), keys) }
        #expect(try await answer(.init(sub: "x", role: "viewer", exp: now - 61)) == .refused("the token has expired"))
        #expect(try await answer(.init(sub: "x", role: "viewer", exp: now - 59)) == nil)
        #expect(try await answer(.init(sub: "x", role: "viewer", exp: nil)) == .refused("the token has no \"exp\""))
        #expect(
            try await answer(.init(sub: "x", role: "viewer", exp: now + 9, nbf: now + 61))
                == .refused("the token is not valid yet"))
        #expect(try await answer(.init(sub: "x", role: "viewer", exp: now + 9, nbf: now + 59)) == nil)
        #expect(
            try await answer(.init(sub: "x", role: "viewer", exp: now + 900, iat: now + 120))
                == .refused("the token was issued in the future"))
    }

    @Test("Audience and issuer are checked when they are expected")
    func audienceAndIssuer() async throws {
        let signer = try await TestSigner("HS256")
        let keys = try await KeySet(jwks: Array(signer.jwks.utf8))
        let expected = TokenVerifier.Expectations(audience: "vtag", issuer: "https://id.example")
        let good = try await signer.sign(
            .init(sub: "x", role: "viewer", exp: now + 9, aud: ["a", "vtag"], iss: "https://id.example"))
        #expect(refusal(good, keys, expected) == nil)
        let wrongAudience = try await signer.sign(
            .init(sub: "x", role: "viewer", exp: now + 9, aud: ["a"], iss: "https://id.example"))
        #expect(refusal(wrongAudience, keys, expected) == .refused("the token's \"aud\" is not this server"))
        let noIssuer = try await signer.sign(.init(sub: "x", role: "viewer", exp: now + 9, aud: ["vtag"]))
        #expect(refusal(noIssuer, keys, expected) == .refused("the token's \"iss\" is not the one expected here"))
    }

    @Test("The highest known role counts; none of ours is a refusal, and so is a missing subject")
    func roles() async throws {
        let signer = try await TestSigner("HS256")
        let keys = try await KeySet(jwks: Array(signer.jwks.utf8))
        let several = try await signer.sign(
            .init(sub: "x", role: nil, exp: now + 9, roles: ["billing", "viewer", "governor"]))
        #expect(try verify(several, keys).role == .governor)
        let foreign = try await signer.sign(.init(sub: "x", role: "root", exp: now + 9))
        #expect(refusal(foreign, keys) != nil)
        for subject in [nil, "", "a\nb"] as [String?] {
            let token = try await signer.sign(.init(sub: subject, role: "viewer", exp: now + 9))
            #expect(refusal(token, keys) != nil)
        }
    }

    @Test(
        "Garbage is refused without harm",
        arguments: ["", ".", "..", "a.b.c", "....", "e30.e30.e30", "bnVsbA.bnVsbA.bnVsbA", "W10.W10.W10", "ey.\u{0}.x"])
    func garbage(text: String) async throws {
        let keys = try await TokenIssuer().keySet()
        #expect(refusal(text, keys) != nil)
    }

    // MARK: Key sets

    @Test("A set without a usable key, with a short secret, a broken key or a kid twice is refused with the reason")
    func badKeySets() async throws {
        func refusal(_ text: String) async -> String? {
            do {
                _ = try await KeySet(jwks: Array(text.utf8))
                return nil
            } catch { return (error as? KeySetError)?.message }
        }
        #expect(await refusal("[]") == "the key set has no \"keys\" array")
        #expect(await refusal(#"{"keys":[]}"#) == "the key set has no key for ES256, EdDSA, RS256 or HS256")
        #expect(
            await refusal(#"{"keys":[{"kty":"oct","k":"c2hvcnQ"}]}"#) == "key 0 (kty oct): \"k\" is shorter than 32 bytes")
        #expect(
            await refusal(#"{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}"#)?.hasPrefix("key 0 (kty EC)") == true)
        let secret = Base64URL.encode(Array(repeating: 7, count: 32))
        let twice = #"{"keys":[{"kty":"oct","kid":"a","k":"\#(secret)"},{"kty":"oct","kid":"a","k":"\#(secret)"}]}"#
        #expect(await refusal(twice) == "key 1: the kid \"a\" occurs twice")
        let ignored = #"{"keys":[{"kty":"EC","crv":"P-521"},{"kty":"oct","use":"enc"},{"kty":"oct","k":"\#(secret)"}]}"#
        #expect(await refusal(ignored) == nil)
    }

    // MARK: The cache

    @Test("A cached token is found by its exact bytes, until it expires or keys change")
    func cache() throws {
        var cache = TokenCache()
        let header = Array("Bearer aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".utf8)
        let other = Array("Bearer baaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".utf8)
        let principal = Principal(subject: "x", role: .viewer, expiresAt: 1000, notBefore: 10)
        header.withUnsafeBytes { cache.insert(Caller(principal: principal, bucket: nil), for: $0) }
        #expect(header.withUnsafeBytes { cache.caller(for: $0, at: 500) }?.principal == principal)
        #expect(other.withUnsafeBytes { cache.caller(for: $0, at: 500) } == nil)
        #expect(header.withUnsafeBytes { cache.caller(for: $0, at: 1000) } == nil)
        header.withUnsafeBytes { cache.insert(Caller(principal: principal, bucket: nil), for: $0) }
        cache.removeAll()
        #expect(header.withUnsafeBytes { cache.caller(for: $0, at: 500) } == nil)
    }

    @Test("Many tokens push the least recently used ones out, never each other's principals in")
    func cachePressure() throws {
        var cache = TokenCache()
        func header(_ number: Int) -> [UInt8] { Array("Bearer \(number * 7919)-padding-\(number)-0123456789".utf8) }
        for number in 0..<5_000 {
            let principal = Principal(subject: "\(number)", role: .viewer, expiresAt: 1000)
            header(number).withUnsafeBytes { cache.insert(Caller(principal: principal, bucket: nil), for: $0) }
        }
        var known = 0
        for number in 0..<5_000 {
            guard let found = header(number).withUnsafeBytes({ cache.caller(for: $0, at: 1) }) else { continue }
            #expect(found.principal.subject == "\(number)")
            known += 1
        }
        #expect(known > 0 && known <= TokenCache.setsMax * 4)
    }
}

func urlSafe(_ text: String) -> String {
    text.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
}

struct TestClaims: JWTPayload {
    var sub: String?
    var role: String?
    var exp: Int64?
    var nbf: Int64?
    var iat: Int64?
    var aud: [String]?
    var iss: String?
    var roles: [String]?
    var scope: EncodableJSON?

    enum CodingKeys: String, CodingKey {
        case sub, role, exp, nbf, iat, aud, iss, roles
        case scope = "vtag_scope"
    }

    init(
        sub: String?, role: String?, exp: Int64?, nbf: Int64? = nil, iat: Int64? = nil, aud: [String]? = nil,
        iss: String? = nil, roles: [String]? = nil, scope: JSONValue? = nil
    ) {
        (self.sub, self.role, self.exp, self.nbf, self.iat) = (sub, role, exp, nbf, iat)
        (self.aud, self.iss, self.roles) = (aud, iss, roles)
        self.scope = scope.map(EncodableJSON.init)
    }

    func verify(using algorithm: some JWTAlgorithm) async throws {}
}

/// A new key pair or secret of one kind, and the set that verifies it.
struct TestSigner {
    let jwks: String
    private let kid: String
    private let keys: JWTKeyCollection

    init(_ algorithm: String, kid: String = "k") async throws {
        self.kid = kid
        switch algorithm {
        case "ES256":
            let key = ES256PrivateKey()
            let point = try #require(key.publicKey.parameters)
            jwks =
                #"{"keys":[{"kty":"EC","crv":"P-256","kid":"\#(kid)","x":"\#(urlSafe(point.x))","y":"\#(urlSafe(point.y))"}]}"#
            keys = await JWTKeyCollection().add(ecdsa: key)
        case "EdDSA":
            let key = try EdDSA.PrivateKey(curve: .ed25519)
            let x = Base64URL.encode(Array(key.publicKey.rawRepresentation))
            jwks = #"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"\#(kid)","x":"\#(x)"}]}"#
            keys = await JWTKeyCollection().add(eddsa: key)
        case "RS256":
            let key = try Insecure.RSA.PrivateKey(pem: Self.makeRSAKey())
            let parts = try key.publicKey.getKeyPrimitives()
            let (n, e) = (Base64URL.encode(Array(parts.modulus)), Base64URL.encode(Array(parts.publicExponent)))
            jwks = #"{"keys":[{"kty":"RSA","kid":"\#(kid)","n":"\#(n)","e":"\#(e)"}]}"#
            keys = await JWTKeyCollection().add(rsa: key, digestAlgorithm: .sha256)
        default:
            let secret = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
            jwks = #"{"keys":[{"kty":"oct","kid":"\#(kid)","k":"\#(Base64URL.encode(secret))"}]}"#
            keys = await JWTKeyCollection().add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
        }
    }

    func sign(_ claims: TestClaims, header: JWTHeader? = nil) async throws -> String {
        try await keys.sign(claims, header: header ?? ["kid": .string(kid)])
    }

    /// A viewer's token that counts now.
    func token() async throws -> String {
        try await sign(.init(sub: "jo", role: "viewer", exp: Int64(Date().timeIntervalSince1970) + 600))
    }

    /// The key alone, for a set of several.
    var key: String { String(jwks.dropFirst(#"{"keys":["#.count).dropLast(2)) }
}
