import Foundation
import HTTPTransport
import JSON

/// Nodes of one cluster, each a process with a data directory of its own, speaking clear text on loopback.
final class ClusterProcesses: Sendable {
    /// What stays the same over a node's lives.
    struct Place: Sendable {
        let name: String
        let directory: URL
        let peerPort: UInt16
        let flags: [String]
    }

    let scratch: Scratch
    let places: [Place]

    /// Nothing runs yet.
    /// - Parameter flags: of all nodes, beyond those that a cluster needs.
    init(nodes: Int = 3, flags: [String] = []) throws {
        scratch = try Scratch()
        let ports = try FreePorts.take(nodes)
        let joins = ports.map { "127.0.0.1:\($0)" }.joined(separator: ",")
        places = ports.enumerated().map { [scratch] position, port in
            let name = "n\(position + 1)"
            return Place(
                name: name, directory: scratch.url.appending(path: name), peerPort: port,
                flags: [
                    "--node-id", name, "--peer", "127.0.0.1:\(port)", "--bootstrap-expect", "\(nodes)", "--join", joins,
                ] + flags)
        }
    }

    /// Starts all of them; returns when each serves. Where one ends instead, the others do not wait for it.
    func startAll() async throws -> [NodeProcess] {
        let starting = try places.map { try StartingNode($0.directory, $0.flags) }
        return try await withThrowingTaskGroup(of: (Int, NodeProcess).self) { group in
            for (position, node) in starting.enumerated() {
                group.addTask { (position, try await node.outcome().serving()) }
            }
            do {
                return try await group.reduce(into: [(Int, NodeProcess)]()) { $0.append($1) }
            } catch {
                for node in starting { node.kill() }
                throw error
            }
        }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    func start(_ position: Int) async throws -> NodeProcess {
        try await NodeProcess.serving(places[position].directory, places[position].flags)
    }

    /// Runs `body` with a cluster that serves, and ends whatever still runs then.
    static func with(_ body: (ClusterProcesses, [NodeProcess]) async throws -> Void) async throws {
        let cluster = try ClusterProcesses()
        defer { cluster.scratch.remove() }
        let nodes = try await cluster.startAll()
        do { try await body(cluster, nodes) } catch {
            await end(nodes)
            throw error
        }
        await end(nodes)
    }

    static func end(_ nodes: [NodeProcess]) async {
        for node in nodes {
            if node.isRunning { node.kill() }
            await node.close()
        }
    }

    /// What the file `CLUSTER` says.
    func record() throws -> JSONValue {
        let bytes = try Data(contentsOf: places[0].directory.appending(path: "CLUSTER"))
        return try JSONValue(parsing: Array(bytes.prefix { $0 != 0x0A }))
    }
}

/// Looks again and again until `condition` holds.
func until(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { try await Task.sleep(for: .milliseconds(10)) }
}

extension NodeProcess {
    /// Of one of the shards, as `GET /cluster` has it.
    func shard(_ number: Int) async throws -> JSONValue {
        let shards = try await send(.get, "/cluster").json["shards"]?.array ?? []
        guard let shard = shards.first(where: { $0["number"]?.int == number }) else { throw Failure("no shard \(number)") }
        return shard
    }

    /// Names and states of the members.
    func members() async throws -> [String] {
        let nodes = try await send(.get, "/cluster").json["nodes"]?.array ?? []
        return nodes.map { "\($0["name"]?.string ?? "") \($0["state"]?.string ?? "")" }.sorted()
    }

    /// A sample of `GET /metrics`; 0 where there is none.
    func metric(_ sample: String, token: String? = nil) async throws -> Double {
        let text = String(decoding: try await send(.get, "/metrics", token: token).body, as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix(sample + " ") }
        return line.flatMap { Double($0.dropFirst(sample.count + 1)) } ?? 0
    }
}

/// Ports of loopback that nobody listens on, from below those that the kernel gives away itself: a connection or a server of
/// another node must not take one before its own node does.
enum FreePorts {
    static func take(_ count: Int) throws -> [UInt16] {
        var sockets: [Int32] = []
        defer { for socket in sockets { close(socket) } }
        var ports: [UInt16] = []
        for _ in 0..<1_000 where ports.count < count {
            let port = UInt16.random(in: 15_000..<32_000)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            sockets.append(descriptor)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            let isFree = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    bind(descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            if isFree { ports.append(port) }
        }
        guard ports.count == count else { throw NodeProcess.Failure("no free port") }
        return ports
    }
}
