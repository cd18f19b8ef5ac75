import JSON
import Model

extension AWSReader {
    /// Adds the item's relationships, and says which types it would have stated.
    mutating func connect(
        _ observation: inout Observation, _ item: AWSItem, _ shape: AWSShape, _ identity: Identity, isWhole: Bool, index: Int
    ) {
        var relationships: [Relationship] = []
        for edge in shape.edges {
            guard let name = edge.path.first else { continue }
            let start = item.field(name)
            if isWhole || start != nil { observation.statedTypes.insert(edge.type) }
            start?.each(at: edge.path, from: 1) { value in
                guard relationships.count < Self.relationshipsMax else { return }
                if case .listed = edge.target {
                    for part in (value.string ?? "").split(separator: ",") {
                        relationships.append(Relationship(edge.type, to: targets.id(String(part))))
                    }
                } else if let target = Self.target(value, edge.target, of: identity), target != identity.nativeID {
                    relationships.append(Relationship(edge.type, to: targets.id(target)))
                }
            }
        }
        if relationships.count >= Self.relationshipsMax {
            result.reject(index, "only the first \(Self.relationshipsMax) relationships are kept")
        }
        observation.relationships = relationships
        connectByTags(&observation, identity)
        connectAccount(&observation)
        observation.relationships.sortUniquely()
    }

    /// `in_account`, where the account is known.
    mutating func connectAccount(_ observation: inout Observation) {
        guard let account = observation.accountID else { return }
        observation.relationships.append(Relationship(.inAccount, to: targets.id(account)))
        observation.statedTypes.insert(.inAccount)
    }

    /// What AWS itself says in tags: the stack that made the resource, the launch template, the EKS cluster.
    mutating func connectByTags(_ observation: inout Observation, _ identity: Identity) {
        guard let tags = observation.nativeTags else { return }
        observation.statedTypes.insert(.managedBy)
        for tag in tags.tags where tag.key.hasPrefix("aws:") {
            switch tag.key {
            case "aws:cloudformation:stack-id":
                guard let stack = ARN(tag.value) else { continue }
                observation.relationships.append(Relationship(.managedBy, to: targets.id(stack.text)))
            case "aws:ec2launchtemplate:id" where observation.statedTypes.contains(.createdFrom):
                guard EC2ResourceIDs.kind(of: tag.value) != nil else { continue }
                observation.relationships.append(Relationship(.createdFrom, to: targets.id(tag.value)))
            default: continue
            }
        }
    }

    /// The canonical native id that a value names; nil when it names nothing.
    static func target(_ value: JSONView, _ target: AWSEdge.Target, of identity: Identity) -> String? {
        if case .pair(let name) = target {
            guard value.field("name")?.equals(name) == true, let id = value.field("value")?.nonEmptyString else {
                return nil
            }
            return id
        }
        guard let utf8 = value.utf8, !utf8.isEmpty, utf8.count <= nativeIDBytesMax else { return nil }
        if EC2ResourceIDs.kind(of: utf8) != nil, target.isID {
            // A copied snapshot names a volume that never was.
            return value.equals("vol-ffffffff") ? nil : value.string
        }
        let text = String(decoding: utf8, as: UTF8.self)
        if case .redrivePolicy = target { return deadLetterTarget(text) }
        if let arn = ARN(text) {
            guard case .ecsCluster = target else { return AWSCanonicalID.referenced(arn) }
            return ecsCluster(of: arn)
        }
        switch target {
        case .named(let service, let prefix):
            let hasKind = service.description == "kms" && text.hasPrefix("alias/")
            return ARN.make(
                service: service, region: identity.region, account: identity.accountID, prefix: hasKind ? "" : prefix,
                name: text)
        case .global(let service, let prefix):
            return ARN.make(service: service, region: nil, account: identity.accountID, prefix: prefix, name: text)
        case .id: return text
        case .idAmongOthers, .arn, .listed, .pair, .ecsCluster, .redrivePolicy: return nil
        }
    }

    /// `cluster/NAME` of `container-instance/NAME/ID` and its like; older ARNs do not name the cluster.
    private static func ecsCluster(of arn: ARN) -> String? {
        let parts = arn.kindAndName.name.split(separator: "/")
        guard parts.count == 2 else { return nil }
        return ARN.make(service: "ecs", region: arn.region, account: arn.account, prefix: "cluster/", name: parts[0])
    }

    private static func deadLetterTarget(_ policy: String) -> String? {
        guard let policy = try? JSONValue(parsing: policy), let target = policy["deadLetterTargetArn"]?.string else {
            return nil
        }
        return ARN(target).map(AWSCanonicalID.canonical)
    }
}

extension AWSEdge.Target {
    fileprivate var isID: Bool {
        switch self {
        case .id, .idAmongOthers: true
        case .arn, .named, .global, .listed, .pair, .ecsCluster, .redrivePolicy: false
        }
    }
}

extension [Relationship] {
    /// Sorts, and keeps each once.
    mutating func sortUniquely() {
        guard count > 1 else { return }
        sort()
        var kept = 1
        for position in 1..<count where self[position] != self[kept - 1] {
            self[kept] = self[position]
            kept += 1
        }
        removeLast(count - kept)
    }
}
