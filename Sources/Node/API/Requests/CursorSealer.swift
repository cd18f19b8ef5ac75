import COpenSSL

/// Makes cursors that only this cluster could have made, and only for the query they belong to.
///
/// A cursor is base64url of: version (1 byte), the position (any bytes) under a key stream, and HMAC-SHA256 over version, query
/// and position, cut to 16 bytes; the stream is HMAC-SHA256 over that tag and a counter. So a cursor says nothing of where it
/// stands: positions number what others did, too.
struct CursorSealer: Sendable {
    static let keyBytes = 32
    /// Longest accepted cursor in characters.
    static let charactersMax = 1024
    private static let version: UInt8 = 2
    private static let tagBytes = 16

    private let key: [UInt8]

    /// - Parameter key: `keyBytes` secret bytes, the same on all nodes.
    init(key: [UInt8]) {
        precondition(key.count == Self.keyBytes, "A cursor key has \(Self.keyBytes) bytes")
        self.key = key
    }

    /// - Parameters:
    ///   - position: where the next page starts.
    ///   - query: the route and all parameters that choose and order the items, in a canonical spelling.
    func seal(_ position: [UInt8], query: String) -> String {
        let tag = tag(position, query)
        return Base64URL.encode([Self.version] + masked(position, by: tag) + tag)
    }

    /// The position in a cursor; nil when it was not made here, was changed, or belongs to another query.
    func open(_ cursor: String, query: String) -> [UInt8]? {
        guard cursor.utf8.count <= Self.charactersMax, let bytes = Base64URL.decode(cursor.utf8),
            bytes.count > Self.tagBytes, bytes[0] == Self.version
        else { return nil }
        let tag = Array(bytes[(bytes.count - Self.tagBytes)...])
        let position = masked(Array(bytes[1..<bytes.count - Self.tagBytes]), by: tag)
        guard CRYPTO_memcmp(self.tag(position, query), tag, Self.tagBytes) == 0 else { return nil }
        return position
    }

    /// Its own inverse. The messages of the stream begin with a byte that no tag's message begins with.
    private func masked(_ bytes: [UInt8], by tag: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        while result.count < bytes.count {
            let block = hmac([0] + tag + withUnsafeBytes(of: UInt64(result.count).littleEndian) { Array($0) })
            for byte in block where result.count < bytes.count { result.append(byte ^ bytes[result.count]) }
        }
        return result
    }

    private func tag(_ position: [UInt8], _ query: String) -> [UInt8] {
        var message = [Self.version]
        withUnsafeBytes(of: UInt64(query.utf8.count).littleEndian) { message.append(contentsOf: $0) }
        message.append(contentsOf: query.utf8)
        message.append(contentsOf: position)
        return Array(hmac(message)[..<Self.tagBytes])
    }

    private func hmac(_ message: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        let made = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &digest, &length)
        precondition(made != nil && length >= Self.tagBytes, "HMAC-SHA256 failed")
        return Array(digest[..<Int(length)])
    }
}
