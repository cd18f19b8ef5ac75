import JSON
import Model

/// Where an item lives as far as its surroundings say: the hints, or the reservation around an instance.
struct AWSScope {
    var accountID: String?
    var region: String?
}

/// Turns the items of one payload into observations.
struct AWSReader {
    let hints: IngestHints
    let scope: AWSScope
    var result: NormalisedPayload
    var targets = TargetCache(.aws)
    /// The members of the item at hand; kept for its memory.
    private var members = AWSItem()
    private var metadata = MetadataBuilder()
    /// AWS Config spells first letters of members its own way.
    var isFromConfig = false

    /// Longest native id in bytes: AWS allows 2,048 for an ARN.
    static let nativeIDBytesMax = ARN.bytesMax
    /// Most relationships of one resource; the rest is reported and left out.
    static let relationshipsMax = 4_096

    init(hints: IngestHints, into result: NormalisedPayload) {
        self.hints = hints
        scope = AWSScope(accountID: hints.accountID?.nilIfEmpty, region: hints.region?.nilIfEmpty)
        self.result = result
    }

    /// Counts an item; its index for rejects.
    mutating func nextIndex() -> Int {
        defer { result.items += 1 }
        return result.items
    }

    // MARK: One item of a known shape

    /// Reads one element of an answer: an object, or a name, ARN or URL alone. `tagsBeside` are tags that the answer gives next
    /// to its only resource.
    mutating func read(_ item: JSONView, as shape: AWSShape, in scope: AWSScope, tagsBeside: JSONView? = nil) {
        let index = nextIndex()
        switch item.kind {
        case .object:
            members.load(item)
            guard let identity = identify(members, as: shape, in: scope) else {
                return result.reject(index, "\(shape.type) without \(shape.identity.requirement)")
            }
            guard identity.nativeID.utf8.count <= Self.nativeIDBytesMax else {
                return result.reject(index, "the id has more than \(Self.nativeIDBytesMax) bytes")
            }
            describe(members, as: shape, type: shape.type, identity, tagsBeside: tagsBeside, index: index)
        case .string:
            guard let text = item.nonEmptyString, text.utf8.count <= Self.nativeIDBytesMax else {
                return result.reject(index, "a name that is empty or has more than \(Self.nativeIDBytesMax) bytes")
            }
            result.observations.append(named(text, as: shape, in: scope))
        default:
            result.reject(index, "expected an object or a name of \(shape.type), found \(item.kindName)")
        }
    }

    /// What tells a resource from all others, and where it is.
    struct Identity {
        var nativeID: String
        var arn: ARN?
        var accountID: String?
        var region: String?
        /// Where the id is made of it.
        var name: String?
    }

    func identify(_ item: JSONView, as shape: AWSShape, in scope: AWSScope) -> Identity? {
        guard item.isObject else { return nil }
        var members = AWSItem()
        members.load(item)
        return identify(members, as: shape, in: scope)
    }

    private func identify(_ item: AWSItem, as shape: AWSShape, in scope: AWSScope) -> Identity? {
        var identity = Identity(nativeID: "")
        var name: String?
        switch shape.identity {
        case .ec2(let id): name = item.field(id)?.nonEmptyString
        case .arnOnly(let member):
            name = item.field(member)?.nonEmptyString
            guard name?.hasPrefix("arn:") == true else { return nil }
        case .name(let member):
            name = item.field(member)?.idText
            identity.name = name
        case .arn(let member, orName: let other):
            name = item.field(member)?.nonEmptyString
            if name?.hasPrefix("arn:") != true { name = item.field(other)?.idText ?? name }
        }
        guard let name else { return nil }
        identity.arn = ARN(name)
        identity.accountID =
            identity.arn?.account ?? item.scalar(at: shape.owner)?.accountID ?? scope.accountID
        identity.region = identity.arn?.region.nilIfEmpty ?? zoneRegion(item, shape) ?? (shape.isGlobal ? nil : scope.region)
        if let arn = identity.arn {
            identity.nativeID = AWSCanonicalID.canonical(arn)
        } else if case .ec2 = shape.identity {
            identity.nativeID = name
        } else {
            identity.nativeID = makeARN(
                shape, name, identity, parent: shape.parent.flatMap { item.field($0)?.nonEmptyString })
        }
        return identity
    }

    private func zoneRegion(_ item: AWSItem, _ shape: AWSShape) -> String? {
        item.scalar(at: shape.zone)?.nonEmptyString.flatMap(Region.of(zone:))
    }

    private func makeARN(_ shape: AWSShape, _ name: String, _ identity: Identity, parent: String? = nil) -> String {
        var name = name
        switch shape.naming {
        case .queue:
            if let queue = AWSCanonicalID.queue(url: name, region: identity.region) { return queue }
        case .bucket: return ARN.make(service: "s3", region: nil, account: nil, prefix: "", name: name)
        case .hostedZone:
            // `/hostedzone/Z0123`
            name = name.split(separator: "/").last.map(String.init) ?? name
            return ARN.make(service: "route53", region: nil, account: nil, prefix: shape.prefix, name: name)
        case .inParent: name = "\(parent ?? parentFromHint ?? "")/\(name)"
        case .plain: break
        }
        return ARN.make(
            service: shape.service, region: shape.isGlobal ? nil : identity.region, account: identity.accountID,
            prefix: shape.prefix, name: name)
    }

