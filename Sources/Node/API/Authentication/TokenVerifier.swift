import JSON
import Model

/// Why a token is not accepted; the message goes to the caller, in `WWW-Authenticate` too, so it holds no secrets.
enum TokenError: Error, Equatable {
    case missing
    case malformed(String)
    case refused(String)
    /// Its key is not among those that are known now.
    case unknownKey

    /// RFC 6750 section 3.1.
    var code: String? {
        switch self {
        case .missing: nil
        case .malformed, .refused, .unknownKey: "invalid_token"
        }
    }

    var message: String {
        switch self {
        case .missing: "this needs an Authorization header with a bearer token"
        case .malformed(let message), .refused(let message): message
        case .unknownKey: "the token's \"kid\" is not a key of this server for its \"alg\""
        }
    }
}

/// Checks JSON Web Tokens (RFC 7519, in JWS compact form, with the advice of RFC 8725).
package struct TokenVerifier: Sendable {
    /// What tokens must say beside being signed.
    package struct Expectations: Sendable {
        /// `aud` must hold it; nil: not looked at.
        package var audience: String?
        /// `iss` must be it; nil: not looked at.
        package var issuer: String?
        /// How far clocks may be apart, in milliseconds.
        package var leewayMilliseconds: Int64

        package init(audience: String? = nil, issuer: String? = nil, leewaySeconds: Int = 60) {
            self.audience = audience
            self.issuer = issuer
            leewayMilliseconds = Int64(leewaySeconds) * 1000
        }
    }

    /// Longest accepted token in bytes.
    static let tokenBytesMax = 8 * 1024
    /// Deepest accepted nesting of a claim: a condition, which takes two levels of JSON for one of its own.
    static let depthMax = 2 * Condition.depthMax + 8
    /// Longest accepted `sub` in bytes.
    static let subjectBytesMax = 256

    let keys: KeySet
    let expectations: Expectations

    package init(keys: KeySet, expectations: Expectations = Expectations()) {
        self.keys = keys
        self.expectations = expectations
    }

    /// - Parameters:
    ///   - token: what follows `Bearer `.
    ///   - now: milliseconds since 1970.
    func verify(_ token: UnsafeRawBufferPointer, at now: Int64) throws(TokenError) -> Principal {
        guard token.count <= Self.tokenBytesMax else {
            throw .malformed("the token is longer than \(Self.tokenBytesMax) bytes")
        }
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .malformed("the token is not a JWS in compact form") }
        let header = try Self.object(parts[0], "header")
        let key = try key(for: header)
        guard let signature = Base64URL.decode(parts[2]), !signature.isEmpty else {
            throw .malformed("the token's signature is not base64url")
        }
        let signed = Array(token[..<(parts[2].startIndex - 1)])
        guard key.verifies(signature, over: signed) else { throw .refused("the token's signature does not match") }
        return try principal(of: Self.object(parts[1], "payload"), at: now)
    }

    private func key(for header: JSONValue) throws(TokenError) -> VerificationKey {
        guard let name = header["alg"]?.string else { throw .malformed("the token's header has no \"alg\"") }
        guard let algorithm = VerificationKey.Algorithm(rawValue: name) else {
            throw .refused("the token's \"alg\" is not one of ES256, EdDSA, RS256, HS256")
        }
        guard header["crit"] == nil else {
            throw .refused("the token's header has critical parameters that are not known here")
        }
        if let type = header["typ"] {
            guard let type = type.string?.lowercased(), ["jwt", "at+jwt", "application/at+jwt"].contains(type) else {
                throw .refused("the token's \"typ\" is not JWT")
            }
        }
        var id: String?
        if let stated = header["kid"] {
            guard let text = stated.string else { throw .malformed("the token's \"kid\" is not a string") }
            id = text
        }
        guard let key = keys.key(id: id, algorithm: algorithm) else {
            guard id == nil else { throw .unknownKey }
            throw .refused("the token names no key (\"kid\") and there is not exactly one for its \"alg\"")
        }
        return key
    }

    private func principal(of claims: JSONValue, at now: Int64) throws(TokenError) -> Principal {
        let leeway = expectations.leewayMilliseconds
        guard let expiry = try Self.milliseconds("exp", of: claims) else { throw .refused("the token has no \"exp\"") }
        guard now < expiry.addingClamped(leeway) else { throw .refused("the token has expired") }
        let notBefore = try Self.milliseconds("nbf", of: claims)?.addingClamped(-leeway) ?? .min
        guard now >= notBefore else { throw .refused("the token is not valid yet") }
        if let issued = try Self.milliseconds("iat", of: claims), issued > now.addingClamped(leeway) {
            throw .refused("the token was issued in the future")
        }
        if let issuer = expectations.issuer, claims["iss"]?.string != issuer {
            throw .refused("the token's \"iss\" is not the one expected here")
        }
        if let audience = expectations.audience {
            let stated = claims["aud"]?.array ?? claims["aud"].map { [$0] } ?? []
            guard stated.contains(.string(audience)) else { throw .refused("the token's \"aud\" is not this server") }
        }
        guard let subject = claims["sub"]?.string, !subject.isEmpty, subject.utf8.count <= Self.subjectBytesMax,
            subject.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else { throw .refused("the token has no usable \"sub\" (1 to \(Self.subjectBytesMax) bytes)") }
        guard let role = Self.role(of: claims) else {
            throw .refused("the token has no role: \"role\" or \"roles\" must hold viewer, tagger, governor or admin")
        }
        return Principal(
            subject: subject, role: role, expiresAt: expiry.addingClamped(leeway), notBefore: notBefore,
            scope: try TokenScope(claims: claims)?.compiled)
    }

    /// The highest of the roles that the token gives; names that are not ours are another system's.
    private static func role(of claims: JSONValue) -> Role? {
        let stated = [claims["role"]].compactMap(\.self) + (claims["roles"]?.array ?? [])
        return stated.compactMap { $0.string.flatMap(Role.init(rawValue:)) }.max()
    }

    /// NumericDate (RFC 7519 section 2): seconds, possibly with a fraction.
    private static func milliseconds(_ name: String, of claims: JSONValue) throws(TokenError) -> Int64? {
        guard let claim = claims[name] else { return nil }
        guard let seconds = claim.double, seconds.isFinite, abs(seconds) < 1e12 else {
            throw .malformed("the token's \"\(name)\" is not a time")
        }
        return Int64(seconds * 1000)
    }

    private static func object(_ part: Slice<UnsafeRawBufferPointer>, _ name: String) throws(TokenError) -> JSONValue {
        guard let bytes = Base64URL.decode(part), let value = try? JSONValue(parsing: bytes, depthMax: depthMax),
            let members = value.members
        else { throw .malformed("the token's \(name) is not a JSON object in base64url") }
        // RFC 7519 section 4 leaves a choice for names that occur twice; refusing them leaves no two readings of one token.
        guard Set(members.map(\.name)).count == members.count else {
            throw .malformed("the token's \(name) has a name twice")
        }
        return value
    }
}

extension Int64 {
    func addingClamped(_ other: Int64) -> Int64 {
        let (sum, overflowed) = addingReportingOverflow(other)
        return overflowed ? (other > 0 ? .max : .min) : sum
    }
}
