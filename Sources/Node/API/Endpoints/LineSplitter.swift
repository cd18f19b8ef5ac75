import NIOCore

/// Cuts a stream of bytes into lines, in memory bounded by the longest line. A lone LF or CR LF ends a line.
struct LineSplitter: Sendable {
    private let lineBytesMax: Int
    private var pending = ByteBuffer()
    /// Bytes of `pending` that are known to hold no end of line.
    private var searched = 0
    /// A line was met that is longer than the limit, be it that its end has not come: there are no lines after it.
    private(set) var isOverLimit = false

    init(lineBytesMax: Int) { self.lineBytesMax = lineBytesMax }

    mutating func append(_ piece: ByteBuffer) {
        guard !isOverLimit else { return }
        var piece = piece
        if pending.readableBytes == 0 {
            pending = piece
            searched = 0
        } else {
            pending.discardReadBytes()
            pending.writeBuffer(&piece)
        }
    }

    /// The next whole line without its end; nil when more bytes are needed, and after a line over the limit.
    mutating func next() -> ByteBuffer? {
        let view = pending.readableBytesView
        let start = view.startIndex + searched
        guard let end = view[start...].firstIndex(of: UInt8(ascii: "\n")) else {
            searched = view.count
            return checked(nil, bytes: searched)
        }
        let line = pending.readSlice(length: end - view.startIndex)
        pending.moveReaderIndex(forwardBy: 1)
        searched = 0
        return checked(line, bytes: line?.readableBytes ?? 0)
    }

    /// What comes after the last end of line; nil when there is nothing.
    mutating func finish() -> ByteBuffer? {
        guard pending.readableBytes > 0 else { return nil }
        let line = pending
        pending = ByteBuffer()
        return checked(line, bytes: line.readableBytes)
    }

    private mutating func checked(_ line: ByteBuffer?, bytes: Int) -> ByteBuffer? {
        guard bytes > lineBytesMax else { return line }
        isOverLimit = true
        pending = ByteBuffer()
        searched = 0
        return nil
    }
}
