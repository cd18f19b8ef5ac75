/// What a connection remembers of streams that are gone, to tell an error of the peer's from frames that crossed on the way.
///
/// nghttp2 ignores HEADERS on every stream that it has forgotten. RFC 9113 section 5.1 allows that for streams which we reset,
/// for their frames may have been on the way; it demands an error for streams that the peer skipped, or had ended itself.
/// What fell out of the memory is ignored, as nghttp2 does.
struct HTTP2StreamHistory {
    enum Verdict { case plausible, skipped, ended }

    /// Streams whose end by the peer is remembered.
    private static let endedMax = 256
    private static let skippedRangesMax = 16

    private var highest: Int32 = -1
    private var skipped: [Range<Int32>] = []
    private var ended: [Int32] = []
    private var oldest = 0

    /// A HEADERS frame began, on a new stream or on a known one.
    mutating func headersBegan(_ stream: Int32) -> Verdict {
        guard stream > highest else { return verdict(stream) }
        if stream > highest + 2, skipped.count < Self.skippedRangesMax { skipped.append(highest + 1..<stream) }
        highest = stream
        return .plausible
    }

    /// The peer has ended a stream, which is over now.
    mutating func streamEnded(_ stream: Int32) {
        if ended.count < Self.endedMax {
            ended.append(stream)
        } else {
            ended[oldest] = stream
            oldest = (oldest + 1) % Self.endedMax
        }
    }

    /// What HEADERS on an old stream say of their sender.
    private func verdict(_ stream: Int32) -> Verdict {
        if skipped.contains(where: { $0.contains(stream) }) { return .skipped }
        return ended.contains(stream) ? .ended : .plausible
    }
}
