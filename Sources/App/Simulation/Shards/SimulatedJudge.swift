import Model
import Shard

/// Judges as a catalogue of one rule would: it marks each resource with its name and the version of the rule.
final class SimulatedJudge: Judge {
    let version: UInt64

    init(version: UInt64) { self.version = version }

    /// Sorts before and between what clients set.
    private static let key = "Mark"

    func judge(
        _ resource: Resource, claims: [VirtualTag], previous: ResourceRecord?, at now: Timestamp
    ) -> (tags: [VirtualTag], compliance: [ComplianceResult]) {
        let value = "\(resource.name) under \(version)"
        let old = previous?.tag(Self.key)?.winner
        let made = old.flatMap { $0.value == value ? $0.createdAt : nil } ?? now
        let mark = TagAssertion(value: value, source: .rule, createdBy: "rule:mark", createdAt: made, updatedAt: made)
        let position = claims.firstIndex { $0.key > Self.key } ?? claims.endIndex
        var tags = claims
        tags.insert(VirtualTag(key: Self.key, winner: mark), at: position)
        return (tags, [])
    }
}
