package import Model

/// Another cluster took this one's place: it goes on from the results in PostgreSQL as far as they had come, and this one takes no
/// more changes. What it had acknowledged beyond that is nowhere else.
package struct Succession: Hashable, Sendable {
    /// How far the results of one group had come when they were taken over.
    package struct Position: Hashable, Sendable {
        /// Number in the log: 0 is the system shard.
        package let group: Int
        package let appliedIndex: UInt64
        package let auditSequence: UInt64

        package init(group: Int, appliedIndex: UInt64, auditSequence: UInt64) {
            self.group = group
            self.appliedIndex = appliedIndex
            self.auditSequence = auditSequence
        }
    }

    /// The cluster that is in charge now.
    package let successor: UUID128
    /// When it took over.
    package let at: Timestamp
    /// Ascending by group; of a group that is not named nothing had come.
    package let positions: [Position]

    package init(successor: UUID128, at: Timestamp, positions: [Position]) {
        self.successor = successor
        self.at = at
        self.positions = positions.sorted { $0.group < $1.group }
    }

    /// The last audit entry of the group that the successor has.
    package func auditSequence(of group: Int) -> UInt64 {
        positions.first { $0.group == group }?.auditSequence ?? 0
    }

    /// What is wrong with it, in words; nil: nothing.
    package var fault: String? {
        let groups = positions.map(\.group)
        guard groups.allSatisfy({ 0...ClusterSettings.shardsMax ~= $0 }) else {
            return "a position names a shard that cannot be"
        }
        guard Set(groups).count == groups.count else { return "two positions name the same shard" }
        return nil
    }

    /// For the audit history.
    package var summary: String { "superseded by \(successor)" }
}
