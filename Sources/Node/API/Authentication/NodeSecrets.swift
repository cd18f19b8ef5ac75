import Model

/// A file with a secret that is there and cannot be used: what to do is in the description.
package struct DamagedSecretError: Error, Equatable, CustomStringConvertible {
    package let description: String
}

/// What a node that signs its own tokens keeps secret in its data directory: its key pair and the administrator's token.
package struct NodeSecrets: Sendable {
    /// How long the administrator's token is valid, in seconds: ten years.
    static let adminLifetime: Int64 = 10 * 365 * 86_400

    /// Where the last keys that were fetched from this URL, and no other, are kept. Makes the folder.
    package static func keptKeysPath(of url: String, dataDirectory: String) throws -> String {
        let folder = "\(dataDirectory)/keys"
        try SecretFile.makeFolder(folder)
        return "\(folder)/jwks-\(String(StableHash.hash(url, seed: 21), radix: 16)).json"
    }

    package let issuer: TokenIssuer
    package let adminTokenPath: String

    /// Reads the secrets in `dataDirectory`, and makes what is missing.
    ///
    /// - Parameter now: seconds since 1970.
    package static func load(dataDirectory: String, at now: Int64) async throws -> NodeSecrets {
        let folder = "\(dataDirectory)/keys"
        try SecretFile.makeFolder(folder)
        let issuer = try loadIssuer("\(folder)/es256.pem")
        let adminTokenPath = "\(dataDirectory)/admin.jwt"
        try await renewAdminToken(adminTokenPath, issuer, at: now)
        return NodeSecrets(issuer: issuer, adminTokenPath: adminTokenPath)
    }

    private static func loadIssuer(_ path: String) throws -> TokenIssuer {
        if let bytes = try SecretFile.read(path) {
            do { return try TokenIssuer(pem: String(decoding: bytes, as: UTF8.self)) } catch {
                throw DamagedSecretError(
                    description:
                        "\(path) is damaged: it is not an ES256 private key in PEM form. Restore it from a back-up, or "
                        + "remove it to have a new one made; tokens that the old one signed do not count then.")
            }
        }
        let issuer = try TokenIssuer()
        try SecretFile.write(Array(issuer.pem.utf8), to: path)
        return issuer
    }

    /// Leaves a token alone that still counts; puts a new one in place of any other.
    private static func renewAdminToken(_ path: String, _ issuer: TokenIssuer, at now: Int64) async throws {
        let verifier = TokenVerifier(keys: try await issuer.keySet())
        if let token = try SecretFile.read(path) {
            let trimmed = token.filter { $0 > UInt8(ascii: " ") }
            let principal = trimmed.withUnsafeBytes { try? verifier.verify($0, at: now * 1000) }
            if principal?.role == .admin { return }
        }
        let token = try await issuer.issue(subject: "admin", role: .admin, at: now, lifetime: adminLifetime)
        try SecretFile.write(Array("\(token)\n".utf8), to: path)
    }
}
