import Foundation
import HTTPTransport
import JSON
import Testing

@Suite("A stopped node whose files are damaged")
struct DamageTests {
    static let trials = 200

    /// Everything that a node answers about its contents.
    private struct Contents: Equatable {
        let resources: [JSONValue]
        let tags: [[JSONValue]]
        let rules: [JSONValue]
        let trail: [JSONValue]

        init(of node: NodeProcess) async throws {
            resources = try await node.all("/resources?limit=1000")
            var tags: [[JSONValue]] = []
            for resource in resources.prefix(20) {
                tags.append(try await node.all("/resources/\(resource["id"]?.string ?? "")/virtual-tags"))
            }
            self.tags = tags
            rules = try await node.all("/tag-rules")
            trail = try await node.all("/audit/trail?limit=1000")
        }
    }

    @Test("200 flipped bytes and cut files: the same answers as before, or a refusal that names the file")
    func damaged() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SplitMix(seed)
        let scratch = try Scratch()
        defer { scratch.remove() }
        let stopped = scratch.url.appending(path: "stopped")
        let killed = scratch.url.appending(path: "killed")
        let expected = try await prepare(stopped: stopped, killed: killed)

        var refused = 0
        for trial in 1...Self.trials {
            let copy = scratch.url.appending(path: "trial")
            try? FileManager.default.removeItem(at: copy)
            try FileManager.default.copyItem(at: random.next() % 2 == 0 ? stopped : killed, to: copy)
            let damage = try Damage(in: copy, &random)
            switch try await NodeProcess.start(copy) {
            case .ended(let status, let message):
                refused += 1
                #expect(status == 74, "trial \(trial), \(damage): status \(status), \(message)")
                #expect(message.contains(copy.path), "trial \(trial), \(damage): names no file: \(message)")
            case .ready(let node):
                do {
                    let found = try await Contents(of: node)
                    #expect(found == expected, "trial \(trial), \(damage): answers differ")
                } catch {
                    // A question may be refused, never answered wrongly.
                    #expect("\(error)".contains("503") || "\(error)".contains("500"), "trial \(trial), \(damage): \(error)")
                }
                node.kill()
                await node.close()
            }
        }
        print("refused \(refused) of \(Self.trials)")
        #expect(refused > 0, "no damage was ever noticed")
    }

    /// One directory as an orderly stop leaves it, and a copy of the same contents as kill -9 leaves it.
    private func prepare(stopped: URL, killed: URL) async throws -> Contents {
        var node = try await NodeProcess.serving(stopped)
        let rule = #"""
            {"rule_name":"sizes","conditions":{"field":"resource_type","operator":"eq","value":"ec2.volume"},
             "actions":[{"set_tag":{"key":"kind","value":"disk-${name}"}}]}
            """#
        #expect(try await node.send(.post, "/tag-rules", rule).status == 201)
        for part in 0..<20 {
            let volumes = (0..<10).map { number in
                #"{"VolumeId":"vol-\#(part)-\#(number)","Size":\#(number),"Tags":[{"Key":"Name","Value":"n\#(number)"}]}"#
            }
            let body = #"{"Volumes":[\#(volumes.joined(separator: ","))]}"#
            #expect(try await node.send(.post, "/ingest/aws?operation=ec2.describe-volumes", body).status == 200)
        }
        #expect(node.terminate() == 0)
        await node.close()
        // Some of it is in the checkpoint, some in the log alone.
        node = try await NodeProcess.serving(stopped)
        let body = #"{"Volumes":[{"VolumeId":"vol-last","Size":7}]}"#
        #expect(try await node.send(.post, "/ingest/aws?operation=ec2.describe-volumes", body).status == 200)
        let contents = try await Contents(of: node)
        node.kill()
        await node.close()
        try FileManager.default.copyItem(at: stopped, to: killed)
        node = try await NodeProcess.serving(stopped)
        #expect(node.terminate() == 0)
        await node.close()
        return contents
    }
}

/// A byte flipped, or a file cut.
private struct Damage: CustomStringConvertible {
    let description: String

    init(in directory: URL, _ random: inout SplitMix) throws {
        let names = ["NODE", "CLUSTER", "GENERATION", "checkpoint.sqlite", "checkpoint.sqlite-wal", "checkpoint.sqlite-shm"]
        let segments = try FileManager.default.contentsOfDirectory(atPath: directory.appending(path: "log").path)
        let candidates = (names + segments.map { "log/\($0)" }).sorted().filter { name in
            let attributes = try? FileManager.default.attributesOfItem(atPath: directory.appending(path: name).path)
            return (attributes?[.size] as? Int ?? 0) > 0
        }
        let name = candidates[Int(random.next() % UInt64(candidates.count))]
        let file = directory.appending(path: name)
        var bytes = [UInt8](try Data(contentsOf: file))
        if random.next() % 4 == 0 {
            let length = Int(random.next() % UInt64(bytes.count))
            bytes.removeLast(bytes.count - length)
            description = "\(name) cut to \(length) bytes"
        } else {
            // Half of the flips go where something is written: most of a log segment is still zero.
            let written = random.next() % 2 == 0 ? bytes.indices.filter { bytes[$0] != 0 } : []
            let position =
                written.isEmpty
                ? Int(random.next() % UInt64(bytes.count)) : written[Int(random.next() % UInt64(written.count))]
            bytes[position] ^= UInt8(1 << (random.next() % 8))
            description = "\(name), a bit of byte \(position) flipped"
        }
        try Data(bytes).write(to: file)
    }
}
