package import Model

/// The resources that somebody may have to do with: those for which a condition holds. The others do not exist for them.
///
/// The condition is compiled once; whoever asks brings the memory for it. Tags are asked by the keys that the condition
/// names, whatever aliases the schema has.
package final class ResourceScope: Sendable {
    package let condition: Condition
    private let compiled: CompiledCondition

    package init(_ condition: Condition) {
        self.condition = condition
        compiled = CompiledCondition(condition)
    }

    /// Whether the resource is there and within. A resource that is not there takes the time of one that is: how long an
    /// answer takes does not tell the two apart.
    package func admits(_ record: ResourceRecord?, in context: EvaluationContext) -> Bool {
        if let record { return compiled.holds(for: record, in: context) }
        if let standIn = try? RecordCodec.decode(Self.standIn, id: Self.standInID) {
            _ = compiled.holds(for: standIn, in: context)
        }
        return false
    }

    private static let standInID = ResourceID(provider: .aws, nativeID: "i-00000000000000000")

    /// A row of an ordinary resource.
    private static let standIn: [UInt8] = {
        let epoch = Timestamp(milliseconds: 0)
        let native = ["Name", "Environment", "Team", "CostCenter", "Owner"]
        let resource = Resource(
            provider: .aws, resourceID: "i-00000000000000000", resourceType: "ec2.instance", name: "stand-in",
            accountID: "000000000000", region: "eu-west-1", nativeTags: TagList(native.map { Tag($0, "stand-in") }),
            metadata: JSONText(trusted: Array(#"{"instance_type":"m5.large","state":"running"}"#.utf8)), firstSeen: epoch,
            lastSeen: epoch)
        let tags = native.sorted().map { key in
            VirtualTag(
                key: key.lowercased(),
                winner: TagAssertion(
                    value: "stand-in", source: .inherited, createdBy: "", createdAt: epoch, updatedAt: epoch))
        }
        return RecordCodec.encode(ResourceRecord(resource: resource, tags: tags))
    }()
}

extension ResourceScope: Hashable {
    package static func == (left: ResourceScope, right: ResourceScope) -> Bool {
        left === right || left.condition == right.condition
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(condition) }
}
