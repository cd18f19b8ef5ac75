package import Checkpoint
package import Model
import NIOCore
import NIOPosix
import Shard

extension Node {
    /// Most entries that one call looks at.
    package static let verifiedEntriesMax = 100_000

    /// Where a verification of the whole cluster's audit history goes on.
    package struct VerificationPlace: Hashable, Sendable {
        /// 0 is the system shard.
        package var group: Int
        /// The entry to go on with.
        package var sequence: UInt64

        package static let start = VerificationPlace(group: 0, sequence: 1)

        package init(group: Int, sequence: UInt64) {
            self.group = group
            self.sequence = sequence
        }
    }

    /// The tags that the resource had at `time`, with everything that was acknowledged before the call; nil where no such
    /// resource was ever known.
    package func tags(
        of id: ResourceID, at time: Timestamp, _ consistency: ReadConsistency = .linearizable
    ) async throws -> PastTags? {
        let query = HistoryQuery.tags(
            id, at: time, group: shard(of: id.slot) + 1, isStale: consistency == .stale)
        guard case .tags(let past) = try await history(query) else { throw NodeError.foreignAnswer }
        return past
    }

    /// Verifies the hashes of all shards' audit histories from `place` on, `limit` shards and
    /// `verifiedEntriesMax` entries at most: each in the copy that is here, or, where there is none, in another node's. Returns where to go on, nil at the end.
    ///
    /// A shard with a fault is left at it.
    package func verifyAudit(
        from place: VerificationPlace, limit: Int
    ) async throws -> (found: [AuditVerification], next: VerificationPlace?) {
        var (place, room) = (place, Self.verifiedEntriesMax)
        var all: [AuditVerification] = []
        while place.group <= shardCount {
            guard room > 0, all.count < limit else { return (all, place) }
            let query = HistoryQuery.verification(group: place.group, from: place.sequence, limit: room)
            guard case .verification(let found) = try await history(query), found.shard == place.group else {
                throw NodeError.foreignAnswer
            }
            all.append(found)
            room -= Int(clamping: found.last - min(found.last, found.first - min(found.first, 1)))
            if let next = found.next {
                guard next > place.sequence else { throw NodeError.foreignAnswer }
                place.sequence = next
            } else {
                place = VerificationPlace(group: place.group + 1, sequence: 1)
            }
        }
        return (all, nil)
    }

    /// From the copy that is here, else from the first other one that can be reached.
    private func history(_ query: HistoryQuery) async throws -> HistoryAnswer {
        let result = try await leaders.retrying(group: query.group, isRepeatable: true) {
            () async throws(NodeError) -> Result<HistoryAnswer, any Error> in
            do {
                return .success(try await historyHere(query))
            } catch let error as NodeError {
                guard case .notLeader = error, let peers else { throw error }
                return .success(try await peers.history(query, except: identity.replicaID))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// From the copy that is here. Throws `notLeader` where there is none, or one that may be behind.
    func historyHere(_ query: HistoryQuery) async throws -> HistoryAnswer {
        if query.group > 0 {
            guard query.group <= shards.count, let host = shards[query.group - 1] else { throw NodeError.notLeader(nil) }
            if case .tags(_, _, _, isStale: false) = query { try await host.eventLoop.result { host.confirmRead($0) } }
        }
        let checkpoint = try self.checkpoint
        try await flushCheckpointHere()
        return try await NIOThreadPool.singleton.runIfActive {
            switch query {
            case .tags(let id, let time, _, _): .tags(try checkpoint.tags(of: id, at: time))
            case .verification(let group, let first, let limit):
                .verification(try checkpoint.verifyAudit(shard: group, from: first, limit: limit))
            }
        }
    }
}
