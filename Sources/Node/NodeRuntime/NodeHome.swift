import Founding
import LogStorage
import Membership
import Model
import Shard
import WriteAheadLog

/// A data directory that this process holds: who the node is, and which cluster it belongs to.
struct NodeHome: Sendable {
    let directory: String
    let identity: NodeIdentity
    let lock: DirectoryLock
    /// Nil in a node that has not found its cluster yet.
    let record: ClusterFounding?
    let pledge: FoundingPledge
    /// How often this directory was started.
    let generation: UInt64

    /// Blocks.
    init(_ options: NodeOptions) throws {
        directory = options.dataDirectory
        try DataFile.makeDirectory(directory)
        do throws(LogError) {
            lock = try DirectoryLock(directory: directory)
        } catch {
            throw NodeStartError(error)
        }
        identity = try NodeIdentity.establish(in: directory, options)
        record = try FoundingFiles.record(in: directory)
        try Self.checkBelongings(record, directory)
        pledge = try FoundingFiles.pledge(in: directory)
        generation = try GenerationFile.raise(in: directory)
    }

    /// Log and checkpoint come after the cluster. Without it nobody knows which one they are of, and another must not have
    /// them.
    private static func checkBelongings(_ record: ClusterFounding?, _ directory: String) throws(NodeStartError) {
        guard record == nil else { return }
        for other in ["log", "checkpoint.sqlite"] where try DataFile.exists("\(directory)/\(other)") {
            throw NodeStartError(
                .damaged,
                "\(directory)/\(FoundingFiles.recordName) is missing, but \(directory)/\(other) is there. Restore it from a back-up, or start with an empty data directory."
            )
        }
    }

    /// What the log bears: it is of this data directory, and of no other cluster than this one.
    func logID(in cluster: ClusterID) -> LogNodeID {
        LogNodeID(high: identity.uuid.high ^ cluster.high, low: identity.uuid.low ^ cluster.low)
    }

    /// A cluster of this node alone. Blocks.
    func foundAlone(_ options: NodeOptions) throws -> ClusterFounding {
        if let record { return record }
        var generator = SystemRandomNumberGenerator()
        let founding = ClusterFounding(
            cluster: ClusterID(high: generator.next(), low: generator.next()), founders: [options.info(identity)],
            shards: options.shards, replicationFactor: 1, isRestored: options.restore != nil)
        try FoundingFiles.write(founding, in: directory)
        return founding
    }
}

extension NodeOptions {
    /// What this node says of itself.
    func info(_ identity: NodeIdentity) -> FounderInfo {
        FounderInfo(
            replica: identity.replica, name: identity.nodeID, peer: peer?.advertised ?? Self.nowhere,
            client: apiAddress ?? Self.nowhere, region: region, zone: zone)
    }

    private static let nowhere = PeerAddress(host: "localhost", port: 0)
}
