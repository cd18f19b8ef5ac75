/// Every bound of the traffic between nodes, with its unit.
package struct PeerLimits: Sendable {
    package init() {}

    // MARK: One request

    /// Longest body of a request or an answer, in bytes: an API request of 64 MiB, with what is wrapped around it.
    package var bodyBytesMax = 65 << 20
    /// Longest time to open a connection: TCP, TLS and the first SETTINGS, in milliseconds.
    package var connectMillisecondsMax: Int64 = 2_000
    /// Requests may be given up so much later than their time is up, in milliseconds: those of a moment are looked at together.
    package var timeoutSlackMilliseconds: Int64 = 5

    // MARK: What one node sends another, on one lane of one event loop

    /// Requests that wait or are on their way; beyond them the answer is `overloaded` at once.
    package var requestsMax = 16 * 1024
    /// Bytes of their bodies.
    package var requestBytesMax = 256 << 20
    /// Requests on their way at once; the peer's SETTINGS may lower it. More wait for their turn.
    package var streamsMax = 1024
    /// Pause after the first failed dial, in milliseconds; it doubles with each, up to the maximum, and is drawn from the upper
    /// half of that.
    package var backOffMilliseconds: Int64 = 50
    package var backOffMillisecondsMax: Int64 = 250
    /// A connection that was silent for so long, with or without requests on it, is probed with a PING, in milliseconds.
    package var pingAfterMilliseconds: Int64 = 2_000
    /// A connection whose PING is unanswered for so long is dead, in milliseconds.
    package var pingMillisecondsMax: Int64 = 2_000
    /// A connection without requests is closed by the side that listens after this time, in milliseconds.
    package var idleMillisecondsMax: Int64 = 600_000

    // MARK: What one node takes from all others

    /// Requests that are being read or served.
    package var servingMax = 16 * 1024
    /// Declared bytes of their bodies.
    package var servingBytesMax = 512 << 20
    package var connectionsMax = 4_096
    /// Longest wait for the next byte of a body that has begun, or for the peer to take the next byte of an answer, in
    /// milliseconds.
    package var progressMillisecondsMax: Int64 = 10_000

    // MARK: Memory

    /// Bytes of one body that may be on their way without having been taken, and the same for a connection.
    package var windowBytesPerStream = 1 << 20
    package var windowBytesPerConnection = 16 << 20
}
