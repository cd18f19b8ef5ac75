import JSON
import Model

/// Answers that carry tags (or attributes) of resources which other calls describe.
extension AWSReader {
    /// Members that hold the tags of the one resource that the request named.
    private static let tagMembers: [StaticString] = ["TagSet", "Tags", "tags", "TagList", "ResourceTags"]

    /// `get-resources`, `describe-tags`, `get-bucket-tagging`, `list-tags-for-resource` and their like. False when `page` is
    /// none of them.
    mutating func readTagAnswer(_ page: JSONView, operation: String?) -> Bool {
        for list in [page["ResourceTagMappingList"], page["TagDescriptions"]] {
            guard let list else { continue }
            for element in list.elements { readTagged(element) }
            return true
        }
        if (page["ResourceARN"] ?? page["ResourceArn"])?.isString == true, page["Tags"] != nil {
            readTagged(page)
            return true
        }
        for member in Self.tagMembers {
            guard let tags = page[member], tags.isArray || tags.isObject else { continue }
            // Anything else beside the tags means that they are a part of something larger.
            guard page.members.allSatisfy({ $0.key.equals(member) || Self.isSurrounding($0.key) }) else { continue }
            if tags.isArray, readTagsByResource(tags) { return true }
            readTagsOfNamed(tags, operation: operation)
            return true
        }
        return false
    }

    /// `{"ResourceARN", "Tags"}`, or `{"LoadBalancerName", "Tags"}` of the classic kind.
    private mutating func readTagged(_ element: JSONView) {
        let index = nextIndex()
        var identity: Identity?
        if let arn = (element["ResourceARN"] ?? element["ResourceArn"])?.string.flatMap({ ARN($0) }) {
            identity = Self.identity(of: arn)
        } else if let name = element["LoadBalancerName"]?.nonEmptyString {
            identity = Self.identity(
                of: ARN.make(
                    service: "elasticloadbalancing", region: scope.region, account: scope.accountID, prefix: "loadbalancer/",
                    name: name), in: scope)
        }
        guard let identity else {
            return result.reject(
                index, "expected an object with ResourceARN and Tags, found \(element.kindName) without an ARN")
        }
        guard let tags = TagShapes.tags(element["Tags"]) else {
            return result.reject(
                index, "Tags of \(identity.nativeID): expected a list, found \(element["Tags"]?.kindName ?? "none")")
        }
        appendPartial(identity, tags: tags)
    }

    /// `ec2.describe-tags` and `autoscaling.describe-tags`: one element a tag. False when the elements name no resource.
    private mutating func readTagsByResource(_ list: JSONView) -> Bool {
        guard list.elements.contains(where: { $0["ResourceId"]?.isString == true }) else { return false }
        var positions: [String: Int] = [:]
        var tagged: [(identity: Identity, tags: [Tag])] = []
        for element in list.elements {
            guard let id = element["ResourceId"]?.nonEmptyString, id.utf8.count <= Self.nativeIDBytesMax,
                let key = element["Key"]?.nonEmptyString
            else {
                let index = nextIndex()
                result.reject(index, "expected a tag with ResourceId and Key, found \(element.kindName)")
                continue
            }
            let position = positions[id] ?? tagged.count
            if position == tagged.count {
                positions[id] = position
                let isGroup = element["ResourceType"]?.equals("auto-scaling-group") == true
                let nativeID =
                    isGroup
                    ? ARN.make(
                        service: "autoscaling", region: scope.region, account: scope.accountID,
                        prefix: "autoScalingGroup::autoScalingGroupName/", name: id) : id
                tagged.append((Self.identity(of: nativeID, in: scope), []))
            }
            tagged[position].tags.append(Tag(key, element["Value"].flatMap { TagShapes.text($0) } ?? ""))
        }
        for (identity, tags) in tagged {
            _ = nextIndex()
            appendPartial(identity, tags: TagList(tags))
        }
        return true
    }

    /// The tags of the resource that only the request named.
    private mutating func readTagsOfNamed(_ tags: JSONView, operation: String?) {
        let index = nextIndex()
        guard let hint = hints.resourceID?.nilIfEmpty else {
            return result.reject(index, "the tags do not say whose they are: \(Self.hintWanted(operation))")
        }
        guard let identity = identity(ofHint: hint, operation: operation) else {
            return result.reject(index, "?resource_id=\(hint.prefix(200)) is no ARN or EC2 id: give the ARN, or ?operation=")
        }
        guard let tags = TagShapes.tags(tags) else { return result.reject(index, "expected tags, found \(tags.kindName)") }
        appendPartial(identity, tags: tags)
    }

    static func hintWanted(_ operation: String?) -> String {
        switch operation.flatMap({ $0.split(separator: ".").first }) {
        case "s3", "s3api": "give the bucket's name as ?resource_id="
        case "sqs": "give the queue's URL or ARN as ?resource_id="
        case "dynamodb": "give the table's ARN as ?resource_id="
        default: "give the resource's ARN (of a bucket its name) as ?resource_id="
        }
    }

    mutating func appendPartial(_ identity: Identity, tags: TagList) {
        var observation = Observation(
            .partial, provider: .aws, resourceID: identity.nativeID, resourceType: Self.type(of: identity),
            accountID: identity.accountID, region: identity.region, nativeTags: tags)
        observation.name = AWSNames.name(of: identity.arn, nativeID: identity.nativeID, tags: tags)
        connectByTags(&observation, identity)
        connectAccount(&observation)
        observation.relationships.sortUniquely()
        result.observations.append(observation)
    }

