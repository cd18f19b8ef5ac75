import JSON
import Model

/// Gathers the relationships of one resource: what its id says, and every ARM id in its description.
struct AzureReferences {
    /// Most relationships kept of one resource.
    static let relationshipsMax = 256
    /// Deepest nesting that is searched.
    static let depthMax = 10

    private let name: AzureName
    private let type: String
    private var found: [(type: RelationshipType, target: String)] = []

    init(of name: AzureName, type: String) {
        self.name = name
        self.type = type
        place()
    }

    mutating func relationships(_ targets: inout TargetCache) -> [Relationship] {
        var relationships: [Relationship] = []
        relationships.reserveCapacity(found.count)
        for (type, target) in found {
            let relationship = Relationship(type, to: targets.id(target))
            if !relationships.contains(relationship) { relationships.append(relationship) }
        }
        relationships.sort()
        return relationships
    }

    private mutating func add(_ type: RelationshipType, _ target: String) {
        guard target != name.id, found.count < Self.relationshipsMax else { return }
        found.append((type, target))
    }

    private mutating func place() {
        if let subscription = name.subscriptionID { add(.inSubscription, subscription) }
        if let group = name.resourceGroupID { add(.inResourceGroup, group) }
        guard let parent = name.parentID else { return }
        add(type == "microsoft.network/virtualnetworks/subnets" ? .inNetwork : .partOf, parent)
    }

    // MARK: References

    mutating func collect(_ fields: AzureFields) {
        if let managedBy = fields.managedBy?.utf8 { refer(managedBy, .managedBy) }
        if let identities = fields.identity?["userAssignedIdentities"] {
            for (identity, _) in identities.members { if let text = identity.utf8 { refer(text, .runsAs) } }
        }
        guard let properties = fields.properties else { return }
        for (name, value) in properties.members { visit(name, value, depth: 1) }
    }

    /// `name` is the member that holds `value`, or the nearest one around it that says what it is.
    private mutating func visit(_ name: JSONView, _ value: JSONView, depth: Int) {
        switch value.kind {
        case .string:
            guard let text = value.utf8, AzureCanonicalID.isReference(text) else { return }
            refer(text, relationship(name))
        case .array:
            guard depth < Self.depthMax else { return }
            for element in value.elements { visit(name, element, depth: depth + 1) }
        case .object:
            guard depth < Self.depthMax else { return }
            for (inner, part) in value.members {
                let saysNothing = inner.equals("id") || inner.equals("resourceId")
                visit(saysNothing ? name : inner, part, depth: depth + 1)
            }
        case .null, .bool, .int, .double: return
        }
    }

    private mutating func refer(_ text: UnsafeBufferPointer<UInt8>, _ type: RelationshipType) {
        guard AzureCanonicalID.isReference(text) else { return }
        let id = AzureCanonicalID.canonical(utf8: text) ?? String(decoding: text, as: UTF8.self).lowercased()
        // Parts of this very resource: its rules, its IP configurations.
        guard !id.hasPrefix(name.id) || id.utf8.dropFirst(name.id.utf8.count).first != UInt8(ascii: "/") else { return }
        let target = AzureName(id)
        var type = type
        if type == .managedBy, self.type == "microsoft.compute/disks" { type = .attachedTo }
        add(type, target.owner)
        if type == .inSubnet, let network = target.parentID { add(.inNetwork, network) }
    }

