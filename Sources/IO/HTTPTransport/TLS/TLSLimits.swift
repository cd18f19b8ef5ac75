/// What one TLS connection may take, and how long.
package struct TLSLimits: Sendable, Equatable {
    /// Longest handshake in milliseconds, from the first byte's chance to arrive to the end of the handshake.
    package var handshakeMillisecondsMax: Int64 = 10_000
    /// Longest wait for the peer's `close_notify` after ours was sent, in milliseconds.
    package var closeMillisecondsMax: Int64 = 1_000
    /// Most ciphertext that is read and thrown away while waiting for the peer's `close_notify`, in bytes.
    package var closeDiscardBytesMax = 256 * 1024
    /// Most plaintext queued before the handshake has ended, in bytes.
    package var earlyWriteBytesMax = 1024 * 1024
    /// Plaintext encrypted ahead of the socket in one go, in bytes; the rest of a larger write waits until the channel is
    /// writable again.
    package var encryptAheadBytesMax = 256 * 1024
    /// Sessions a server remembers for TLS 1.2 clients without tickets, and hosts a client remembers sessions for.
    package var sessionsMax = 4096
    /// How long a session may be resumed, in seconds. A ticket key encrypts for half of that and decrypts for all of it.
    package var sessionSecondsMax: Int64 = 7200
    /// Largest certificate, key or CA file, in bytes.
    package var pemFileBytesMax = 1024 * 1024

    package init() {}
}
