import Foundation
import HTTPTransport
import JSON
import Model
import Testing

/// One writer of the kill test: counts a tag of its own resource upwards, one acknowledged write at a time.
private struct Writer: Sendable {
    let number: Int
    /// The last count that was acknowledged.
    var acknowledged = 0
    /// A count that was sent and whose answer never came.
    var unknown: Int?

    var nativeID: String { "vol-\(number)" }
    var resource: ResourceID { ResourceID(provider: .aws, nativeID: nativeID) }

    /// Writes until the node is gone.
    mutating func write(to node: NodeProcess) async throws {
        while true {
            let count = unknown ?? acknowledged + 1
            unknown = count
            let body = #"{"resource_id":"\#(resource)","tags":[{"key":"count","value":"\#(count)"}]}"#
            guard let answer = try? await node.send(.post, "/virtual-tags/apply", body, key: "\(number)-\(count)") else {
                return
            }
            guard answer.status == 201 else {
                throw NodeProcess.Failure("count \(count): \(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
            }
            acknowledged = count
            unknown = nil
        }
    }
}

@Suite("A node that is killed")
struct KillTests {
    static let kills = 50
    static let writers = 8

    @Test("After each of 50 kill -9 under load every acknowledged write is there, and in the end none was applied twice")
    func killed() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SplitMix(seed)
        let scratch = try Scratch()
        defer { scratch.remove() }
        var writers = (0..<Self.writers).map { Writer(number: $0) }
        let volumes = writers.map { #"{"VolumeId":"\#($0.nativeID)","Size":1}"# }.joined(separator: ",")

        var node = try await NodeProcess.serving(scratch.url)
        let created = try await node.send(.post, "/ingest/aws?operation=ec2.describe-volumes", #"{"Volumes":[\#(volumes)]}"#)
        #expect(created.json["created"]?.int == Self.writers)
        for kill in 1...Self.kills {
            let delay = UInt64(random.next() % 200) + 5
            writers = try await withThrowingTaskGroup(of: Writer.self) { group in
                for var writer in writers {
                    group.addTask { [node] in
                        try await writer.write(to: node)
                        return writer
                    }
                }
                try await Task.sleep(for: .milliseconds(delay))
                node.kill()
                return try await group.reduce(into: [Writer]()) { $0.append($1) }
            }
            await node.close()
            node = try await NodeProcess.serving(scratch.url)
            for writer in writers {
                let count = try await Self.count(of: writer, on: node)
                let possible = [writer.acknowledged] + (writer.unknown.map { [$0] } ?? [])
                #expect(possible.contains(count), "kill \(kill), writer \(writer.number): \(count) is none of \(possible)")
            }
        }
        try await Self.checkTrail(writers, on: node)
        #expect(node.terminate() == 0)
        await node.close()
        #expect(writers.reduce(0) { $0 + $1.acknowledged } > Self.kills, "the load was too small to mean anything")
    }

    private static func count(of writer: Writer, on node: NodeProcess) async throws -> Int {
        let tags = try await node.all("/resources/\(writer.resource)/virtual-tags")
        let value = tags.first { $0["tag_key"]?.string == "count" }?["tag_value"]?.string
        return value.flatMap { Int($0) } ?? 0
    }

    /// Sends what is unknown once more, under the same key; then every count must be in the trail once, in order.
    private static func checkTrail(_ writers: [Writer], on node: NodeProcess) async throws {
        for writer in writers {
            var last = writer.acknowledged
            if let count = writer.unknown {
                let body = #"{"resource_id":"\#(writer.resource)","tags":[{"key":"count","value":"\#(count)"}]}"#
                let answer = try await node.send(.post, "/virtual-tags/apply", body, key: "\(writer.number)-\(count)")
                #expect(answer.status == 201)
                last = count
            }
            let trail = try await node.all("/audit/trail?resource_id=\(writer.resource)&tag_key=count&limit=1000")
            let counts = trail.reversed().map { $0["new_value"]?.string ?? "" }
            #expect(counts == (1..<(last + 1)).map(String.init), "writer \(writer.number)")
        }
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
