import COpenSSL
import Synchronization

/// The keys that a server encrypts its session tickets with, so that it need not remember sessions.
///
/// A key encrypts for half a session's life time and decrypts for all of it; whoever steals today's key reads no
/// session resumed from an older one. Shared by all event loops; locked only during handshakes.
final class TLSTicketKeys: Sendable {
    struct Key: Sendable {
        static let nameBytes = 16
        static let secretBytes = 32

        /// Travels in clear at the front of each ticket.
        let name: [UInt8]
        let cipherSecret: [UInt8]
        let macSecret: [UInt8]
        let createdAtSeconds: Int64
    }

    private let rotationSeconds: Int64
    /// Newest first; at most two.
    private let keys = Mutex<[Key]>([])

    /// - Parameter sessionSecondsMax: how long a ticket may be used.
    init(sessionSecondsMax: Int64) { rotationSeconds = max(1, sessionSecondsMax / 2) }

    /// The key for a new ticket, made or rotated when it is time; nil when the random generator fails.
    func encryptionKey(nowSeconds now: Int64) -> Key? {
        keys.withLock { keys in
            Self.drop(&keys, olderThan: now - 2 * rotationSeconds)
            if let newest = keys.first, now - newest.createdAtSeconds < rotationSeconds { return newest }
            guard let key = Self.make(nowSeconds: now) else { return nil }
            keys = [key] + keys.prefix(1)
            return key
        }
    }

    /// The key that a ticket names, and whether the ticket should be replaced by one under a newer key; nil when the
    /// key is unknown or too old, and a full handshake follows.
    func decryptionKey(named name: UnsafeBufferPointer<UInt8>, nowSeconds now: Int64) -> (key: Key, renew: Bool)? {
        keys.withLock { keys in
            Self.drop(&keys, olderThan: now - 2 * rotationSeconds)
            guard let index = keys.firstIndex(where: { $0.name.elementsEqual(name) }) else { return nil }
            return (keys[index], index > 0 || now - keys[index].createdAtSeconds >= rotationSeconds)
        }
    }

    private static func drop(_ keys: inout [Key], olderThan seconds: Int64) {
        keys.removeAll { $0.createdAtSeconds <= seconds }
    }

    private static func make(nowSeconds: Int64) -> Key? {
        func random(_ count: Int) -> [UInt8]? {
            var bytes = [UInt8](repeating: 0, count: count)
            return RAND_bytes(&bytes, Int32(count)) == 1 ? bytes : nil
        }
        guard let name = random(Key.nameBytes), let cipherSecret = random(Key.secretBytes),
            let macSecret = random(Key.secretBytes)
        else { return nil }
        return Key(name: name, cipherSecret: cipherSecret, macSecret: macSecret, createdAtSeconds: nowSeconds)
    }
}

extension TLSTicketKeys {
    /// OpenSSL's `SSL_CTX_set_tlsext_ticket_key_evp_cb`: sets up the ciphers for one ticket.
    /// Returns 1 for "go on", 2 for "go on and issue a new ticket", 0 for "unknown key", -1 for an error.
    func prepare(
        name: UnsafeMutablePointer<UInt8>, initialisationVector: UnsafeMutablePointer<UInt8>, cipher: OpaquePointer,
        mac: OpaquePointer, encrypts: Bool, nowSeconds: Int64
    ) -> Int32 {
        let key: Key
        var renew = false
        if encrypts {
            guard let newest = encryptionKey(nowSeconds: nowSeconds),
                RAND_bytes(initialisationVector, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) == 1
            else { return -1 }
            key = newest
            name.update(from: key.name, count: Key.nameBytes)
        } else {
            let wanted = UnsafeBufferPointer(start: name, count: Key.nameBytes)
            guard let found = decryptionKey(named: wanted, nowSeconds: nowSeconds) else { return 0 }
            (key, renew) = found
        }
        guard
            EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nil, key.cipherSecret, initialisationVector, encrypts ? 1 : 0) == 1
        else { return -1 }
        var macSecret = key.macSecret
        guard vtag_EVP_MAC_set_hmac_sha256(mac, &macSecret, macSecret.count) == 1 else { return -1 }
        return renew ? 2 : 1
    }
}
