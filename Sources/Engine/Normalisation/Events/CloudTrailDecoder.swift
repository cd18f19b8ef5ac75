import JSON
import Model

/// API calls that CloudTrail reports: those that tag, create and delete resources.
enum CloudTrailDecoder {
    typealias Scope = EventBridgeDecoder.Scope

    /// Nil for a call that the inventory does not care about; empty when it does, and the call does not say about what.
    static func observations(_ detail: JSONView, _ scope: Scope) -> [Observation]? {
        guard let name = detail["eventName"]?.string else { return nil }
        let scope = Scope(
            account: detail["recipientAccountId"]?.nonEmptyString ?? scope.account,
            region: detail["awsRegion"]?.nonEmptyString ?? scope.region)
        let request = detail["requestParameters"]
        let response = detail["responseElements"]
        switch name {
        case "CreateTags":
            return ec2Tags(request, scope) { TagChanges(set: TagList($0.map { Tag($0.key, $0.value ?? "") })) }
        case "DeleteTags":
            // Without a tag set, all tags are deleted.
            return ec2Tags(request, scope) { tags in
                tags.isEmpty ? nil : TagChanges(removed: tags.map { TagChanges.Removal(key: $0.key, value: $0.value) })
            }
        case "RunInstances": return instances(response).map { started($0, scope) }
        case "TerminateInstances":
            return instances(response).compactMap { $0["instanceId"]?.nonEmptyString }
                .map { scope.deleted($0, type: "ec2.instance") }
        case "PutBucketTagging": return bucketTags(request, scope)
        case "DeleteBucketTagging": return bucket(request, scope).map { [tagged($0, TagList())] } ?? []
        case "CreateBucket": return bucket(request, scope).map { [$0] } ?? []
        case "DeleteBucket": return bucket(request, scope).map { [scope.deleted($0.resourceID, type: "s3.bucket")] } ?? []
        case "TagResource", "TagResource20170331v2", "AddTagsToResource", "AddTags", "TagRole", "TagUser", "TagQueue":
            return tagResource(request, scope)
        case "UntagResource", "UntagResource20170331v2", "RemoveTagsFromResource", "RemoveTags", "UntagQueue":
            return untagResource(request, scope)
        default: return deleted(name, request, response, scope)
        }
    }

    // MARK: EC2

    /// `tagSet.items` of a request: a value only where the caller gave one.
    private static func ec2Tags(
        _ request: JSONView?, _ scope: Scope, _ changes: ([(key: String, value: String?)]) -> TagChanges?
    ) -> [Observation] {
        let tags =
            (request?.at("tagSet", "items")?.elements.compactMap { item -> (key: String, value: String?)? in
                guard let key = item["key"]?.nonEmptyString else { return nil }
                return (key, item["value"]?.string)
            }) ?? []
        let changes = changes(tags)
        let ids = request?.at("resourcesSet", "items")?.elements.compactMap { $0["resourceId"]?.nonEmptyString } ?? []
        return ids.map { id in
            var observation = scope.partial(id)
            observation.nativeTagChanges = changes
            if changes == nil { observation.nativeTags = TagList() }
            observation.name = changes?.set["Name"]
            return observation
        }
    }

    private static func instances(_ response: JSONView?) -> [JSONView] {
        response?.at("instancesSet", "items").map { Array($0.elements) } ?? []
    }

    private static func started(_ instance: JSONView, _ scope: Scope) -> Observation {
        var observation = scope.partial(instance["instanceId"]?.string ?? "", type: "ec2.instance")
        observation.nativeTags = TagShapes.tags(instance.at("tagSet", "items")) ?? TagList()
        observation.name = observation.nativeTags?["Name"]
        for (type, field) in [
            (RelationshipType.inSubnet, "subnetId" as StaticString), (.inNetwork, "vpcId"), (.createdFrom, "imageId"),
        ] {
            guard let target = instance[field]?.nonEmptyString else { continue }
            observation.statedTypes.insert(type)
            observation.relationships.append(
                Relationship(type, to: ResourceID(provider: .aws, nativeID: CanonicalID.canonical(provider: .aws, target))))
        }
        observation.relationships.sort()
        var metadata = MetadataBuilder()
        metadata.add(membersOf: instance, omitting: ["tagSet", "clientToken", "networkInterfaceSet", "groupSet"])
        observation.metadata = metadata.finish()
        return observation
    }

