import JSON
import Model

/// Answers of calls that have no shape of their own: whatever has an ARN, an EC2 id or, where the call says the service, a
/// name is a resource.
extension AWSReader {
    /// The parts that many services spell alike.
    private static let shape = AWSShape(
        "", service: "", operations: [], members: [], identity: .name(""), whole: [], tags: [],
        edges: [
            AWSEdge(.inNetwork, "VpcId"),
            AWSEdge(.inNetwork, "VpcConfig", "VpcId"),
            AWSEdge(.inNetwork, "VPCOptions", "VPCId"),
            AWSEdge(.inSubnet, "SubnetId"),
            AWSEdge(.inSubnet, "SubnetIds"),
            AWSEdge(.inSubnet, "VpcConfig", "SubnetIds"),
            AWSEdge(.inSubnet, "VPCOptions", "SubnetIds"),
            AWSEdge(.memberOf, "SecurityGroupIds"),
            AWSEdge(.memberOf, "SecurityGroups", to: .idAmongOthers),
            AWSEdge(.memberOf, "VpcConfig", "SecurityGroupIds"),
            AWSEdge(.memberOf, "VPCOptions", "SecurityGroupIds"),
            .kms("KmsKeyId"),
            AWSEdge(.encryptedWith, "KmsKeyArn", to: .arn),
            AWSEdge(.runsAs, "RoleArn", to: .arn),
            AWSEdge(.runsAs, "ServiceRole", to: .arn),
        ],
        omitted: ["Tags", "TagList", "TagSet", "Policy", "PolicyDocument", "Environment"])

    private static let tagMembers: [StaticString] = ["Tags", "TagList", "TagSet", "ResourceTags"]

    /// False when nothing in `page` is a resource.
    mutating func readUnknown(_ page: JSONView, operation: String?) -> Bool {
        var found = false
        for (key, value) in page.members where !Self.isSurrounding(key) {
            guard value.isArray || value.isObject, let name = key.string else { continue }
            let kind = Self.singular(name)
            if value.isArray {
                found = readUnknownList(value, kind: kind, operation: operation) || found
            } else if unknownIdentity(value, kind: kind, operation: operation) != nil {
                readUnknownItem(value, kind: kind, operation: operation, tagsBeside: page["Tags"] ?? page["tags"])
                found = true
            } else if let items = value["Items"], items.isArray {
                // `DistributionList` of CloudFront.
                found = readUnknownList(items, kind: kind, operation: operation) || found
            }
        }
        guard !found, unknownIdentity(page, kind: "", operation: operation) != nil else { return found }
        readUnknownItem(page, kind: "", operation: operation, tagsBeside: nil)
        return true
    }

    private mutating func readUnknownList(_ list: JSONView, kind: String, operation: String?) -> Bool {
        let isOfResources = list.elements.contains {
            $0.isObject
                ? unknownIdentity($0, kind: kind, operation: operation) != nil : $0.string.map { ARN($0) != nil } == true
        }
        guard isOfResources else { return false }
        for element in list.elements {
            if element.isString {
                readARN(element)
            } else {
                readUnknownItem(element, kind: kind, operation: operation, tagsBeside: nil)
            }
        }
        return true
    }

    /// A text that must be an ARN, or an EC2 id.
    mutating func readARN(_ text: JSONView) {
        let index = nextIndex()
        let value = text.string ?? ""
        guard value.utf8.count <= Self.nativeIDBytesMax, ARN(value) != nil || EC2ResourceIDs.kind(of: value) != nil else {
            return result.reject(index, "expected an object or an ARN; a name alone needs ?operation=")
        }
        let identity = Self.identity(of: value, in: scope)
        var observation = Observation(
            provider: .aws, resourceID: identity.nativeID, resourceType: Self.type(of: identity),
            name: AWSNames.name(of: identity.arn, nativeID: identity.nativeID, tags: nil), accountID: identity.accountID,
            region: identity.region)
        connectAccount(&observation)
        result.observations.append(observation)
    }

