import NIOConcurrencyHelpers

/// The replicas of data shards that this node has, by position; position 0 is group 1. Any thread.
package final class ShardDirectory: Sendable {
    private let hosts: NIOLockedValueBox<[ShardHost?]>
    package let count: Int

    init(count: Int) {
        self.count = count
        hosts = NIOLockedValueBox(Array(repeating: nil, count: count))
    }

    /// Nil where the shard has no replica here.
    package subscript(_ position: Int) -> ShardHost? { hosts.withLockedValue { $0[position] } }

    /// Those that are here, by position.
    package var held: [ShardHost] { hosts.withLockedValue { $0.compactMap(\.self) } }

    func set(_ host: ShardHost?, at position: Int) { hosts.withLockedValue { $0[position] = host } }
}
