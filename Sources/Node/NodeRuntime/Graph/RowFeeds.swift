import Consensus
import Model
import NIOCore
import Shard

/// All rows of the cluster, and from then on what changes in them, for one reader of this node: of shards that have a replica here
/// from their event loop, which lends a snapshot, of others from a node that has one (`GraphRowsQuery`).
///
/// A reader goes round after round. A round that threw has lost what it had taken: then the reader closes the feeds and begins anew.
struct RowFeeds: Sendable {
    typealias Row = (id: ResourceID, record: ResourceRecord?)

    enum Step {
        /// A shard's rows follow, all of them; how many, 0 where that is not known.
        case shardBegins(rows: Int)
        /// Some rows, without a record: gone.
        case rows([Row])
        /// All rows of the shard were given.
        case shardEnds
    }

    /// What changed since is not known any more.
    struct Behind: Error {}

    /// Rows that are handed over at a time.
    private static let batchRows = 256

    private enum Source {
        case here
        case distant(DistantRows.Feed)
    }

    /// What is being read of the shard that is in turn.
    private enum Part {
        case all(SlotTable, after: ResourceID?)
        case changed(SlotTable, ArraySlice<ResourceID>)
        case distant(DistantRows.Feed, isWhole: Bool)
    }

    let leaders: LeaderSearch
    private let distant: DistantRows?
    private let number: Int
    /// Where the rows of shards came from that were read, by position.
    private var sources: [Int: Source] = [:]
    private var position = 0
    private var part: Part?
    private var isConfirmed = false
    /// What is new in shards that have a replica here, by position, as of the round's beginning.
    private var here: [Int: GraphChanges] = [:]
    /// How many other nodes the round asked for what changed; each once, where little did.
    private(set) var nodesAsked = 0

    private var shards: ShardDirectory { leaders.shards }

    /// - Parameter number: of this reader among those of this node.
    init(_ leaders: LeaderSearch, _ distant: DistantRows?, number: Int) {
        self.leaders = leaders
        self.distant = distant
        self.number = number
    }

    /// The shards forget the reader: its next round has all rows again.
    mutating func close() {
        sources = [:]
        part = nil
        let number = number
        for host in shards.held { host.eventLoop.execute { host.graphFeed.close(.here(number)) } }
    }

    private enum News {
        case here(Int, GraphChanges)
        case distant([Int: DistantRows.Feed])
    }

    /// Begins a round: with everything that was acknowledged before, or with what each shard has applied. All shards and nodes are
    /// asked side by side, each node once for all its shards.
    ///
    /// Throws as `next` does.
    mutating func beginRound(isConfirmed: Bool) async throws {
        self.isConfirmed = isConfirmed
        position = 0
        part = nil
        here = [:]
        var distant: [ReplicaID: [Int: DistantRows.Feed]] = [:]
        for (position, source) in sources {
            if case .distant(let feed) = source { distant[feed.source, default: [:]][position] = feed }
        }
        nodesAsked = distant.count
        let (feeds, held) = (self, shards.held.filter { host in !distant.values.contains { $0[host.number - 1] != nil } })
        try await withThrowingTaskGroup(of: News.self) { tasks in
            for host in held { tasks.addTask { .here(host.number - 1, try await feeds.changes(of: host)) } }
            for group in distant.values {
                tasks.addTask {
                    // That node is gone, or what changed is not known there any more: another one is asked for everything.
                    do throws(NodeError) { return .distant(try await DistantRows.takeChanges(group, isConfirmed)) } catch {
                        throw Behind()
                    }
                }
            }
            for try await news in tasks {
                switch news {
                case .here(let position, let changes): here[position] = changes
                case .distant(let feeds): for (position, feed) in feeds { sources[position] = .distant(feed) }
                }
            }
        }
    }

    /// Nil: the round has ended. Throws `Behind` where the reader has to begin anew, `NodeError` where a shard's rows cannot be had.
    mutating func next() async throws -> Step? {
        while position < shards.count {
            guard let current = part else {
                if let rows = try await open() { return .shardBegins(rows: rows) }
                continue
            }
            switch current {
            case .all(let table, let last):
                let batch = table.rows(after: last, limit: Self.batchRows)
                guard let end = batch.last else { return endShard(.here) }
                part = .all(table, after: end.id)
                return .rows(try batch.map { ($0.id, try RecordCodec.decode($0.bytes, id: $0.id)) })
            case .changed(let table, let ids):
                guard !ids.isEmpty else {
                    _ = endShard(.here)
                    continue
                }
                part = .changed(table, ids.dropFirst(Self.batchRows))
                return .rows(
                    try ids.prefix(Self.batchRows).map { id in (id, try table[id].map { try RecordCodec.decode($0, id: id) })
                    })
            case .distant(var feed, let isWhole):
                if let page = try await Self.page(&feed, isWhole: isWhole) {
                    part = .distant(feed, isWhole: isWhole)
                    return .rows(page)
                }
                let ended = endShard(.distant(feed))
                if isWhole { return ended }
            }
        }
        return nil
    }

    private mutating func endShard(_ source: Source) -> Step {
        sources[position] = source
        part = nil
        position += 1
        return .shardEnds
    }

    private static func page(_ feed: inout DistantRows.Feed, isWhole: Bool) async throws -> [Row]? {
        do throws(NodeError) { return try await feed.next() } catch {
            // That node is gone, or what changed is not known there any more: another one is asked for everything.
            if isWhole { throw error } else { throw Behind() }
        }
    }

    /// Returns how many rows follow where all of them do.
    private mutating func open() async throws -> Int? {
        switch (sources[position], here.removeValue(forKey: position)) {
        case (nil, let news?):
            part = .all(news.rows, after: nil)
            return news.rows.count
        case (nil, nil):
            guard let distant else { throw NodeError.unavailable }
            // It came here since the round began.
            guard shards[position] == nil else { throw Behind() }
            let (position, isConfirmed) = (position, isConfirmed)
            let feed = try await leaders.retrying(group: position + 1, isRepeatable: true) {
                () async throws(NodeError) -> DistantRows.Feed in
                try await distant.open(shard: position, isConfirmed)
            }
            part = .distant(feed, isWhole: true)
            return 0
        case (.here?, let news?):
            // What is not there any more and was before can only be told by starting anew.
            guard let changed = news.changed else { throw Behind() }
            part = .changed(news.rows, changed[...])
        case (.here?, nil): throw Behind()
        case (.distant(let feed)?, _): part = .distant(feed, isWhole: false)
        }
        return nil
    }

    private func changes(of host: ShardHost) async throws -> GraphChanges {
        let (number, isConfirmed) = (number, isConfirmed)
        // Where that is refused, nothing was taken.
        return try await leaders.retrying(group: host.number, isRepeatable: true) {
            () async throws(NodeError) -> GraphChanges in
            try await host.eventLoop.result { completion in host.graphChanges(for: number, isConfirmed, completion) }
        }
    }
}
