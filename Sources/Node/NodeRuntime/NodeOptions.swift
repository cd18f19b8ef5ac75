package import Membership
import Model
package import PeerTransport
package import PostgresClient

/// Settings of a node.
package struct NodeOptions: Sendable {
    /// Directory of all durable state.
    package var dataDirectory: String
    /// Shards of a new cluster; an existing one keeps its number. 1 to 1024.
    package var shards: Int
    /// Stable name; nil keeps the one in the data directory, or makes one up.
    package var nodeID: String?
    package var region: String
    package var zone: String
    /// Size of a log segment in bytes.
    package var logSegmentBytes: Int
    /// Longest time that a change waits for the checkpoint while nothing fails, in milliseconds; see `CheckpointPace`.
    package var checkpointIntervalMilliseconds: Int64
    /// Changes (rows and audit entries) of one shard that may wait for the checkpoint; over it writes wait.
    package var checkpointBacklogMax: Int
    /// Writes of one shard that may wait for the checkpoint's backlog; over it they are refused as overloaded.
    package var waitingWritesMax: Int

    /// Time between two looks at the compliance score for its history, in milliseconds.
    package var scoreIntervalMilliseconds: Int64 = 900_000
    /// Time between two looks at the audit history's retention, in milliseconds.
    package var retentionIntervalMilliseconds: Int64 = 10_000
    /// Entries of the audit history that one part of a clean-up looks at; `AuditRemoval.entriesMax` at most.
    package var cleanedEntriesMax = AuditRemoval.entriesMax
    /// How many requests may read all rows at a time.
    package var walks = WalkGate.Limits()
    /// How many may query the graph at a time: more than cores, as small queries are to overtake large ones.
    package var graphQueries = WalkGate.Limits(atOnce: 8, waitingMax: 64)
    /// What queries of the graph find around them.
    package var queries = QueryEnvironment()
    /// Copies of each shard, at cluster creation only. 1 to 7.
    package var replicationFactor = 3
    /// Where results are replicated to; nil: nowhere.
    package var postgres: PostgresSettings?
    /// The database that a new cluster is to be made from; nil: it begins empty.
    package var restore: PostgresSettings?
    /// The cluster that this one is to take over from in that database; nil: whichever is there.
    var restoreFrom: UUID128?
    /// The database of this node's region, which it is to follow another one by; nil: it is of a cluster.
    package var follows: PostgresSettings?
    /// Where clients reach this node, as others are told.
    package var apiAddress: PeerAddress?
    /// How it takes part in a cluster; nil: alone.
    package var peer: Peer?

    /// How a node takes part in a cluster.
    package struct Peer: Sendable {
        /// Where other nodes reach this one.
        package var advertised: PeerAddress
        /// Nil: in clear text, on loopback alone.
        package var tls: PeerTLS.Files?
        /// Nodes that may be in the cluster already; this one among them does no harm.
        package var joins: [PeerAddress]
        /// Found a new cluster once so many nodes have met.
        package var bootstrapExpect: Int?
        /// Holds no shard: serves and forwards only.
        package var isEdge: Bool
        package var metrics: PeerMetrics

        package init(
            advertised: PeerAddress, tls: PeerTLS.Files? = nil, joins: [PeerAddress] = [], bootstrapExpect: Int? = nil,
            isEdge: Bool = false, metrics: PeerMetrics = PeerMetrics()
        ) {
            self.advertised = advertised
            self.tls = tls
            self.joins = joins
            self.bootstrapExpect = bootstrapExpect
            self.isEdge = isEdge
            self.metrics = metrics
        }
    }

    package init(
        dataDirectory: String, shards: Int = 16, nodeID: String? = nil, region: String = "local", zone: String = "local",
        logSegmentBytes: Int = 64 << 20, checkpointIntervalMilliseconds: Int64 = 15_000, checkpointBacklogMax: Int = 100_000,
        waitingWritesMax: Int = 10_000
    ) {
        self.dataDirectory = dataDirectory
        self.shards = shards
        self.nodeID = nodeID
        self.region = region
        self.zone = zone
        self.logSegmentBytes = logSegmentBytes
        self.checkpointIntervalMilliseconds = checkpointIntervalMilliseconds
        self.checkpointBacklogMax = checkpointBacklogMax
        self.waitingWritesMax = waitingWritesMax
    }

    package static let shardsMax = 1024
}
