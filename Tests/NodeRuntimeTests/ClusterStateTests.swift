import Foundation
import Model
import NIOCore
import Placement
import Shard
import Testing

@testable import NodeRuntime

@Suite("What a node remembers of its cluster")
struct ClusterStateTests {
    private static let settings = ClusterSettings(id: UUID128(high: 1, low: 2), shards: 4, replicationFactor: 2)

    private func member(_ replica: UInt64, _ name: String) -> Member {
        Member(
            replica: replica, name: name, peerAddress: "10.0.0.1:7000", apiAddress: "10.0.0.1:8000", region: "eu", zone: "a",
            isEdge: false, since: Timestamp(milliseconds: 0))
    }

    private func cluster(_ node: Node) async throws -> ClusterState {
        let system = node.system
        return try await system.eventLoop.submit { system.shard.state.cluster }.get()
    }

    private func change(_ node: Node) async throws {
        let commands: [SystemCommand] = [
            .configure(Self.settings), .putMember(member(.max, "a")), .putMember(member(2, "b")), .putMember(member(3, "c")),
            .place((1...4).map { ShardPlacement(shard: $0, replicas: [.max, 2], preferredLeader: 2, revision: 1) }),
            .setMemberState(3, .left),
        ]
        for command in commands {
            #expect(try await node.submit(command, by: operatorContext).outcomes.allSatisfy(\.succeeded))
        }
    }

    @Test("Settings, members and placements survive a restart from the checkpoint, and what is removed stays so")
    func checkpoint() async throws {
        let bench = Bench()
        var node = try await bench.start()
        try await change(node)
        let before = try await cluster(node)
        #expect(before.items.count == 9)
        await node.stop()
        node = try await bench.start()
        #expect(try await cluster(node) == before)
        #expect(try await node.catalog().version == 0)
        #expect(try await node.submit(.removeMember(3), by: operatorContext).outcomes == [.deleted])
        await node.stop()
        node = try await bench.start()
        #expect(try await cluster(node).members.keys.sorted() == [2, .max])
        await node.stop()
    }

    @Test("They survive a crash without any checkpoint")
    func log() async throws {
        let bench = Bench()
        var node = try await bench.start(checkpointEvery: 3_600_000)
        try await change(node)
        let before = try await cluster(node)
        let copy = bench.directory + "-copy"
        defer { try? FileManager.default.removeItem(atPath: copy) }
        try FileManager.default.copyItem(atPath: bench.directory, toPath: copy)
        await node.stop()
        try FileManager.default.removeItem(atPath: bench.directory)
        try FileManager.default.moveItem(atPath: copy, toPath: bench.directory)
        node = try await bench.start()
        #expect(try await cluster(node) == before)
        await node.stop()
    }
}
