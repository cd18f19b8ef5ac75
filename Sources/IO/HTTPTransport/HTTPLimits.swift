package import NIOCore

/// Every bound of the HTTP server, with its unit. The defaults suit a public API behind no proxy.
package struct HTTPLimits: Sendable {
    package init() {}

    // MARK: One request

    /// Longest request target (path and query) in bytes; a longer one is answered with 414.
    package var targetBytesMax = 8 * 1024
    /// Longest header section in bytes, names and values summed; a longer one is answered with 431. In HTTP/1.1 the trailers of a
    /// chunked body count with it.
    package var headerBytesMax = 32 * 1024
    /// Most header fields of a request, trailers of HTTP/1.1 included; more are answered with 431.
    package var headerCountMax = 100
    /// Longest body in bytes that any service may take; `collectBody(upTo:)` sets its own, lower bound. 413 above it.
    package var bodyBytesMax = 1 << 30

    // MARK: Time. Checked by a coarse tick, so each may last up to `tick` longer.

    /// From accepting the connection, or from the first byte of a request on a used one, to the end of its head
    /// (includes the TLS handshake). HTTP/1.1 answers 408.
    package var headerTimeout = TimeAmount.seconds(10)
    /// Longest wait for the next byte of a body that a service is waiting for, or for the peer to take the next byte of a
    /// response.
    package var progressTimeout = TimeAmount.seconds(30)
    /// Fewest bytes of a body that a service is waiting for, in each `progressTimeout`; a body that trickles slower is given up
    /// with 408 ("slow loris").
    package var progressBytesMin = 1_024
    /// A connection without requests is closed after this time.
    package var idleTimeout = TimeAmount.seconds(75)
    /// How often the times above are checked: one timer an event loop.
    package var tick = TimeAmount.milliseconds(500)
    /// How long a closing connection may go on reading, so that the peer sees the last response before the close.
    package var lingerTimeout = TimeAmount.seconds(2)

    // MARK: Connections

    /// Most connections of one server; more are refused with 503 or GOAWAY.
    package var connectionsMax = 10_000
    /// Above `connectionsMax`, this many more are told so at any moment; the rest is closed at once.
    package var refusalsMax = 256
    /// Completed connections that wait for `accept`.
    package var backlog = 1_024

    // MARK: Memory of one connection, in bytes

    /// Longest run of unread request-body bytes of one HTTP/2 stream, and of an HTTP/1.1 connection.
    package var receiveWindowBytesPerStream = 128 * 1024
    /// The same summed over one HTTP/2 connection.
    package var receiveWindowBytesPerConnection = 1024 * 1024
    /// A body writer is suspended while more bytes than this wait on its stream.
    package var writerHighWaterBytes = 64 * 1024
    /// Above this sum of response bytes that wait on a connection, new HTTP/2 streams are refused (REFUSED_STREAM).
    package var responseBufferBytesMax = 32 * 1024 * 1024
    /// Serialised bytes handed to the socket in one write.
    package var writeBatchBytes = 64 * 1024
    /// Bytes that one read takes from a socket. Of HTTP/1.1, this much may wait undecoded behind the request in progress; nothing
    /// more is read meanwhile.
    package var readBytesMax = 64 * 1024
    /// Unread body bytes that an HTTP/1.1 connection skips after an early answer to stay open.
    package var drainBytesMax = 64 * 1024

    // MARK: HTTP/2 floods. Over a limit the connection ends with GOAWAY(ENHANCE_YOUR_CALM).

    /// Streams open at once on one connection; announced in SETTINGS.
    package var concurrentStreamsMax = 256
    /// Streams per second that end in RST_STREAM, the peer's or ours on its errors (CVE-2023-44487, CVE-2025-8671).
    package var resetsPerSecondMax = 200
    /// PING frames per second (CVE-2019-9512).
    package var pingsPerSecondMax = 100
    /// SETTINGS frames per second (CVE-2019-9515).
    package var settingsPerSecondMax = 50
    /// PRIORITY and PRIORITY_UPDATE frames per second (CVE-2019-9513).
    package var prioritiesPerSecondMax = 1_000
    /// DATA frames without data per second (CVE-2019-9518).
    package var emptyDataFramesPerSecondMax = 100
    /// WINDOW_UPDATE frames per second, above two for each DATA frame that we sent in that second.
    package var windowUpdatesPerSecondMax = 1_000
    /// Frames per second of types that are skipped (RFC 9113 section 4.1), GOAWAY among them.
    package var unknownFramesPerSecondMax = 100
    /// CONTINUATION frames of one header section (CVE-2024-27316).
    package var continuationFramesMax = 8
    /// Acknowledgements of PING and SETTINGS that may wait to be sent because the peer does not read.
    package var outboundAcknowledgementsMax = 256
}
