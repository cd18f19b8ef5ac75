import Foundation
import Glibc
import HTTPTransport
import JSON
import Model
import Testing

/// A small file system of its own, in memory.
private struct SmallDisk {
    let url: URL

    /// Mounting takes privileges that a test run may not have.
    static let isPossible: Bool = {
        guard let disk = try? SmallDisk(megabytes: 1) else { return false }
        disk.remove()
        return true
    }()

    init(megabytes: Int) throws {
        url = FileManager.default.temporaryDirectory.appending(path: "vtagd-disk-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        guard mount("tmpfs", url.path, "tmpfs", 0, "size=\(megabytes)m") == 0 else {
            let code = errno
            try? FileManager.default.removeItem(at: url)
            throw NodeProcess.Failure("mount: \(String(cString: strerror(code)))")
        }
    }

    func remove() {
        umount2(url.path, Int32(MNT_DETACH))
        try? FileManager.default.removeItem(at: url)
    }

    private var filler: URL { url.appending(path: "filler") }

    /// Takes all room but so many bytes.
    func fill(leaving bytes: Int = 0) throws {
        let free = try url.resourceValues(forKeys: [.volumeAvailableCapacityKey]).volumeAvailableCapacity ?? 0
        let descriptor = open(filler.path, O_RDWR | O_CREAT, 0o600)
        guard descriptor >= 0 else { throw NodeProcess.Failure("no filler") }
        defer { close(descriptor) }
        let size = Int(lseek(descriptor, 0, SEEK_END))
        guard free <= bytes || posix_fallocate(descriptor, 0, size + free - bytes) == 0 else {
            throw NodeProcess.Failure("no filler")
        }
    }

    func empty() throws { try FileManager.default.removeItem(at: filler) }
}

@Suite("A full disk", .enabled(if: SmallDisk.isPossible, "a file system of its own takes the right to mount (root)"))
struct DiskFullTests {
    private func volume(_ number: Int) -> String {
        #"{"VolumeId":"vol-\#(number)","Tags":[{"Key":"text","Value":"\#(String(repeating: "x", count: 200))"}]}"#
    }

    /// Ingests pages of 50 volumes until one is refused; the numbers of those that were acknowledged, and the refusal.
    private func ingestUntilRefused(_ node: NodeProcess, from first: Int) async throws -> (
        acknowledged: Int, NodeProcess.Answer
    ) {
        var next = first
        while next < 1_000_000 {
            let page = (next..<next + 50).map(volume).joined(separator: ",")
            let answer = try await node.send(
                .post, "/ingest/aws?operation=ec2.describe-volumes", #"{"Volumes":[\#(page)]}"#)
            guard answer.status == 200 else { return (next, answer) }
            next += 50
        }
        throw NodeProcess.Failure("the disk does not fill up")
    }

    private func ready(_ node: NodeProcess) async throws -> NodeProcess.Answer { try await node.send(.get, "/health/ready") }

    @Test("Writes are refused, reads go on, nothing acknowledged is lost, and it goes on once there is room")
    func fullAndFree() async throws {
        let disk = try SmallDisk(megabytes: 48)
        defer { disk.remove() }
        let directory = disk.url.appending(path: "data")
        let node = try await NodeProcess.serving(directory)
        #expect(try await ready(node).status == 200)
        try disk.fill(leaving: 6 << 20)
        let (acknowledged, refusal) = try await ingestUntilRefused(node, from: 0)
        #expect(refusal.status == 503, "\(String(decoding: refusal.body, as: UTF8.self))")
        #expect(refusal.json["detail"]?.string?.contains("disk is full") == true)
        let readiness = try await ready(node)
        #expect(readiness.status == 503)
        #expect(readiness.json["detail"]?.string?.contains("disk is full") == true)
        #expect(try await node.send(.get, "/health/live").status == 200)

        let id = ResourceID(provider: .aws, nativeID: "vol-0")
        #expect(try await node.send(.get, "/resources/\(id)").status == 200)
        #expect(try await node.send(.get, "/stats").json["resources"]?.int ?? 0 >= acknowledged)
        // The history needs a checkpoint, which the disk may not take: an answer comes all the same.
        #expect([200, 503].contains(try await node.send(.get, "/audit/trail?limit=1").status))

        try disk.empty()
        while try await ready(node).status != 200 { await Task.yield() }
        try disk.fill(leaving: 12 << 20)
        let (more, _) = try await ingestUntilRefused(node, from: acknowledged)
        #expect(more > acknowledged)
        try disk.empty()
        // Killed while it was full a moment ago: what was acknowledged is there all the same.
        node.kill()
        await node.close()
        let again = try await NodeProcess.serving(directory)
        #expect(try await again.send(.get, "/stats").json["resources"]?.int ?? 0 >= more)
        let last = ResourceID(provider: .aws, nativeID: "vol-\(more - 1)")
        #expect(try await again.send(.get, "/resources/\(last)").status == 200)
        #expect(again.terminate() == 0)
        await again.close()
    }

    @Test("A start on a full disk ends with 73 and says what is full, what is needed and what is free")
    func startOnFullDisk() async throws {
        let disk = try SmallDisk(megabytes: 8)
        defer { disk.remove() }
        try disk.fill(leaving: 960 << 10)
        guard case .ended(let status, let message) = try await NodeProcess.start(disk.url.appending(path: "data")) else {
            Issue.record("it serves")
            return
        }
        #expect(status == 73)
        #expect(message.contains("is full") && message.contains("1048576 bytes"), "\(message)")
        #expect(message.contains("bytes are free") && message.contains("Free some space"), "\(message)")
    }
}
