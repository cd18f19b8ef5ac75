import Foundation
import HTTPTransport
import Testing

@Suite("Data directories that do not belong")
struct ClusterIdentityTests {
    @Test("No second node is let in under a living one's name; of two with one data directory one ends and says why")
    func twins() async throws {
        try await ClusterProcesses.with { cluster, nodes in
            let members = ["n1 active", "n2 active", "n3 active"]
            try await until { try await nodes[0].members() == members }
            let ports = try FreePorts.take(2)
            let join = cluster.places.prefix(2).map { "127.0.0.1:\($0.peerPort)" }.joined(separator: ",")
            func twin(_ directory: String, _ port: UInt16) throws -> StartingNode {
                try StartingNode(
                    cluster.scratch.url.appending(path: directory),
                    ["--node-id", "n3", "--peer", "127.0.0.1:\(port)", "--join", join])
            }

            let impostor = try twin("impostor", ports[0])
            defer { impostor.kill() }
            let words = "a node is not let in: a member of that name lives"
            // Whichever of them leads the system group says it.
            try await until {
                nodes.contains {
                    $0.log.text.contains(words) && $0.log.text.contains(#""node.peer":"127.0.0.1:\#(ports[0])""#)
                }
            }
            #expect(try await nodes[0].members() == members)
            impostor.kill()

            try FileManager.default.copyItem(
                at: cluster.places[2].directory, to: cluster.scratch.url.appending(path: "copy"))
            let copy = try twin("copy", ports[1])
            defer { copy.kill() }
            let last = await nodes[2].log.line(with: "another process runs with a copy of this node's data directory")
            #expect(last != nil)
            #expect(nodes[2].waitUntilEnd() == 73)
            #expect(try await nodes[0].send(.get, "/resources").status == 200)
        }
    }

    @Test("A data directory without its CLUSTER file, or with another cluster's, does not start and is left as it is")
    func foreignRecord() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let own = scratch.url.appending(path: "own")
        let other = scratch.url.appending(path: "other")
        for directory in [own, other] {
            let node = try await NodeProcess.serving(directory)
            node.kill()
            await node.close()
        }
        let file = own.appending(path: "CLUSTER")
        let record = try Data(contentsOf: file)
        for (foreign, reason) in [
            (nil, "CLUSTER is missing"), (try Data(contentsOf: other.appending(path: "CLUSTER")), "another node or cluster"),
            (Data(record.reversed()), "the file is damaged"),
        ] {
            try FileManager.default.removeItem(at: file)
            try foreign?.write(to: file)
            guard case .ended(74, let message) = try await NodeProcess.start(own) else {
                Issue.record("it does not end with 74 where \(reason)")
                return
            }
            #expect(message.contains(reason))
            try record.write(to: file)
        }
        let node = try await NodeProcess.serving(own)
        node.kill()
        await node.close()
    }

    @Test("A node that finds nobody to join says so, and can be asked to stop")
    func nobody() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let ports = try FreePorts.take(2)
        let node = try StartingNode(
            scratch.url, ["--peer", "127.0.0.1:\(ports[0])", "--join", "127.0.0.1:\(ports[1])"])
        defer { node.kill() }
        #expect(await node.log.line(with: "no node of a cluster answers at the addresses of --join") != nil)
        #expect(node.terminate() == 0)
    }
}
