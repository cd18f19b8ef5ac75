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
    /// Time between two checkpoints of a shard that has changes, in milliseconds.
    package var checkpointIntervalMilliseconds: Int64
    /// Changes (rows and audit entries) of one shard that may wait for the checkpoint; over it writes wait.
    package var checkpointBacklogMax: Int
    /// Writes of one shard that may wait for the checkpoint's backlog; over it they are refused as overloaded.
    package var waitingWritesMax: Int

    package init(
        dataDirectory: String, shards: Int = 16, nodeID: String? = nil, region: String = "local", zone: String = "local",
        logSegmentBytes: Int = 64 << 20, checkpointIntervalMilliseconds: Int64 = 500, checkpointBacklogMax: Int = 100_000,
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
