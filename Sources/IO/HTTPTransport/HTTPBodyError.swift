/// Why a request's body could not be had.
package enum HTTPBodyError: Error, Equatable, Sendable {
    /// The body is, or declares to be, longer than `limit` bytes: answer 413.
    case tooLarge(limit: Int)
    /// The client went away, reset the stream or broke the framing; nobody is left to answer.
    case disconnected
    /// No byte came for the limits' `progressTimeout`: answer 408.
    case timedOut
    /// The body has been taken already, by another reader.
    case alreadyTaken
}

/// Why a response's body could not be written.
package enum HTTPWriteError: Error, Equatable, Sendable {
    /// The client went away or reset the stream.
    case disconnected
    /// The client took no byte for the limits' `progressTimeout`.
    case timedOut
}
