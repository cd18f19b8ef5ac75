import Glibc
import Model

/// Writes a snapshot's file: entries in, blocks out, hashed on the way. One thread at a time.
///
/// The file is not synced: whoever loses it makes another one. Without `finish` it is removed.
final class SnapshotFileWriter {
    private let path: String
    private let descriptor: Int32
    private let digest: SHA256Digest
    private var offset: UInt64 = 0
    private var blocks = 0
    /// The block that is being filled.
    private var pending: (kind: SnapshotFormat.Kind, payload: ByteWriter)?
    private var isFinished = false

    /// Makes the file, in place of one that may be there.
    init(path: String, head: SnapshotHead) throws(CheckpointError) {
        digest = try SHA256Digest()
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CheckpointError.failed("create", path, errno) }
        try write(SnapshotFormat.preamble)
        try writeBlock(.head, head.encoded)
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        if !isFinished { unlink(path) }
    }

    /// True when a block went out: a good moment to look around.
    func append(_ entry: SnapshotEntry) throws(CheckpointError) -> Bool {
        if let pending, pending.kind != entry.kind { try flush() }
        var block = pending ?? (entry.kind, ByteWriter(reserving: SnapshotFormat.payloadBytesTarget * 5 / 4))
        pending = nil
        entry.write(to: &block.payload)
        let isFull = block.payload.bytes.count >= SnapshotFormat.payloadBytesTarget
        pending = block
        if isFull { try flush() }
        return isFull
    }

    /// Writes the last block; the file's length in bytes, and its SHA-256.
    func finish() throws(CheckpointError) -> (totalBytes: UInt64, sha256: [UInt8]) {
        try flush()
        var count = ByteWriter(reserving: 10)
        count.varint(blocks)
        try writeBlock(.end, count.bytes)
        let sha256 = try digest.finish()
        isFinished = true
        return (offset, sha256)
    }

    private func flush() throws(CheckpointError) {
        guard let block = pending else { return }
        pending = nil
        try writeBlock(block.kind, block.payload.bytes)
    }

    private func writeBlock(_ kind: SnapshotFormat.Kind, _ payload: [UInt8]) throws(CheckpointError) {
        guard payload.count <= SnapshotFormat.payloadBytesMax else {
            throw CheckpointError(.unavailable, "\(path): an entry of \(payload.count) bytes is too long for a snapshot")
        }
        try write(SnapshotFormat.header(kind, payload, at: offset))
        try write(payload)
        blocks += 1
    }

    private func write(_ bytes: [UInt8]) throws(CheckpointError) {
        let result: Result<Void, CheckpointError> = bytes.withUnsafeBytes { raw in
            do throws(CheckpointError) {
                try digest.add(raw)
                var rest = raw[...]
                while !rest.isEmpty {
                    let part = UnsafeRawBufferPointer(rebasing: rest)
                    let count = Glibc.write(descriptor, part.baseAddress, part.count)
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else { throw CheckpointError.failed("write", path, errno) }
                    rest = rest.dropFirst(count)
                }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
        offset += UInt64(bytes.count)
    }
}

extension CheckpointError {
    /// A system call on a snapshot's file failed.
    static func failed(_ operation: String, _ path: String, _ code: Int32) -> CheckpointError {
        CheckpointError(.unavailable, "cannot \(operation) \(path): \(String(cString: strerror(code)))")
    }
}
