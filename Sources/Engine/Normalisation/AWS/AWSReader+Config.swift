import JSON
import Model

/// AWS Config's configuration items: of a snapshot or history file, of `get-resource-config-history`,
/// `batch-get-resource-config` and `select-resource-config`, and of change notifications.
///
/// https://docs.aws.amazon.com/config/latest/developerguide/config-item-table.html
extension AWSReader {
    private static let lists: [StaticString] = ["configurationItems", "BaseConfigurationItems"]

    /// False when `page` has nothing of AWS Config.
    mutating func readConfig(_ page: JSONView) -> Bool {
        for name in Self.lists {
            guard let list = page.field(name), list.isArray else { continue }
            for item in list.elements { readConfigItem(item) }
            return true
        }
        if let item = page["configurationItem"], item.isObject {
            readConfigItem(item)
            return true
        }
        if let results = page["Results"], results.elements.contains(where: { $0.string?.utf8.first == UInt8(ascii: "{") }) {
            for result in results.elements { readConfigText(result) }
            return true
        }
        guard let type = page.field("resourceType")?.string, type.hasPrefix("AWS::"), page.field("resourceId") != nil else {
            return false
        }
        readConfigItem(page)
        return true
    }

    /// `select-resource-config` answers with each item as JSON in a string.
    private mutating func readConfigText(_ text: JSONView) {
        let parsed: Void? = try? withNested(text) { reader, item in reader.readConfigItem(item) }
        guard parsed == nil else { return }
        let index = nextIndex()
        result.reject(index, "expected a configuration item as JSON in a string")
    }

    /// Parses JSON in a string, and lends it to `body`.
    private mutating func withNested(_ text: JSONView, _ body: (inout AWSReader, JSONView) -> Void) throws {
        guard let utf8 = text.utf8 else { throw JSONError(.malformed, "not a string") }
        let parser = JSONParser(bytesMax: max(utf8.count, 1))
        try parser.withDocument(UnsafeRawBufferPointer(utf8)) { body(&self, $0) }
    }

    private mutating func readConfigItem(_ item: JSONView) {
        let index = nextIndex()
        guard let configType = item.field("resourceType")?.nonEmptyString, let id = item.field("resourceId")?.nonEmptyString,
            id.utf8.count <= Self.nativeIDBytesMax
        else {
            return result.reject(
                index, "expected a configuration item with resourceType and resourceId, found \(item.kindName)")
        }
        let (identity, type) = configIdentity(item, configType: configType, id: id)
        if let status = item.field("configurationItemStatus"), status.isDeletion {
            return result.observations.append(
                Observation(
                    .deleted, provider: .aws, resourceID: identity.nativeID, resourceType: type,
                    accountID: identity.accountID, region: identity.region))
        }
        let configuration = item.field("configuration")
        if let configuration, configuration.isString {
            let parsed: Void? = try? withNested(configuration) { reader, configuration in
                reader.describeConfig(item, configuration, type: type, identity, index: index)
            }
            if parsed == nil { describeConfig(item, nil, type: type, identity, index: index) }
        } else {
            describeConfig(item, configuration, type: type, identity, index: index)
        }
    }

    private func configIdentity(_ item: JSONView, configType: String, id: String) -> (Identity, String) {
        let account =
            (item.field("accountId") ?? item.field("awsAccountId"))?.accountID ?? scope.accountID
        let region = item.field("awsRegion")?.nonEmptyString.flatMap { $0 == "global" ? nil : $0 } ?? scope.region
        let text = (item.field("arn") ?? item["ARN"])?.string
        if let arn = (text ?? id).nilIfEmpty.flatMap({ ARN($0) }) {
            var identity = Self.identity(of: arn)
            identity.accountID = identity.accountID ?? account
            identity.region = identity.region ?? region
            return (identity, arn.resourceType)
        }
        let identity = Identity(nativeID: id, accountID: account, region: region)
        if let kind = EC2ResourceIDs.kind(of: id), configType.hasPrefix("AWS::EC2::") { return (identity, "ec2." + kind) }
        let known = ConfigTypes.type(of: configType)
        let name = item.field("resourceName")?.nonEmptyString ?? id
        guard let shape = AWSShapes.shape(type: known) else {
            let parts = known.split(separator: ".", maxSplits: 1)
            let arn = "arn:aws:\(parts.first ?? ""):\(region ?? ""):\(account ?? ""):\(parts.last ?? "")/\(id)"
            return (Identity(nativeID: arn, arn: ARN(arn), accountID: account, region: region), known)
        }
        var reader = self
        var scope = scope
        scope.accountID = account
        scope.region = region
        let observation = reader.named(name, as: shape, in: scope)
        return (
            Identity(
                nativeID: observation.resourceID, arn: ARN(observation.resourceID), accountID: account,
                region: shape.isGlobal ? observation.region : region), known
        )
    }

