import Consensus
import Model

/// Rows of shards that have no replica on this node, from nodes that have one.
struct DistantRows: Sendable {
    let peers: Peers
    let here: ReplicaID

    /// One shard's rows, and then what changes in them, from the node that was asked first. Once it has thrown, it is of no more use:
    /// an answer that was lost may have held changes.
    struct Feed: Sendable {
        fileprivate let peers: Peers
        let source: ReplicaID
        private let shard: Int
        private let number: UInt64
        /// What is asked next; nil: there is no more for now.
        private var part: GraphRowsQuery.Part?
        private var isConfirmed = false
        /// A page that has come and was not given yet.
        private var ready: [RowFeeds.Row]?

        fileprivate init(_ peers: Peers, _ source: ReplicaID, shard: Int, _ isConfirmed: Bool) async throws(NodeError) {
            self.peers = peers
            self.source = source
            self.shard = shard
            number = UInt64.random(in: .min ... .max)
            part = .first
            self.isConfirmed = isConfirmed
            ready = try await next()
        }

        /// From now on `next` gives what changed since it last did.
        ///
        /// Returns what to ask for that; the answer goes to `take`.
        mutating func beginChanges(_ isConfirmed: Bool) -> GraphRowsQuery {
            part = .changed
            self.isConfirmed = isConfirmed
            return GraphRowsQuery(shard: shard, feed: number, .changed, isConfirmed: isConfirmed)
        }

        mutating func take(_ answer: Result<GraphRowsAnswer, NodeError>) throws(NodeError) { ready = try page(of: answer) }

        /// The next rows; without a record: gone. Nil where there are no more. Throws also where the node has forgotten the feed.
        mutating func next() async throws(NodeError) -> [RowFeeds.Row]? {
            if let ready {
                self.ready = nil
                return ready
            }
            guard let part else { return nil }
            let query = GraphRowsQuery(shard: shard, feed: number, part, isConfirmed: isConfirmed)
            let answers = try await peers.graphRows([query], of: source)
            return try page(of: answers.first ?? .failure(.notLeader(nil)))
        }

        private mutating func page(of answer: Result<GraphRowsAnswer, NodeError>) throws(NodeError) -> [RowFeeds.Row] {
            guard case .rows(let rows, let isLast) = try answer.get() else { throw .notLeader(nil) }
            guard isLast || !rows.isEmpty else { throw .damaged("a page without rows that is not the last one") }
            // What was acknowledged before the first question is in the answers to those that follow it.
            isConfirmed = false
            if isLast { part = nil } else if part != .changed, let last = rows.last { part = .after(last.id) }
            do throws(CodecError) {
                return try rows.map { row throws(CodecError) in
                    (row.id, try row.bytes.map { bytes throws(CodecError) in try RecordCodec.decode(bytes, id: row.id) })
                }
            } catch {
                throw .damaged(error.message)
            }
        }
    }

    /// Asks one node for what changed in all the shards that come from it: one request.
    static func takeChanges(_ feeds: [Int: Feed], _ isConfirmed: Bool) async throws(NodeError) -> [Int: Feed] {
        var feeds = feeds
        let positions = feeds.keys.sorted()
        guard let first = positions.first.flatMap({ feeds[$0] }) else { return feeds }
        var queries: [GraphRowsQuery] = []
        for position in positions { if let query = feeds[position]?.beginChanges(isConfirmed) { queries.append(query) } }
        let answers = try await first.peers.graphRows(queries, of: first.source)
        for (position, answer) in zip(positions, answers) { try feeds[position]?.take(answer) }
        return feeds
    }

    /// Opens a feed at the first node that answers, the shard's leader before the others. Throws `notLeader` where none does now.
    func open(shard: Int, _ isConfirmed: Bool) async throws(NodeError) -> Feed {
        for replica in peers.replicas(of: shard) where replica != here {
            do throws(NodeError) {
                return try await Feed(peers, replica, shard: shard, isConfirmed)
            } catch .damaged(let detail) {
                throw .damaged(detail)
            } catch {
                continue
            }
        }
        throw .notLeader(nil)
    }
}