    /// The name of the cluster that a list of its parts is about: `?resource_id=`.
    private var parentFromHint: String? {
        guard let hint = hints.resourceID?.nilIfEmpty else { return nil }
        return ARN(hint)?.lastPart ?? hint
    }

    /// A resource of which an answer gives only the name, ARN or URL.
    mutating func named(_ text: String, as shape: AWSShape, in scope: AWSScope) -> Observation {
        var identity = Identity(nativeID: text, accountID: scope.accountID, region: shape.isGlobal ? nil : scope.region)
        identity.arn = ARN(text)
        let isEC2 = if case .ec2 = shape.identity { true } else { false }
        if identity.arn == nil, !isEC2 {
            identity.nativeID = makeARN(shape, text, identity)
            identity.arn = ARN(identity.nativeID)
        }
        if let arn = identity.arn {
            identity.nativeID = AWSCanonicalID.canonical(arn)
            identity.accountID = arn.account ?? identity.accountID
            identity.region = arn.region.nilIfEmpty ?? identity.region
        }
        var observation = Observation(
            provider: .aws, resourceID: identity.nativeID, resourceType: shape.type, accountID: identity.accountID,
            region: identity.region)
        observation.name = identity.arn.map { AWSNames.name(of: $0) }
        if shape.parent != nil, let cluster = parentFromHint {
            let cluster = ARN.make(
                service: shape.service, region: identity.region, account: identity.accountID, prefix: "cluster/",
                name: cluster)
            observation.relationships.append(Relationship(.inCluster, to: targets.id(cluster)))
            observation.statedTypes.insert(.inCluster)
        }
        connectAccount(&observation)
        observation.relationships.sortUniquely()
        return observation
    }

    mutating func describe(
        _ item: JSONView, as shape: AWSShape, type: String, _ identity: Identity, tagsBeside: JSONView?, index: Int
    ) {
        members.load(item)
        describe(members, as: shape, type: type, identity, tagsBeside: tagsBeside, index: index)
    }

    private mutating func describe(
        _ item: AWSItem, as shape: AWSShape, type: String, _ identity: Identity, tagsBeside: JSONView?, index: Int
    ) {
        let isWhole = shape.whole.allSatisfy { item.field($0) != nil }
        var observation = Observation(
            provider: .aws, resourceID: identity.nativeID, resourceType: type, accountID: identity.accountID,
            region: identity.region)
        observation.nativeTags = TagShapes.tags(item.first(at: shape.tags) ?? tagsBeside)
        if observation.nativeTags == nil, isWhole, shape.absentTagsMeanNone { observation.nativeTags = TagList() }
        observation.name = name(of: item, shape, identity, tags: observation.nativeTags)

        metadata.reset()
        if isFromConfig { metadata.firstLetter = shape.isCapitalised ? .upper : .lower }
        item.each(except: shape.omitted) { name, value in metadata.add(name, value) }
        observation.metadata = metadata.finish()

        connect(&observation, item, shape, identity, isWhole: isWhole, index: index)
        result.observations.append(observation)
    }

    private func name(of item: AWSItem, _ shape: AWSShape, _ identity: Identity, tags: TagList?) -> String? {
        if let member = shape.name, let name = item.field(member)?.idText { return name }
        if let name = identity.name { return name }
        if case .ec2 = shape.identity { return shape.name == nil ? tags.map { $0["Name"] ?? "" } : nil }
        if let arn = identity.arn ?? ARN(identity.nativeID) { return AWSNames.name(of: arn) }
        return nil
    }
}

extension AWSShape.Identity {
    /// For error messages: what an item of this shape must have.
    var requirement: String {
        switch self {
        case .ec2(let id): id.description
        case .name(let name): name.description
        case .arn(let arn, orName: let name): "\(arn) or \(name)"
        case .arnOnly(let arn): "an ARN in \(arn)"
        }
    }
}

/// What people call a resource.
enum AWSNames {
    static func name(of arn: ARN) -> String {
        let (kind, name) = arn.kindAndName
        switch kind {
        case "loadbalancer":
            // `loadbalancer/app/NAME/ID`, or `loadbalancer/NAME` of the classic kind.
            let parts = name.split(separator: "/")
            return String(parts.count >= 3 ? parts[1] : name)
        case "targetgroup", "stack", "mesh": return String(name.prefix { $0 != "/" })
        case "nodegroup", "addon", "fargateprofile":
            let parts = name.split(separator: "/")
            return String(parts.count >= 2 ? parts[1] : name)
        case "task-definition", "log-group", "parameter", "secret", "db", "snapshot", "cluster-snapshot": return String(name)
        case "webacl", "regional", "global":
            let parts = name.split(separator: "/")
            return String(parts.count >= 2 ? parts[parts.count - 2] : name)
        default: return arn.lastPart
        }
    }

    /// The name that an answer without a description tells: by the ARN, or for EC2's kinds by the tag `Name`.
    static func name(of arn: ARN?, nativeID: String, tags: TagList?) -> String? {
        if let arn, !arn.isOf(service: "ec2") { return name(of: arn) }
        guard let kind = EC2ResourceIDs.kind(of: nativeID) else { return arn.map { name(of: $0) } }
        return EC2ResourceIDs.hasOwnName(kind: kind) ? nil : tags.map { $0["Name"] ?? "" }
    }
}

extension String {
    var nilIfEmpty: String? { isEmpty ? nil : self }
}

extension JSONView {
    /// What a person calls this kind of value in an error message.
    var kindName: String {
        switch kind {
        case .null: "null"
        case .bool: "a boolean"
        case .int, .double: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
