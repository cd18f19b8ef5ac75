import DequeModule
import NIOCore

/// Plaintext that waits to be encrypted: before the handshake's end, between write and flush, or because the socket is full.
struct TLSPendingWrites {
    private struct Write {
        var bytes: ByteBuffer
        let promise: EventLoopPromise<Void>?
    }

    private var writes: Deque<Write> = []
    /// How many of `writes`, from the front, have been flushed.
    private var flushedCount = 0
    /// Small writes become one record here.
    private var gathered = ByteBuffer()
    /// Plaintext held, in bytes.
    private(set) var bytes = 0

    var hasFlushed: Bool { flushedCount > 0 }
    var isEmpty: Bool { writes.isEmpty }

    mutating func append(_ buffer: ByteBuffer, promise: EventLoopPromise<Void>?) {
        bytes += buffer.readableBytes
        writes.append(Write(bytes: buffer, promise: promise))
    }

    /// What has been written so far may be encrypted.
    mutating func flush() { flushedCount = writes.count }

    /// The next plaintext to encrypt in one call: small writes gathered to at most a record, or a large one cut to
    /// `bytesMax`. nil when nothing flushed is left. `completed` fires when the promises of all writes that end in it may.
    mutating func next(bytesMax: Int, completed: inout EventLoopPromise<Void>?) -> ByteBuffer? {
        precondition(bytesMax > 0)
        guard flushedCount > 0 else { return nil }
        let first = writes[0].bytes.readableBytes
        if flushedCount == 1 || first >= TLSConnection.recordBytesMax {
            guard first > bytesMax else { return removeFirst(completed: &completed) }
            bytes -= bytesMax
            return writes[0].bytes.readSlice(length: bytesMax)
        }
        gathered.clear()
        let room = min(bytesMax, TLSConnection.recordBytesMax)
        while flushedCount > 0, gathered.readableBytes + writes[0].bytes.readableBytes <= room {
            gathered.writeImmutableBuffer(removeFirst(completed: &completed))
        }
        if gathered.readableBytes == 0, flushedCount > 0 {
            // Less room than the first write needs: a part of it.
            guard writes[0].bytes.readableBytes > room else { return gathered }
            bytes -= room
            return writes[0].bytes.readSlice(length: room)
        }
        return gathered
    }

    /// Takes out the promises of all writes, or of those that have not been flushed, and drops their bytes.
    mutating func drop(unflushedOnly: Bool = false) -> [EventLoopPromise<Void>] {
        let first = unflushedOnly ? flushedCount : 0
        let promises = writes[first...].compactMap(\.promise)
        for write in writes[first...] { bytes -= write.bytes.readableBytes }
        writes.removeSubrange(first...)
        flushedCount = min(flushedCount, first)
        return promises
    }

    private mutating func removeFirst(completed: inout EventLoopPromise<Void>?) -> ByteBuffer {
        let write = writes.removeFirst()
        flushedCount -= 1
        bytes -= write.bytes.readableBytes
        if let promise = write.promise {
            if let earlier = completed { earlier.futureResult.cascade(to: promise) } else { completed = promise }
        }
        return write.bytes
    }
}
