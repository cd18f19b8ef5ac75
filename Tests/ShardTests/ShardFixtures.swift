import Model
import Testing

@testable import Shard

/// Tags every resource whose name is "web" with role=web, under any version above zero.
final class NameJudge: Judge {
    let version: UInt64
    init(version: UInt64 = 1) { self.version = version }

    func judge(
        _ resource: Resource, claims: [VirtualTag], previous: ResourceRecord?, at now: Timestamp
    ) -> (tags: [VirtualTag], compliance: [ComplianceResult]) {
        guard resource.name == "web" else { return (claims, []) }
        if let held = claims.first(where: { $0.key == "role" && $0.winner.source == .manual }) {
            return ([held] + claims.filter { $0.key != "role" }, [])
        }
        let made = previous?.tag("role")?.winner.createdAt ?? now
        let assertion = TagAssertion(
            value: "web-\(version)", source: .rule, createdBy: "rule:names", createdAt: made, updatedAt: made)
        let tag = VirtualTag(key: "role", winner: assertion)
        return ((claims.filter { $0.key != "role" } + [tag]).sorted { $0.key < $1.key }, [])
    }
}

let now = Timestamp(milliseconds: 1_770_000_000_000)
let ann = WriteContext(actor: "ann", requestID: "r1")

func observation(_ name: String, id: String = "i-1") -> Observation {
    Observation(provider: .aws, resourceID: id, resourceType: "ec2.instance", name: name)
}

func newShard() -> Shard { Shard(number: 1, state: ShardState(slots: 0..<Slot.count)) }

extension Shard {
    /// Proposes and hands to the log; nil when nothing was to be written.
    @discardableResult
    mutating func take(
        _ command: ShardCommand, by context: WriteContext = ann, judge: NameJudge = NameJudge()
    ) throws -> ShardReply {
        switch try propose(command, by: context, at: now, judge: judge) {
        case .answer(let reply, _): return reply
        case .append(let proposal):
            appended(proposal, term: 1)
            return proposal.reply
        }
    }

    /// The group has committed what was proposed up to `index`.
    mutating func commit(upTo index: UInt64) throws {
        for index in state.appliedIndex + 1...index { _ = try apply([], at: index, term: 1) }
    }
}
