import JSON

/// All known shapes, and the ways to find one.
enum AWSShapes {
    static let all: [AWSShape] =
        EC2Shapes.all + EC2NetworkShapes.all + LoadBalancingShapes.all + RDSShapes.all + S3Shapes.all + LambdaShapes.all
        + EKSShapes.all + ECSShapes.all + IAMShapes.all + DynamoDBShapes.all + MessagingShapes.all + OtherShapes.all

    /// Names of members to shapes, by the length of the name: a few comparisons instead of a hash.
    private struct Index {
        var byLength: [[(name: StaticString, shape: AWSShape)]] = Array(repeating: [], count: 64)

        mutating func add(_ name: StaticString, _ shape: AWSShape) {
            precondition(name.utf8CodeUnitCount < byLength.count, "\(name) is longer than the index of shapes expects")
            byLength[name.utf8CodeUnitCount].append((name, shape))
        }

        func candidates(_ length: Int) -> [(name: StaticString, shape: AWSShape)] {
            length < byLength.count ? byLength[length] : []
        }
    }

    private static let byMember: Index = {
        var index = Index()
        for shape in all {
            for member in shape.members { index.add(member, shape) }
            if let outer = shape.outer { index.add(outer, shape) }
        }
        return index
    }()

    private static let byFirstOfWhole: Index = {
        var index = Index()
        for shape in all {
            if let first = shape.whole.first { index.add(first, shape) }
        }
        return index
    }()

    /// The shape that a call answers with: `ec2.describe-volumes`.
    static func shapes(operation: String) -> [AWSShape] {
        all.filter { shape in shape.operations.contains { $0.description == operation } }
    }

    /// Shapes held by a top-level member of that name (or by a list in the list of that name).
    static func shapes(member name: UnsafeBufferPointer<UInt8>, _ body: (AWSShape) -> Bool) {
        for candidate in byMember.candidates(name.count) {
            let wanted = UnsafeBufferPointer(start: candidate.name.utf8Start, count: candidate.name.utf8CodeUnitCount)
            guard name.elementsEqual(wanted) else { continue }
            if body(candidate.shape) { return }
        }
    }

    /// Most members of an object that are looked at to learn what it is: a repeated name must not cost a search each time.
    static let tellingMembersMax = 256

    /// The shape of an object by its own members.
    static func shape(of item: JSONView) -> AWSShape? {
        for (key, _) in item.members.prefix(tellingMembersMax) {
            guard let name = key.utf8 else { continue }
            for candidate in byFirstOfWhole.candidates(name.count)
            where key.isNamed(candidate.name) && candidate.shape.whole.allSatisfy({ item.field($0) != nil }) {
                return candidate.shape
            }
        }
        return nil
    }

    /// The shape of resources of one of our types.
    static func shape(type: String) -> AWSShape? { all.first { $0.type == type } }
}
