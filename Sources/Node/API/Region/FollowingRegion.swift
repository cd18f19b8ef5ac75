import HTTPTransport
import NIOCore
import NodeRuntime

/// A region that follows another one, as the API of its nodes sees it.
struct FollowingRegion: Sendable {
    let board: RegionBoard
    let primary: PrimaryRegion

    /// More shards are not told of in one answer.
    private static let shardsToldMax = 64

    /// What goes with a read of that shard: how far it is, and how old that may be. Nil while it is loaded.
    @inline(__always)
    func fields(of position: Int) -> (index: String, staleness: String)? {
        guard let shard = board.shard(position + 1) else { return nil }
        return ("\(position + 1):\(shard.asOfIndex)", String(shard.stalenessMilliseconds))
    }

    /// What goes with a read of several shards.
    func fields() -> [(name: String, value: String)] {
        let asOf = board.asOf
        var fields = [(FollowingRegion.staleness, String(asOf.stalenessMilliseconds))]
        if asOf.revision.indexes.count <= Self.shardsToldMax { fields.append((FollowingRegion.index, asOf.revision.text)) }
        return fields
    }

    static let staleness = "staleness-ms"
    static let index = "as-of-index"
}

extension API {
    /// Answers in a region that follows another one: what its nodes have they tell, with how old that may be; all else is passed on.
    func answer(_ call: Call, in region: FollowingRegion, after revision: Revision?) async throws -> HTTPResponse {
        switch call.route.place {
        case .node: return try await call.route.handler(call)
        case .primary: return try await passOn(call, to: region, nil)
        case .region:
            // Only there is it known what was acknowledged last.
            if call.consistency == .linearizable, call.request.head.headers.contains("read-consistency") {
                return try await passOn(call, to: region, nil)
            }
        }
        guard region.board.isLoaded else { throw Problem.loading(region.board.progress) }
        if let revision { try await wait(for: revision, call) }
        // What is read is at least as new.
        let fields = region.fields()
        do {
            var response = try await call.route.handler(call)
            for field in fields { response.head.headers.append(field.name, field.value) }
            return response
        } catch NodeError.inPrimaryRegion where call.route.body == .none {
            return try await passOn(call, to: region, nil)
        } catch let error as AnsweredByPrimary {
            return try await passOn(call, to: region, error.body)
        }
    }

    /// - Parameter body: what was read of the request already; nil: nothing.
    private func passOn(_ call: Call, to region: FollowingRegion, _ body: ByteBuffer?) async throws -> HTTPResponse {
        try await region.primary.answer(call.request, call.route.body, taken: body, requestID: call.requestID)
    }
}

/// A handler saw by the request's body that only the region that is followed can answer it.
struct AnsweredByPrimary: Error {
    /// The whole body.
    let body: ByteBuffer
}

extension Problem {
    static func loading(_ progress: (loaded: Int, of: Int)) -> Problem {
        .unavailable(
            "The node loads what its region has: \(progress.loaded) of \(progress.of) shards are there. Ask another node, or in a moment.",
            retryAfter: 2)
    }
}
