package import WriteAheadLog

/// Settings of a log.
package struct LogOptions: Sendable {
    /// Identity of the node; a log of another node is refused.
    package var node: LogNodeID
    /// Size of new segments in bytes; `LogFormat.segmentBytesMin` to `segmentBytesMax`, default 64 MiB.
    package var segmentBytes: Int
    /// Most bytes of records that wait for the disk; default 64 MiB. Over it `check` throws `full`.
    package var queueBytesMax: Int
    /// Most bytes written before one sync, unless a single record is longer; default 4 MiB.
    package var batchBytesMax: Int
    /// Pause between two tries to allocate a segment on a full disk, in milliseconds; default 500.
    package var allocationRetryMilliseconds: Int

    package init(
        node: LogNodeID, segmentBytes: Int = LogFormat.segmentBytesDefault, queueBytesMax: Int = 64 << 20,
        batchBytesMax: Int = 4 << 20, allocationRetryMilliseconds: Int = 500
    ) {
        precondition(
            (LogFormat.segmentBytesMin...LogFormat.segmentBytesMax).contains(segmentBytes)
                && segmentBytes % LogFormat.sectorBytes == 0,
            "a segment of \(segmentBytes) bytes")
        self.node = node
        self.segmentBytes = segmentBytes
        self.queueBytesMax = queueBytesMax
        self.batchBytesMax = batchBytesMax
        self.allocationRetryMilliseconds = allocationRetryMilliseconds
    }

    /// Longest payload in bytes: a quarter of a segment, so that little room is lost where one does not fit any more.
    package var payloadBytesMax: Int { min(LogFormat.payloadBytesMax, segmentBytes / 4) }
}