    private mutating func describeConfig(
        _ item: JSONView, _ configuration: JSONView?, type: String, _ identity: Identity, index: Int
    ) {
        isFromConfig = true
        defer { isFromConfig = false }
        let shape = AWSShapes.shape(type: type)
        if let configuration, configuration.isObject, let shape {
            describe(configuration, as: shape, type: type, identity, tagsBeside: item.field("tags"), index: index)
        } else {
            describe(
                configuration ?? item, as: Self.bare, type: type, identity, tagsBeside: item.field("tags"), index: index)
            let position = result.observations.count - 1
            var observation = result.observations[position]
            connectConfig(&observation, item, identity)
            result.observations[position] = observation
        }
        let position = result.observations.count - 1
        if let tags = TagShapes.tags(item.field("tags")) { result.observations[position].nativeTags = tags }
        if let name = item.field("resourceName")?.nonEmptyString { result.observations[position].name = name }
    }

    /// For types without a shape of their own.
    private static let bare = AWSShape(
        "", service: "", operations: [], members: ["Item"], identity: .name(""), whole: [], tags: [],
        omitted: ["tags", "tagList", "relationships", "policy", "configurationStateId", "configurationItemMD5Hash"])

    /// The relationships as AWS Config itself names them: "Is contained in Vpc", "Is attached to Instance".
    private mutating func connectConfig(_ observation: inout Observation, _ item: JSONView, _ identity: Identity) {
        guard let relationships = item.field("relationships"), relationships.isArray else { return }
        for element in relationships.elements.prefix(Self.relationshipsMax) {
            guard let configType = element.field("resourceType")?.nonEmptyString,
                let phrase = (element.field("relationshipName") ?? element.field("name"))?.nonEmptyString,
                let type = ConfigTypes.relationship(phrase, to: configType),
                let id = (element.field("resourceId") ?? element.field("resourceName"))?.nonEmptyString
            else { continue }
            let (target, _) = configIdentity(element, configType: configType, id: id)
            guard target.nativeID != identity.nativeID else { continue }
            observation.relationships.append(Relationship(type, to: targets.id(target.nativeID)))
            observation.statedTypes.insert(type)
        }
        observation.relationships.sortUniquely()
    }
}

extension JSONView {
    /// `ResourceDeleted` and `ResourceDeletedNotRecorded`.
    fileprivate var isDeletion: Bool { string?.hasPrefix("ResourceDeleted") == true }
}

/// AWS Config's names of types and relationships.
enum ConfigTypes {
    /// Our type for `AWS::Service::Thing`, where the rule (both in lower case) does not give what ARNs say.
    private static let table: [(config: String, type: String)] = [
        ("AWS::ElasticLoadBalancing::LoadBalancer", "elasticloadbalancing.loadbalancer"),
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", "elasticloadbalancing.loadbalancer"),
        ("AWS::ElasticLoadBalancingV2::TargetGroup", "elasticloadbalancing.targetgroup"),
        ("AWS::ElasticLoadBalancingV2::Listener", "elasticloadbalancing.listener"),
        ("AWS::RDS::DBInstance", "rds.db"),
        ("AWS::RDS::DBCluster", "rds.cluster"),
        ("AWS::RDS::DBSnapshot", "rds.snapshot"),
        ("AWS::RDS::DBClusterSnapshot", "rds.cluster-snapshot"),
        ("AWS::RDS::DBSubnetGroup", "rds.subgrp"),
        ("AWS::EKS::Nodegroup", "eks.nodegroup"),
        ("AWS::ECS::TaskDefinition", "ecs.task-definition"),
        ("AWS::IAM::InstanceProfile", "iam.instance-profile"),
        ("AWS::AutoScaling::AutoScalingGroup", "autoscaling.autoscalinggroup"),
        ("AWS::EFS::FileSystem", "elasticfilesystem.file-system"),
        ("AWS::Logs::LogGroup", "logs.log-group"),
        ("AWS::EC2::EIP", "ec2.elastic-ip"),
        ("AWS::EC2::SecurityGroup", "ec2.security-group"),
        ("AWS::EC2::NetworkInterface", "ec2.network-interface"),
    ]

    static func type(of config: String) -> String {
        if let known = table.first(where: { $0.config == config }) { return known.type }
        let parts = config.split(separator: ":", omittingEmptySubsequences: true)
        guard parts.count >= 3 else { return config.lowercased() }
        return "\(parts[1].lowercased()).\(parts[2].lowercased())"
    }

    /// What a phrase such as "Is attached to Instance" means here; nil for the other end of somebody else's relationship.
    static func relationship(_ phrase: String, to config: String) -> RelationshipType? {
        guard phrase.hasPrefix("Is ") else { return nil }
        switch config {
        case "AWS::EC2::VPC": return .inNetwork
        case "AWS::EC2::Subnet": return .inSubnet
        case "AWS::EC2::SecurityGroup": return .memberOf
        case "AWS::IAM::Role", "AWS::IAM::InstanceProfile": return .runsAs
        case "AWS::KMS::Key": return .encryptedWith
        case "AWS::CloudFormation::Stack": return .managedBy
        default: break
        }
        if phrase.hasPrefix("Is attached to") { return .attachedTo }
        if phrase.hasPrefix("Is contained in") { return .partOf }
        return .uses
    }
}
