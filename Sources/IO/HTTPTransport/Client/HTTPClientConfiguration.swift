/// Every bound of the HTTP client, with its unit, and how it connects.
package struct HTTPClientConfiguration: Sendable {
    /// How the protocol of a clear-text connection is chosen; under TLS, ALPN chooses among what this allows.
    package enum Version: Sendable {
        /// HTTP/2 under TLS where the peer offers it, else HTTP/1.1; HTTP/2 by prior knowledge in clear text.
        case automatic
        /// HTTP/1.1 only.
        case http1Only
        /// HTTP/2 only.
        case http2Only
    }

    package var version = Version.automatic
    /// Settings of `https` origins; without them such a request fails.
    package var tls: TLSClientContext?

    // MARK: Connections

    /// Most connections to one origin.
    package var connectionsPerOriginMax = 8
    /// Most concurrent streams on one HTTP/2 connection; the peer's SETTINGS_MAX_CONCURRENT_STREAMS may lower it.
    package var streamsPerConnectionMax = 256
    /// Most requests that wait for a connection to one origin; more fail with `tooManyWaiting`.
    package var waitersPerOriginMax = 1024
    /// Longest time until a connection can take requests (TCP, TLS and the first SETTINGS), in milliseconds.
    package var connectMillisecondsMax: Int64 = 5_000
    /// How long after a failure to add a connection to an origin that has others, in milliseconds.
    package var connectPauseMilliseconds: Int64 = 1_000
    /// A connection without requests is closed after this time, in milliseconds.
    package var idleMillisecondsMax: Int64 = 60_000
    /// An HTTP/2 connection that was silent for this long is probed with a PING, in milliseconds.
    package var pingAfterMilliseconds: Int64 = 10_000
    /// A connection whose PING is unanswered for this long is dead, in milliseconds.
    package var pingMillisecondsMax: Int64 = 5_000

    // MARK: One request

    /// Deadline of a request that sets none, in milliseconds from its start to the last byte of its answer.
    package var requestMillisecondsMax: Int64 = 30_000
    /// Most attempts, the first included.
    package var attemptsMax = 4
    /// Longest wait before the second attempt, in milliseconds; it doubles with each attempt after it.
    package var retryDelayMilliseconds: Int64 = 25
    /// Longest wait before any attempt, in milliseconds.
    package var retryDelayMillisecondsMax: Int64 = 1_000
    /// Longest header section of an answer in bytes, names and values and 32 for each field (RFC 9113, section 6.5.2).
    package var responseHeaderBytesMax = 64 * 1024
    /// Longest body of an answer in bytes, however it is read.
    package var responseBodyBytesMax = 4 << 30

    // MARK: Memory, in bytes

    /// Unread bytes of one answer that may wait for their reader: HTTP/2's stream window.
    package var receiveWindowBytesPerStream = 256 * 1024
    /// The same summed over one HTTP/2 connection.
    package var receiveWindowBytesPerConnection = 4 * 1024 * 1024
    /// The writer of a streamed request body waits while more bytes than this are on their way.
    package var sendBufferBytesMax = 128 * 1024
    /// Serialised bytes handed to the socket in one write.
    package var writeBatchBytes = 64 * 1024

    package init(tls: TLSClientContext? = nil) { self.tls = tls }
}