    private mutating func readUnknownItem(_ item: JSONView, kind: String, operation: String?, tagsBeside: JSONView?) {
        let index = nextIndex()
        guard let (identity, type) = unknownIdentity(item, kind: kind, operation: operation) else {
            return result.reject(index, "no ARN, id or name was found in \(item.kindName)")
        }
        guard identity.nativeID.utf8.count <= Self.nativeIDBytesMax else {
            return result.reject(index, "the id has more than \(Self.nativeIDBytesMax) bytes")
        }
        var tags = tagsBeside
        for member in Self.tagMembers {
            if let found = item.field(member) { tags = found }
        }
        describe(item, as: Self.shape, type: type, identity, tagsBeside: tags, index: index)
        let position = result.observations.count - 1
        if let name = item.field("Name")?.nonEmptyString ?? item.field(kind, and: "Name")?.nonEmptyString {
            result.observations[position].name = name
        } else if identity.arn == nil {
            result.observations[position].name = AWSNames.name(
                of: nil, nativeID: identity.nativeID, tags: result.observations[position].nativeTags)
        }
    }

    /// What tells an item of a kind (`Listener` of `Listeners`) from all others, and its type.
    private func unknownIdentity(_ item: JSONView, kind: String, operation: String?) -> (Identity, String)? {
        guard item.isObject else { return nil }
        if let arn = ownARN(item, kind: kind) {
            var identity = Self.identity(of: arn)
            identity.accountID = identity.accountID ?? scope.accountID
            return (identity, arn.resourceType)
        }
        guard !kind.isEmpty else { return nil }
        if let id = item.field(kind, and: "Id")?.nonEmptyString, let ec2 = EC2ResourceIDs.kind(of: id) {
            let owner = item.field("OwnerId")?.accountID
            let zone = item.field("AvailabilityZone")?.nonEmptyString.flatMap(Region.of(zone:))
            return (Identity(nativeID: id, accountID: owner ?? scope.accountID, region: zone ?? scope.region), "ec2." + ec2)
        }
        guard let service = operation?.split(separator: ".").first, operation?.contains(".") == true else { return nil }
        let name =
            item.field(kind, and: "Name") ?? item.field(kind, and: "Identifier") ?? item.field(kind, and: "Id")
            ?? item.field("Name") ?? item.field("Id") ?? item.field(kind, and: "")
        guard let name = name?.idText else { return nil }
        let resource = kind.lowercased()
        let region = scope.region ?? ""
        let text = "arn:\(ARN.partition(of: region)):\(service):\(region):\(scope.accountID ?? ""):\(resource)/\(name)"
        guard let arn = ARN(text) else { return nil }
        return (Self.identity(of: arn), "\(service).\(resource)")
    }

    /// The item's own ARN, not one of something that it uses: `Arn`, `ListenerArn` of a `Listener`, or `XArn` beside `XName`
    /// or `XId`.
    private func ownARN(_ item: JSONView, kind: String) -> ARN? {
        for name in ["Arn", "ARN", "ResourceArn", "ResourceARN"] as [StaticString] {
            if let arn = item.field(name)?.string.flatMap({ ARN($0) }) { return arn }
        }
        if !kind.isEmpty, let value = item.field(kind, and: "Arn") ?? item.field(kind, and: "ARN"), let text = value.string {
            return ARN(text)
        }
        for (key, value) in item.members.prefix(AWSShapes.tellingMembersMax) {
            guard let name = key.string, name.hasSuffix("Arn") || name.hasSuffix("ARN"), value.isString else { continue }
            let stem = String(name.dropLast(3))
            let isNamedToo = ["Name", "Id", "Identifier"].contains { item.field(stem, and: $0) != nil }
            if isNamedToo, let arn = value.string.flatMap({ ARN($0) }) { return arn }
        }
        return nil
    }

    /// `Listener` of `Listeners`, `Certificate` of `CertificateSummaryList`, `repository` of `repositories`.
    static func singular(_ name: String) -> String {
        var kind = name[...]
        for suffix in ["List", "Set", "Summaries", "Summary", "Descriptions", "Description", "Details", "Info", "Status"]
        where kind.hasSuffix(suffix) && kind.utf8.count > suffix.utf8.count {
            kind = kind.dropLast(suffix.count)
        }
        if kind.hasSuffix("ies") { return kind.dropLast(3) + "y" }
        if kind.hasSuffix("sses") { return String(kind.dropLast(2)) }
        if kind.hasSuffix("s"), !kind.hasSuffix("ss") { return String(kind.dropLast()) }
        return String(kind)
    }
}

extension JSONView {
    /// The member named `kind` followed by `suffix`, whatever the case of its first letter.
    fileprivate func field(_ kind: String, and suffix: String) -> JSONView? {
        guard !kind.isEmpty else { return nil }
        let first = kind.prefix(1)
        let rest = kind.dropFirst() + suffix
        return self[dynamic: first.uppercased() + rest] ?? self[dynamic: first.lowercased() + rest]
    }
}
