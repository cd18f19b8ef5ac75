package import JSON

/// What a token says, for people: read without asking whether any of it is true.
package struct TokenContents: Sendable {
    package let header: JSONValue
    package let claims: JSONValue

    /// Nil for what is no JSON Web Token in compact form.
    package init?(_ token: String) {
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, token.utf8.count <= TokenVerifier.tokenBytesMax, let header = Self.object(parts[0]),
            let claims = Self.object(parts[1])
        else { return nil }
        self.header = header
        self.claims = claims
    }

    private static func object(_ part: some Collection<UInt8>) -> JSONValue? {
        guard let bytes = Base64URL.decode(part),
            let value = try? JSONValue(parsing: bytes, depthMax: TokenVerifier.depthMax), value.members != nil
        else { return nil }
        return value
    }
}
