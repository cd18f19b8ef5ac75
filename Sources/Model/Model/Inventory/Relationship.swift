/// What one resource is to another, read from the source: "the volume is *attached to* the instance".
///
/// Raw values are the stable numbers in stored records: never reuse one, add at the end.
package enum RelationshipType: UInt8, CaseIterable, Hashable, Sendable {
    case attachedTo = 0
    case inSubnet = 1
    case inNetwork = 2
    case memberOf = 3
    case inAccount = 4
    case inProject = 5
    case inSubscription = 6
    case inResourceGroup = 7
    case inOrganization = 8
    case inFolder = 9
    case createdFrom = 10
    case targetOf = 11
    case runsAs = 12
    case runsOn = 13
    case inCluster = 14
    case partOf = 15
    case uses = 16
    case encryptedWith = 17
    case subscribesTo = 18
    case deliversTo = 19
    case replicaOf = 20
    case backupOf = 21
    case managedBy = 22
    case routesTo = 23
    case protectedBy = 24
    case logsTo = 25
    case dependsOn = 26

    /// The name outside: `attached_to`.
    package var name: String { Self.names[Int(rawValue)] }

    package init?(name: String) {
        guard let position = Self.names.firstIndex(of: name) else { return nil }
        self.init(rawValue: UInt8(position))
    }

    /// By raw value.
    private static let names = [
        "attached_to",
        "in_subnet",
        "in_network",
        "member_of",
        "in_account",
        "in_project",
        "in_subscription",
        "in_resource_group",
        "in_organization",
        "in_folder",
        "created_from",
        "target_of",
        "runs_as",
        "runs_on",
        "in_cluster",
        "part_of",
        "uses",
        "encrypted_with",
        "subscribes_to",
        "delivers_to",
        "replica_of",
        "backup_of",
        "managed_by",
        "routes_to",
        "protected_by",
        "logs_to",
        "depends_on",
    ]
}

/// A set of relationship types, as bits by `code`.
package struct RelationshipTypes: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    package init(_ types: RelationshipType...) { rawValue = types.reduce(0) { $0 | 1 << UInt64($1.rawValue) } }

    package func contains(_ type: RelationshipType) -> Bool { rawValue & (1 << UInt64(type.rawValue)) != 0 }
    package mutating func insert(_ type: RelationshipType) { self = union(RelationshipTypes(type)) }

    /// Every type there is.
    package static let all = RelationshipTypes(rawValue: (1 << UInt64(RelationshipType.allCases.count)) - 1)
}

/// An outgoing edge of a resource. The target may not be in the inventory (yet).
package struct Relationship: Hashable, Comparable, Sendable {
    package let type: RelationshipType
    package let target: ResourceID

    package init(_ type: RelationshipType, to target: ResourceID) {
        self.type = type
        self.target = target
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.type == right.type ? left.target < right.target : left.type.rawValue < right.type.rawValue
    }
}
