import Glibc
import Model

/// Reads a snapshot's file block by block, each checked before it is handed out. One thread at a time.
///
/// Throws `SnapshotFault` for what is wrong with the file, `CheckpointError` where it cannot be read now.
final class SnapshotFileReader {
    struct Block {
        var kind: SnapshotFormat.Kind
        var payload: [UInt8]
    }

    private let path: String
    private let descriptor: Int32
    private var totalBytes: UInt64 = 0
    private let digest: SHA256Digest
    private var offset: UInt64 = 0
    private var blocks = 0
    private var previous: SnapshotFormat.Kind?

    init(path: String) throws {
        digest = try SHA256Digest()
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CheckpointError.failed("open", path, errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw CheckpointError.failed("look at", path, errno) }
        totalBytes = UInt64(max(0, status.st_size))
        try readPreamble()
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// SHA-256 of the whole file. Blocks.
    static func digest(of path: String) throws(CheckpointError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CheckpointError.failed("open", path, errno) }
        defer { close(descriptor) }
        let digest = try SHA256Digest()
        var buffer = [UInt8](repeating: 0, count: SnapshotFormat.payloadBytesTarget)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw CheckpointError.failed("read", path, errno) }
            if count == 0 { return try digest.finish() }
            let added = buffer.withUnsafeBytes { raw in
                Result { () throws(CheckpointError) in try digest.add(UnsafeRawBufferPointer(rebasing: raw[..<count])) }
            }
            try added.get()
        }
    }

    /// The next block; nil behind the last one, once the file is known to end there.
    func next() throws -> Block? {
        if previous == .end {
            guard offset == totalBytes else { throw SnapshotFault("\(totalBytes - offset) bytes follow its end") }
            return nil
        }
        let start = offset
        let header = try take(SnapshotFormat.headerBytes)
        guard SnapshotFormat.integer(header, at: 12) == SnapshotFormat.headerChecksum(header[..<12], at: start),
            let kind = SnapshotFormat.Kind(rawValue: header[0]), header[1...3].allSatisfy({ $0 == 0 })
        else { throw SnapshotFault("the block at byte \(start) has a damaged header") }
        try check(kind, at: start)
        let count = SnapshotFormat.integer(header, at: 4)
        guard count <= SnapshotFormat.payloadBytesMax else {
            throw SnapshotFault("the block at byte \(start) is too long (\(count) bytes)")
        }
        let payload = try take(Int(count))
        guard SnapshotFormat.checksum(payload[...]) == SnapshotFormat.integer(header, at: 8) else {
            throw SnapshotFault("the block at byte \(start) is damaged")
        }
        if kind == .end {
            var expected = ByteWriter(reserving: 10)
            expected.varint(blocks)
            guard payload == expected.bytes else { throw SnapshotFault("blocks are missing before its end") }
        }
        blocks += 1
        previous = kind
        return Block(kind: kind, payload: payload)
    }

    /// SHA-256 of the file. After `next` returned nil.
    func finish() throws(CheckpointError) -> [UInt8] { try digest.finish() }

    private func readPreamble() throws {
        let bytes = try take(SnapshotFormat.preambleBytes)
        guard bytes.starts(with: SnapshotFormat.magic) else { throw SnapshotFault("it is no snapshot") }
        guard SnapshotFormat.integer(bytes, at: 12) == SnapshotFormat.checksum(bytes[..<12]) else {
            throw SnapshotFault("its preamble is damaged")
        }
        let version = SnapshotFormat.integer(bytes, at: 8)
        guard version <= SnapshotFormat.version else {
            throw CheckpointError(
                .newerVersion,
                "\(path) was written by a newer version (snapshot format \(version)). Upgrade this node; nothing was changed."
            )
        }
        guard version == SnapshotFormat.version else { throw SnapshotFault("it has the unknown format \(version)") }
    }

    /// The head is first and alone, the end last; in between kinds do not go back.
    private func check(_ kind: SnapshotFormat.Kind, at start: UInt64) throws(SnapshotFault) {
        let isInOrder =
            if let previous {
                kind != .head && kind.rawValue >= previous.rawValue
            } else {
                kind == .head
            }
        guard isInOrder else { throw SnapshotFault("the block at byte \(start) is in the wrong place") }
    }

    /// The next `count` bytes.
    private func take(_ count: Int) throws -> [UInt8] {
        guard UInt64(count) <= totalBytes - offset else { throw SnapshotFault("it is cut short at \(totalBytes) bytes") }
        let bytes = try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = read(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled)
                if got < 0, errno == EINTR { continue }
                guard got >= 0 else { throw CheckpointError.failed("read", path, errno) }
                guard got > 0 else { throw SnapshotFault("it was cut short while it was read") }
                filled += got
            }
        }
        try bytes.withUnsafeBytes { try digest.add($0) }
        offset += UInt64(count)
        return bytes
    }
}
