import Checkpoint
import Consensus
import NIOCore
import Shard

/// Asks for the histories of many groups, each of one node that has it: of this one where it can, else of as few others as
/// that takes; and of the next one where a node cannot answer.
struct AuditGathering {
    private let node: Node

    init(_ node: Node) { self.node = node }

    /// A group that is not answered for yet.
    private struct Open {
        let query: Int
        let group: Int
        /// Whom to ask, best first.
        var sources: ArraySlice<ReplicaID>
        /// Of one that was asked already; nil where it may pass.
        var failure: (any Error)?
    }

    /// One node's part of one query.
    private struct Request: Hashable {
        let node: ReplicaID
        let query: Int
    }

    /// Answers that together are for all groups of all queries. Throws `NodeError.missingShards` for groups that nobody answers
    /// for in a request's time, and what nodes say that will not pass.
    func answers(to queries: [AuditQuery]) async throws -> [AuditAnswer] {
        let deadline = NIODeadline.now() + LeaderSearch.requestTime
        var pause = Self.pause
        var found: [AuditAnswer] = []
        var open = queries.enumerated().flatMap { position, query in
            query.groups.map { Open(query: position, group: $0, sources: []) }
        }
        while true {
            let alive = node.aliveReplicas
            for position in open.indices { open[position].sources = sources(of: open[position].group, alive)[...] }
            await askAll(&open, queries, &found)
            if open.isEmpty { return found }
            if let failure = open.lazy.compactMap(\.failure).first { throw failure }
            guard NIODeadline.now() + pause < deadline, !node.isCutOff, !Task.isCancelled else {
                throw NodeError.missingShards(Set(open.map(\.group)).sorted())
            }
            try? await Task.sleep(nanoseconds: UInt64(pause.nanoseconds))
            pause = min(pause * 2, Self.pauseMax)
        }
    }

    /// Until each group is answered for, or all of its sources were asked; leaves the latter in `open`.
    private func askAll(_ open: inout [Open], _ queries: [AuditQuery], _ found: inout [AuditAnswer]) async {
        var asking = open
        open = []
        while !asking.isEmpty {
            var requests: [Request: [Open]] = [:]
            for var one in asking {
                if let next = one.sources.popFirst() {
                    requests[Request(node: next, query: one.query), default: []].append(one)
                } else {
                    open.append(one)
                }
            }
            asking = []
            for (asked, result) in await send(requests, queries) {
                switch result {
                case .success(let answer):
                    if answer.part != nil { found.append(answer) }
                    let answered = Set(answer.groups)
                    asking += asked.filter { !answered.contains($0.group) }
                case .failure(let error):
                    asking += asked.map { one in
                        var next = one
                        if !Self.mayPass(error) { next.failure = error }
                        return next
                    }
                }
            }
        }
    }

    private static let pause = TimeAmount.milliseconds(10)
    private static let pauseMax = TimeAmount.milliseconds(250)
    /// Longest time for one part; as long as the search of a full page takes on a slow disk.
    private static let partTime = TimeAmount.seconds(5)

    private static let partTimeCutOff = TimeAmount.seconds(1)

    /// This node first, then those that are alive as far as is known, the preferred leader before the others.
    private func sources(of group: Int, _ alive: Set<ReplicaID>) -> [ReplicaID] {
        let here = node.identity.replicaID
        guard group != SystemShard.group else { return [here] }
        let others = (node.peers?.replicas(of: group - 1) ?? []).filter { $0 != here }
        let own = node.shards[group - 1] == nil ? [] : [here]
        return own + others.filter { alive.contains($0) } + others.filter { !alive.contains($0) }
    }

    private func send(
        _ requests: [Request: [Open]], _ queries: [AuditQuery]
    ) async -> [([Open], Result<AuditAnswer, any Error>)] {
        let time = node.isCutOff ? Self.partTimeCutOff : Self.partTime
        return await withTaskGroup(of: ([Open], Result<AuditAnswer, any Error>).self) { tasks in
            for (request, asked) in requests {
                let query = queries[request.query].about(asked.map(\.group))
                tasks.addTask { [node] in
                    do {
                        let isHere = request.node == node.identity.replicaID
                        let answer =
                            if let peers = node.peers, !isHere {
                                try await peers.audit(query, of: request.node, within: time)
                            } else {
                                try await node.auditHere(query)
                            }
                        guard Set(answer.groups).isSubset(of: query.groups) else { throw NodeError.foreignAnswer }
                        return (asked, .success(answer))
                    } catch {
                        return (asked, .failure(error))
                    }
                }
            }
            return await tasks.reduce(into: []) { $0.append($1) }
        }
    }

    /// Whether another try, or another node, may do.
    private static func mayPass(_ error: any Error) -> Bool {
        (error as? NodeError)?.mayTryAgain(isRepeatable: true) ?? false
    }
}

extension AuditQuery {
    fileprivate func about(_ groups: [Int]) -> AuditQuery {
        AuditQuery(groups: groups, filter: filter, before: before, wanted: wanted, isStale: isStale)
    }
}
