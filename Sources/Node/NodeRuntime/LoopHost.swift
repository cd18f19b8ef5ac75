import LogStorage
import Model
package import NIOCore
package import Shard
import WriteAheadLog

/// What one event loop owns of a node: some of the shards, its way into the log, and its copy of the catalogue.
package final class LoopHost: @unchecked Sendable {
    package let eventLoop: any EventLoop
    let now: @Sendable () -> Timestamp
    private(set) var shards: [Int: ShardHost] = [:]
    private(set) var system: SystemHost?
    /// Judges under the newest catalogue that this loop has heard of.
    private(set) var judge: CatalogJudge

    init(eventLoop: any EventLoop, catalog: Catalog, now: @escaping @Sendable () -> Timestamp) {
        self.eventLoop = eventLoop
        self.now = now
        judge = CatalogJudge(catalog)
    }

    /// The catalogue in force on this loop.
    package var catalog: Catalog { judge.catalog }

    func connect(to storage: LogStorage) -> LogProducer {
        storage.producer(on: eventLoop) { [self] notices in
            for notice in notices { durable(notice) }
        }
    }

    func adopt(_ shard: ShardHost) { shards[shard.number] = shard }
    func adopt(_ system: SystemHost) { self.system = system }

    /// A new catalogue, from the system shard.
    func use(_ catalog: Catalog) {
        eventLoop.preconditionInEventLoop()
        guard catalog.version > judge.version else { return }
        judge = CatalogJudge(catalog)
        for shard in shards.values { shard.catalogChanged() }
    }

    /// The log is closed, and all its notices have come. Lets go of what knows this loop, so that nothing outlives its node.
    func logClosed() {
        eventLoop.preconditionInEventLoop()
        for shard in shards.values { shard.logClosed() }
        system?.logClosed()
        shards = [:]
        system = nil
    }

    private func durable(_ notice: DurableNotice) {
        if notice.group == GroupID(SystemShard.group) {
            system?.durable(upTo: notice.ticket)
        } else {
            shards[Int(notice.group)]?.durable(upTo: notice.ticket)
        }
    }
}
