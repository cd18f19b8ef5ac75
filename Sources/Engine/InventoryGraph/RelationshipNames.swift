import Model

/// The types of relationships in the graph.
package enum RelationshipNames {
    /// From an account to each of its resources, as Cartography has it.
    package static let account = "RESOURCE"
    package static let region = "IN_REGION"
    package static let tag = "TAGGED"

    /// Cartography's name where it has one for the same; else the inventory's own in capitals (`ATTACHED_TO`, which is
    /// both).
    static func name(of type: RelationshipType, from resource: Resource) -> String {
        switch type {
        case .inSubnet where resource.provider == .aws: awsSubnet
        case .inNetwork where resource.provider == .aws: awsNetwork
        case .encryptedWith: encryption
        case .memberOf where resource.provider == .aws && !resource.resourceType.hasPrefix("iam."): securityGroup
        default: type.name.uppercased()
        }
    }

    private static let securityGroup = "MEMBER_OF_EC2_SECURITY_GROUP"
    private static let awsSubnet = "PART_OF_SUBNET"
    private static let awsNetwork = "MEMBER_OF_AWS_VPC"
    private static let encryption = "ENCRYPTED_BY"

    /// All names that relationships of the inventory's type have here.
    private static func all(of type: RelationshipType) -> [String] {
        switch type {
        case .inSubnet: [type.name.uppercased(), awsSubnet]
        case .inNetwork: [type.name.uppercased(), awsNetwork]
        case .encryptedWith: [encryption]
        case .memberOf: [type.name.uppercased(), securityGroup]
        default: [type.name.uppercased()]
        }
    }

    /// The names for what a caller calls a type: the inventory's spelling (`in_subnet`), or the graph's (`PART_OF_SUBNET`, `TAGGED`).
    /// Nil: there is no such type.
    package static func names(spelt text: String) -> [String]? {
        if let type = RelationshipType(name: text.lowercased()) { return all(of: type) }
        let name = text.uppercased()
        return [account, region, tag, awsSubnet, awsNetwork, encryption, securityGroup].contains(name) ? [name] : nil
    }

    /// Those between resources: accounts, regions and tags would join everything with everything.
    package static let betweenResources = RelationshipType.allCases.flatMap { all(of: $0) }

    /// Where the relationship's start cannot do without its end, and where its end cannot do without its start.
    package static let dependents: (ofEnd: [String], ofStart: [String]) = {
        var ofEnd: [String] = []
        var ofStart: [String] = []
        for type in RelationshipType.allCases {
            switch type {
            // A volume, an interface or a policy is attached to what works by it; a target group serves from its targets.
            case .attachedTo, .targetOf: ofStart += all(of: type)
            // A backup outlives what it was made of, and nothing works by it.
            case .backupOf: break
            case .inSubnet, .inNetwork, .memberOf, .inAccount, .inProject, .inSubscription, .inResourceGroup,
                .inOrganization, .inFolder, .createdFrom, .runsAs, .runsOn, .inCluster, .partOf, .uses, .encryptedWith,
                .subscribesTo, .deliversTo, .replicaOf, .managedBy, .routesTo, .protectedBy, .logsTo, .dependsOn:
                ofEnd += all(of: type)
            }
        }
        return (ofEnd, ofStart)
    }()
}