    /// What a reference means, by the member that holds it.
    private func relationship(_ name: JSONView) -> RelationshipType {
        guard let bytes = name.utf8, let first = bytes.first else { return .uses }
        switch first | 0x20 {
        case UInt8(ascii: "a"):
            if name.equals("actionGroupId") || name.equals("actionGroups") { return .deliversTo }
            if name.equals("availabilitySet") || name.equals("agentPool") { return .memberOf }
            if name.equals("applicationSecurityGroups") { return .memberOf }
            if name.equals("applicationGatewayBackendAddressPools") { return .targetOf }
            if name.equals("applicationGateways"), type.contains("firewallpolic") { return .attachedTo }
        case UInt8(ascii: "b"):
            if name.equals("backendIPConfigurations") || name.equals("backendIPConfiguration") { return .routesTo }
            if name.equals("backendAddressPools") || name.equals("backendAddressPool") { return .targetOf }
        case UInt8(ascii: "c"):
            if name.equals("containerRegistry") { return .uses }
        case UInt8(ascii: "d"):
            if name.equals("diskEncryptionSetId") || name.equals("diskEncryptionSet") { return .encryptedWith }
            if name.equals("delegatedSubnetResourceId") || name.equals("delegatedSubnetArmResourceId") { return .inSubnet }
        case UInt8(ascii: "e"):
            if name.equals("elasticPoolId") { return .memberOf }
            if name.equals("environmentId") { return .runsOn }
            if name.equals("eventHubAuthorizationRuleId") { return .logsTo }
        case UInt8(ascii: "f"): if name.equals("firewallPolicy") { return .protectedBy }
        case UInt8(ascii: "h"):
            if name.equals("host") || name.equals("hostGroup") || name.equals("hostingEnvironmentProfile") { return .runsOn }
        case UInt8(ascii: "i"):
            if name.equals("imageReference") || name.equals("image") { return .createdFrom }
            if name.equals("ipConfiguration") { return .attachedTo }
        case UInt8(ascii: "l"):
            if name.equals("loadBalancerBackendAddressPools") || name.equals("loadBalancerInboundNatRules") {
                return .targetOf
            }
            if name.equals("logAnalyticsWorkspaceResourceID") || name.equals("logAnalyticsWorkspaceResourceId") {
                return .logsTo
            }
        case UInt8(ascii: "m"):
            if name.equals("managedEnvironmentId") { return .runsOn }
            if name.equals("managedBy") || name.equals("managedByTenants") { return .managedBy }
            if name.equals("masterServerId") { return .replicaOf }
        case UInt8(ascii: "n"):
            if name.equals("networkSecurityGroup") { return .protectedBy }
            if name.equals("networkInterfaces"), type == "microsoft.network/networksecuritygroups" { return .attachedTo }
        case UInt8(ascii: "p"):
            if name.equals("proximityPlacementGroup") { return .memberOf }
            if name.equals("privateLinkServiceId") { return .attachedTo }
        case UInt8(ascii: "s"): return relationshipS(name)
        case UInt8(ascii: "v"):
            if name.equals("virtualNetwork") || name.equals("vnet") || name.equals("virtualNetworkId") { return .inNetwork }
            if name.equals("virtualNetworkSubnetId") || name.equals("vnetSubnetID") || name.equals("vnetSubnetId") {
                return .inSubnet
            }
            if name.equals("virtualMachine") { return .attachedTo }
            if name.equals("virtualMachineScaleSet") { return .memberOf }
        case UInt8(ascii: "w"):
            if name.equals("webApplicationFirewallPolicyLink") || name.equals("wafPolicy") { return .protectedBy }
            if name.equals("workspaceResourceId") || name.equals("WorkspaceResourceId") { return .logsTo }
            if name.equals("workspaceId"), type.hasPrefix("microsoft.insights/") { return .logsTo }
        default: break
        }
        return .uses
    }

    private func relationshipS(_ name: JSONView) -> RelationshipType {
        if name.equals("subnet") || name.equals("subnetId") || name.equals("subnetResourceId") { return .inSubnet }
        if name.equals("subnets") { return type == "microsoft.network/virtualnetworks" ? .uses : .attachedTo }
        if name.equals("serverFarmId") || name.equals("serverFarm") { return .runsOn }
        if name.equals("sourceResourceId") || name.equals("sourceVirtualMachine") || name.equals("sourceDatabaseId")
            || name.equals("sourceVault")
        {
            return name.equals("sourceVault") ? .uses : .createdFrom
        }
        if name.equals("sourceServerResourceId") || name.equals("sourceServerId") { return .replicaOf }
        if name.equals("storageAccountId") || name.equals("storageId") || name.equals("serviceBusRuleId") {
            return type.hasPrefix("microsoft.insights/") || type.hasSuffix("/diagnosticsettings")
                || type.hasSuffix("/flowlogs")
                ? .logsTo : .uses
        }
        return .uses
    }
}
