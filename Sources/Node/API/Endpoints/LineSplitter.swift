import NIOCore

/// Cuts a stream of bytes into lines, in memory bounded by the longest line. A lone LF or CR LF ends a line.
struct LineSplitter: Sendable {
    enum Line: Equatable, Sendable {
        /// Without its end.
        case text(ByteBuffer)
        /// A line beyond the limit; its bytes were dropped.
        case tooLong
    }

    private let lineBytesMax: Int
    private var pending = ByteBuffer()
    /// Bytes of `pending` that are known to hold no end of line.
    private var searched = 0
    private var isDropping = false

    init(lineBytesMax: Int) { self.lineBytesMax = lineBytesMax }

    mutating func append(_ piece: ByteBuffer) {
        var piece = piece
        if pending.readableBytes == 0 {
            pending = piece
            searched = 0
        } else {
            pending.discardReadBytes()
            pending.writeBuffer(&piece)
        }
    }

    /// The next whole line; nil when more bytes are needed.
    mutating func next() -> Line? {
        let view = pending.readableBytesView
        let start = view.startIndex + searched
        guard let end = view[start...].firstIndex(of: UInt8(ascii: "\n")) else {
            searched = view.count
            if searched > lineBytesMax {
                isDropping = true
                pending.clear()
                searched = 0
            }
            return nil
        }
        let line = pending.readSlice(length: end - view.startIndex)
        pending.moveReaderIndex(forwardBy: 1)
        searched = 0
        return finished(line ?? ByteBuffer())
    }

    /// What comes after the last end of line; nil when there is nothing.
    mutating func finish() -> Line? {
        guard pending.readableBytes > 0 || isDropping else { return nil }
        let line = pending
        pending = ByteBuffer()
        return finished(line)
    }

    private mutating func finished(_ line: ByteBuffer) -> Line {
        defer { isDropping = false }
        guard !isDropping, line.readableBytes <= lineBytesMax else { return .tooLong }
        return .text(line)
    }
}
