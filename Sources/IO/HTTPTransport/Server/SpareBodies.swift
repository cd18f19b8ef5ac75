import NIOCore

/// Buffers for small bodies, used again and again by all connections of an event loop.
///
/// The one given back last is lent first: a connection is answered while the memory that the one before it used is still in
/// the processor's cache.
struct SpareBodies {
    /// Larger buffers are not kept.
    static let storageBytesMax = 16 * 1024
    private static let countMax = 256

    private var buffers: [ByteBuffer] = []

    /// An empty buffer.
    mutating func take() -> ByteBuffer {
        guard var buffer = buffers.popLast() else { return ByteBuffer() }
        buffer.clear()
        return buffer
    }

    /// Takes a buffer back that nobody else writes to.
    mutating func giveBack(_ buffer: ByteBuffer) {
        guard buffers.count < Self.countMax, (1...Self.storageBytesMax).contains(buffer.storageCapacity) else { return }
        buffers.append(buffer)
    }
}