    // MARK: S3

    private static func bucket(_ request: JSONView?, _ scope: Scope) -> Observation? {
        guard let name = request?["bucketName"]?.nonEmptyString else { return nil }
        var observation = scope.partial("arn:aws:s3:::\(name)", type: "s3.bucket")
        observation.name = name
        return observation
    }

    private static func tagged(_ observation: Observation, _ tags: TagList) -> Observation {
        var observation = observation
        observation.nativeTags = tags
        return observation
    }

    /// XML turned into JSON: one tag is an object, several are an array.
    private static func bucketTags(_ request: JSONView?, _ scope: Scope) -> [Observation] {
        guard let observation = bucket(request, scope), let set = request?.at("Tagging", "TagSet") else { return [] }
        guard let tags = set["Tag"] else { return [tagged(observation, TagList())] }
        if let list = tags.isArray ? TagShapes.tags(tags) : nil { return [tagged(observation, list)] }
        guard let key = tags["Key"]?.nonEmptyString else { return [] }
        return [tagged(observation, TagList([Tag(key, tags["Value"]?.string ?? "")]))]
    }

    // MARK: Services that tag by ARN

    private static let arnFields: [StaticString] = [
        "resourceArn", "resourceARN", "ResourceArn", "ResourceARN", "arn", "resource", "Resource", "resourceName",
        "queueUrl",
    ]

    private static func arns(_ request: JSONView?) -> [String] {
        guard let request else { return [] }
        if let list = request["resourceArns"] ?? request["resourceARNList"], list.isArray {
            return list.elements.compactMap { $0.nonEmptyString }
        }
        for field in arnFields {
            if let arn = request[field]?.nonEmptyString, arn.hasPrefix("arn:") || arn.hasPrefix("https://sqs.") {
                return [arn]
            }
        }
        return []
    }

    private static func tagResource(_ request: JSONView?, _ scope: Scope) -> [Observation] {
        guard let tags = TagShapes.tags(request?["tags"] ?? request?["Tags"] ?? request?["tagList"]) else { return [] }
        return arns(request).map { arn in
            var observation = scope.partial(arn)
            observation.nativeTagChanges = TagChanges(set: tags)
            return observation
        }
    }

    private static func untagResource(_ request: JSONView?, _ scope: Scope) -> [Observation] {
        guard let keys = request?["tagKeys"] ?? request?["TagKeys"] ?? request?["tagKeyList"], keys.isArray else {
            return []
        }
        let removed = keys.elements.compactMap { $0.nonEmptyString }.map { TagChanges.Removal(key: $0) }
        return arns(request).map { arn in
            var observation = scope.partial(arn)
            observation.nativeTagChanges = TagChanges(removed: removed)
            return observation
        }
    }

    // MARK: Deletions

    private static let deletions: [(call: String, field: StaticString, type: String)] = [
        ("DeleteVolume", "volumeId", "ec2.volume"), ("DeleteSnapshot", "snapshotId", "ec2.snapshot"),
        ("DeregisterImage", "imageId", "ec2.image"), ("DeleteVpc", "vpcId", "ec2.vpc"),
        ("DeleteSubnet", "subnetId", "ec2.subnet"),
        ("DeleteSecurityGroup", "groupId", "ec2.security-group"),
        ("DeleteNetworkInterface", "networkInterfaceId", "ec2.network-interface"),
        ("DeleteTopic", "topicArn", "sns.topic"),
        ("DeleteLoadBalancer", "loadBalancerArn", "elasticloadbalancing.loadbalancer"),
        ("DeleteTargetGroup", "targetGroupArn", "elasticloadbalancing.targetgroup"),
        ("DeleteDBInstance", "dBInstanceArn", "rds.db"),
    ]

    private static func deleted(
        _ name: String, _ request: JSONView?, _ response: JSONView?, _ scope: Scope
    ) -> [Observation]? {
        guard let deletion = deletions.first(where: { $0.call == name }) else { return nil }
        guard let id = request?[deletion.field]?.nonEmptyString ?? response?[deletion.field]?.nonEmptyString else {
            return []
        }
        return [scope.deleted(id, type: deletion.type)]
    }
}