    static func type(of identity: Identity) -> String? {
        if let arn = identity.arn { return arn.resourceType }
        return EC2ResourceIDs.kind(of: identity.nativeID).map { "ec2." + $0 }
    }

    static func identity(of arn: ARN) -> Identity {
        Identity(
            nativeID: AWSCanonicalID.canonical(arn), arn: arn, accountID: arn.account, region: arn.region.nilIfEmpty)
    }

    /// Of a canonical id, or any of its other forms.
    static func identity(of text: String, in scope: AWSScope) -> Identity {
        let nativeID = AWSCanonicalID.canonical(text)
        guard let arn = ARN(text) ?? ARN(nativeID) else {
            return Identity(nativeID: nativeID, accountID: scope.accountID, region: scope.region)
        }
        return identity(of: arn)
    }

    /// The resource that `?resource_id=` means; a name alone is one of the operation's service. Nil when it cannot be told.
    func identity(ofHint hint: String, operation: String?) -> Identity? {
        guard hint.utf8.count <= Self.nativeIDBytesMax else { return nil }
        let canonical = AWSCanonicalID.canonical(hint)
        if ARN(canonical) != nil || EC2ResourceIDs.kind(of: canonical) != nil { return Self.identity(of: hint, in: scope) }
        if let queue = AWSCanonicalID.queue(url: hint, region: scope.region) { return Self.identity(of: queue, in: scope) }
        let type: String
        switch operation {
        case nil, "s3.get-bucket-tagging", "s3api.get-bucket-tagging": type = "s3.bucket"
        case .some(let operation) where operation.hasPrefix("dynamodb."): type = "dynamodb.table"
        case .some(let operation) where operation.hasPrefix("sqs."): type = "sqs.queue"
        case .some(let operation) where operation.hasPrefix("sns."): type = "sns.topic"
        case .some(let operation) where operation.hasPrefix("lambda."): type = "lambda.function"
        case .some(let operation) where operation.hasPrefix("kms."): type = "kms.key"
        case "iam.list-role-tags": type = "iam.role"
        case "iam.list-user-tags": type = "iam.user"
        case "iam.list-policy-tags": type = "iam.policy"
        default: return nil
        }
        guard let shape = AWSShapes.shape(type: type) else { return nil }
        var reader = self
        let observation = reader.named(hint, as: shape, in: scope)
        return Identity(
            nativeID: observation.resourceID, arn: ARN(observation.resourceID), accountID: observation.accountID,
            region: observation.region)
    }

    // MARK: Attributes

    /// `sns.get-topic-attributes` and `sqs.get-queue-attributes`. False when `page` is neither.
    mutating func readAttributes(_ page: JSONView, operation: String?) -> Bool {
        guard let attributes = page["Attributes"], attributes.isObject else { return false }
        if attributes["TopicArn"] != nil {
            read(attributes, as: MessagingShapes.topic, in: scope)
            return true
        }
        if attributes["QueueArn"] != nil {
            read(attributes, as: MessagingShapes.queue, in: scope)
            return true
        }
        let isTopic = operation?.hasPrefix("sns.") == true
        let isQueue =
            operation?.hasPrefix("sqs.") == true || attributes["VisibilityTimeout"] != nil
            || attributes["MessageRetentionPeriod"] != nil
        let index = nextIndex()
        guard let hint = hints.resourceID?.nilIfEmpty else {
            result.reject(
                index, "the attributes do not say whose they are: give the queue's or topic's ARN as ?resource_id=")
            return true
        }
        guard isTopic || isQueue || ARN(hint) != nil || hint.hasPrefix("http"),
            let identity = identity(ofHint: hint, operation: isTopic ? "sns." : "sqs."), let arn = identity.arn
        else {
            result.reject(index, "?resource_id=\(hint.prefix(200)) is no topic or queue: give its ARN")
            return true
        }
        let shape = arn.isOf(service: "sns") ? MessagingShapes.topic : MessagingShapes.queue
        describe(attributes, as: shape, type: arn.resourceType, identity, tagsBeside: nil, index: index)
        return true
    }

    /// `elbv2.describe-target-health`: the targets of the group that the request named. False when `page` is something else.
    mutating func readTargetHealth(_ page: JSONView) -> Bool {
        guard let list = page["TargetHealthDescriptions"], list.isArray else { return false }
        let index = nextIndex()
        guard let arn = hints.resourceID.flatMap({ ARN($0) }) else {
            result.reject(index, "the targets do not say whose they are: give the target group's ARN as ?resource_id=")
            return true
        }
        let identity = Self.identity(of: arn)
        var observation = Observation(
            .partial, provider: .aws, resourceID: identity.nativeID, resourceType: arn.resourceType,
            name: AWSNames.name(of: arn), accountID: identity.accountID, region: identity.region,
            statedTypes: RelationshipTypes(.routesTo))
        for element in list.elements.prefix(Self.relationshipsMax) {
            guard let id = element["Target"]?["Id"], let target = Self.target(id, .idAmongOthers, of: identity) else {
                continue
            }
            observation.relationships.append(Relationship(.routesTo, to: targets.id(target)))
        }
        connectAccount(&observation)
        observation.relationships.sortUniquely()
        result.observations.append(observation)
        return true
    }
}
