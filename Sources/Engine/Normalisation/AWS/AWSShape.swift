import Model

/// How one type of resource looks in AWS's answers. A new type is a new entry in its service's table.
///
/// Member names are matched without regard to the case of their first letter: AWS Config writes `vpcId` where the service
/// itself writes `VpcId`.
final class AWSShape: Sendable {
    /// How a resource of this shape is told from all others.
    enum Identity: Sendable {
        /// A member with an id of EC2's kind, which stands alone.
        case ec2(StaticString)
        /// A member with the ARN; where it is missing, one with the name, from which an ARN is made.
        case arn(StaticString, orName: StaticString)
        /// A member with the ARN, without which there is no resource (yet).
        case arnOnly(StaticString)
        /// A member with the name, from which an ARN is made.
        case name(StaticString)
    }

    enum Naming: Sendable {
        case plain
        /// The name may be a URL.
        case queue
        /// Neither region nor account.
        case bucket
        /// The name may have a path before it.
        case hostedZone
        /// `PARENT/NAME`.
        case inParent
    }

    /// Our resource type.
    let type: String
    /// The service's name in ARNs.
    let service: StaticString
    /// What stands before the name in the ARN's resource part: `table/`, `db:`, or nothing.
    let prefix: StaticString
    /// `ec2.describe-volumes`.
    let operations: [StaticString]
    /// Top-level members that hold such resources: a list of objects, a list of names or ARNs, or one object.
    let members: [StaticString]
    /// A list around `members`: `Reservations` around `Instances`.
    let outer: StaticString?
    let identity: Identity
    /// Members that a whole description always has. An item with all of them is recognised by them; one without some of them is
    /// taken for an excerpt, which states only what it holds.
    let whole: [StaticString]
    /// The member with the name; without one, the last part of the ARN or, for EC2, the tag `Name`.
    let name: StaticString?
    /// Where the tags are.
    let tags: AWSPath
    /// True when a whole description without tags means that there are none.
    let absentTagsMeanNone: Bool
    /// Where the account number, or an ARN of the same account, is when the item has no ARN of its own.
    let owner: AWSPath
    /// Where a region or availability zone is when the item has no ARN of its own.
    let zone: AWSPath
    /// Global services' resources have no region.
    let isGlobal: Bool
    /// The member that names the cluster which the ARN's resource part names before the resource itself.
    let parent: StaticString?
    let edges: [AWSEdge]
    /// Members that are no metadata: modelled already, volatile or without use in a query.
    let omitted: AWSNameSet
    /// How ARNs are made of names.
    let naming: Naming

    init(
        _ type: String, service: StaticString, prefix: StaticString = "", operations: [StaticString],
        members: [StaticString], outer: StaticString? = nil, identity: Identity, whole: [StaticString],
        name: StaticString? = nil, tags: AWSPath = ["Tags"], absentTagsMeanNone: Bool = false,
        owner: AWSPath = [], zone: AWSPath = [], isGlobal: Bool = false, parent: StaticString? = nil,
        edges: [AWSEdge] = [], omitted: [StaticString] = []
    ) {
        self.type = type
        self.service = service
        self.prefix = prefix
        self.operations = operations
        self.members = members
        self.outer = outer
        self.identity = identity
        self.whole = whole
        self.name = name
        self.tags = tags
        self.absentTagsMeanNone = absentTagsMeanNone
        self.owner = owner
        self.zone = zone
        self.isGlobal = isGlobal
        self.parent = parent
        self.edges = edges
        var all = omitted
        if let tags = tags.first { all.append(tags) }
        switch identity {
        case .ec2(let id): all.append(id)
        case .arn(let arn, orName: let other): all += [arn, other]
        case .arnOnly(let arn): all.append(arn)
        case .name(let name): all.append(name)
        }
        if let name { all.append(name) }
        self.omitted = AWSNameSet(all)
        naming =
            switch type {
            case "sqs.queue": .queue
            case "s3.bucket": .bucket
            case "route53.hostedzone": .hostedZone
            default: parent == nil ? .plain : .inParent
            }
    }

    /// An EC2 resource: its own id, tags in every description.
    static func ec2(
        _ kind: String, operations: [StaticString], members: [StaticString], outer: StaticString? = nil, id: StaticString,
        whole: [StaticString], name: StaticString? = nil, tags: AWSPath = ["Tags"],
        owner: AWSPath = ["OwnerId"], zone: AWSPath = ["AvailabilityZone"], edges: [AWSEdge] = [],
        omitted: [StaticString] = []
    ) -> AWSShape {
        AWSShape(
            "ec2." + kind, service: "ec2", operations: operations, members: members, outer: outer, identity: .ec2(id),
            whole: [id] + whole, name: name, tags: tags, absentTagsMeanNone: true, owner: owner, zone: zone, edges: edges,
            omitted: omitted + ["OwnerId"])
    }

    /// True when the service itself writes members with capitals.
    var isCapitalised: Bool { members.first.map { $0.utf8Start[0] < UInt8(ascii: "a") } ?? true }

    /// The types of relationship that a whole description states.
    var statedTypes: RelationshipTypes {
        edges.reduce(into: RelationshipTypes()) { $0.insert($1.type) }
    }
}

/// Member names from an item down; arrays on the way are walked through. A plain value, so that walking counts no references.
struct AWSPath: Sendable, ExpressibleByArrayLiteral {
    static let depthMax = 4
    private let names: (StaticString, StaticString, StaticString, StaticString)
    let count: Int

    init(_ path: [StaticString]) {
        precondition(path.count <= Self.depthMax, "the path \(path) is longer than \(Self.depthMax)")
        func name(_ position: Int) -> StaticString { position < path.count ? path[position] : "" }
        names = (name(0), name(1), name(2), name(3))
        count = path.count
    }

    init(arrayLiteral path: StaticString...) { self.init(path) }

    var first: StaticString? { count > 0 ? names.0 : nil }

    subscript(position: Int) -> StaticString {
        switch position {
        case 0: names.0
        case 1: names.1
        case 2: names.2
        default: names.3
        }
    }
}

/// Where in an item the other end of a relationship is named.
struct AWSEdge: Sendable {
    /// How the other end is named.
    enum Target: Sendable {
        /// An id that stands alone, or an ARN.
        case id
        /// The same, among texts that are something else (`local`, an address): an id of EC2's kind, or an ARN.
        case idAmongOthers
        /// An ARN; other text is no relationship.
        case arn
        /// An ARN, or the name of such a resource in the same account and region.
        case named(StaticString, StaticString)
        /// Like `named`, for services without regions.
        case global(StaticString, StaticString)
        /// Ids in one text, separated by commas.
        case listed
        /// A pair `{"name": NAME, "value": id}`.
        case pair(StaticString)
        /// The cluster in the path of an ECS ARN.
        case ecsCluster
        /// `{"deadLetterTargetArn": ARN}` as JSON in a string.
        case redrivePolicy
    }

    let type: RelationshipType
    let path: AWSPath
    let target: Target

    init(_ type: RelationshipType, _ path: StaticString..., to target: Target = .id) {
        self.type = type
        self.path = AWSPath(path)
        self.target = target
    }

    static func kms(_ path: StaticString) -> AWSEdge { AWSEdge(.encryptedWith, path, to: .named("kms", "key/")) }
}
