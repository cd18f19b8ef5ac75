/// All that a shard keeps of one resource: the row that log, memory and checkpoint share.
package struct ResourceRecord: Hashable, Sendable {
    package var resource: Resource
    /// Sorted by key.
    package var tags: [VirtualTag]
    /// One per policy whose scope the resource is in, sorted by policy id.
    package var compliance: [ComplianceResult]
    /// The version of the catalogue (rules, schema, policies) that tags and compliance were judged under.
    package var judgedUnder: UInt64
    /// The index of the log entry that last changed this row.
    package var changedIndex: UInt64

    package init(
        resource: Resource, tags: [VirtualTag] = [], compliance: [ComplianceResult] = [], judgedUnder: UInt64 = 0,
        changedIndex: UInt64 = 0
    ) {
        self.resource = resource
        self.tags = tags
        self.compliance = compliance
        self.judgedUnder = judgedUnder
        self.changedIndex = changedIndex
    }

    /// The effective tag of that key.
    package func tag(_ key: String) -> VirtualTag? { tags.first { $0.key == key } }

    package var isCompliant: Bool { compliance.allSatisfy(\.isAccepted) }
}
