import JSON
import Model

/// Amazon's payloads: what the AWS CLI and SDKs print, AWS Config items, and lists and single ones of what stands in them.
enum AWSNormaliser {
    static func normalise(_ payload: JSONView, hints: IngestHints, into result: inout NormalisedPayload) {
        var reader = AWSReader(hints: hints, into: result)
        let operation = hints.operation.map(AWSOperation.canonical)
        let shapes = operation.map(AWSShapes.shapes(operation:)) ?? []
        reader.read(payload, expecting: shapes, operation: operation, depth: 0)
        result = reader.result
    }
}

/// The name of a call in the CLI's spelling.
enum AWSOperation {
    /// `ec2.describe-volumes` of `ec2 describe-volumes`, `ec2:DescribeVolumes`, `EC2.DescribeVolumes` and itself.
    static func canonical(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0x20 || $0 == UInt8(ascii: ":") || ($0 >= 0x41 && $0 <= 0x5A) }) else {
            return text
        }
        var result: [UInt8] = []
        var isInCall = false
        var previous: UInt8 = 0
        for byte in text.utf8.prefix(256) {
            let isUpper = byte >= 0x41 && byte <= 0x5A
            if byte == 0x20 || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".") {
                if isInCall { continue }
                isInCall = true
                result.append(UInt8(ascii: "."))
            } else if isUpper {
                // `DescribeDBInstances` is `describe-db-instances`: a run of capitals is one word.
                let wasUpper = previous >= 0x41 && previous <= 0x5A
                if isInCall, !wasUpper, result.last != UInt8(ascii: "."), result.last != UInt8(ascii: "-") {
                    result.append(UInt8(ascii: "-"))
                }
                result.append(byte | 0x20)
            } else {
                let wasRun = result.count >= 2 && previous >= 0x41 && previous <= 0x5A
                if isInCall, wasRun, byte >= 0x61, byte <= 0x7A, let last = result.last, let before = result.dropLast().last,
                    before != UInt8(ascii: "-"), before != UInt8(ascii: ".")
                {
                    // The last capital of a run begins the next word: `DBInstances`.
                    result.removeLast()
                    result += [UInt8(ascii: "-"), last]
                }
                result.append(byte)
            }
            previous = byte
        }
        return String(decoding: result, as: UTF8.self)
    }
}

extension AWSReader {
    /// A list of lists of pages is read, deeper ones are not.
    private static let listDepthMax = 2

    /// Reads a page, an item, or a list of these.
    mutating func read(_ payload: JSONView, expecting shapes: [AWSShape], operation: String?, depth: Int) {
        switch payload.kind {
        case .object: readPage(payload, expecting: shapes, operation: operation)
        case .array where depth < Self.listDepthMax:
            for element in payload.elements { read(element, expecting: shapes, operation: operation, depth: depth + 1) }
        case .string:
            if let shape = shapes.first {
                read(payload, as: shape, in: scope)
            } else {
                readARN(payload)
            }
        default:
            let index = nextIndex()
            result.reject(index, "expected an object, found \(payload.kindName)")
        }
    }

    private mutating func readPage(_ page: JSONView, expecting shapes: [AWSShape], operation: String?) {
        if readConfig(page) { return }
        for shape in shapes where readMembers(of: page, as: shape) { return }
        if let shape = AWSShapes.shape(of: page) { return read(page, as: shape, in: scope) }
        for shape in shapes where identify(page, as: shape, in: scope) != nil { return read(page, as: shape, in: scope) }
        if readKnownMembers(page) { return }
        if readTagAnswer(page, operation: operation) { return }
        if readAttributes(page, operation: operation) { return }
        if readTargetHealth(page) { return }
        if readUnknown(page, operation: operation) { return }
        // An answer without a resource in it.
        let isEmpty = page.members.allSatisfy {
            Self.isSurrounding($0.key) || $0.value.isNull || $0.value.isEmptyContainer
        }
        if isEmpty { return }
        let index = nextIndex()
        result.reject(index, Self.unrecognised(page, expecting: shapes, operation: operation))
    }

    /// What was looked for, and what would help.
    private static func unrecognised(_ page: JSONView, expecting shapes: [AWSShape], operation: String?) -> String {
        let names = shapes.flatMap { ($0.outer.map { [$0] } ?? []) + $0.members }.map { "`\($0)`" }
        let wanted =
            names.isEmpty
            ? "lists of known calls (`Reservations`, `Volumes`, `Buckets` …), AWS Config items, tags, ARNs and EC2 ids"
            : names.joined(separator: ", ")
        let advice =
            operation.map { "is it the answer of \($0)?" }
            ?? "name the call with ?operation= (for instance ec2.describe-volumes)"
        return "no resource was recognised \(page.membersInWords); looked for \(wanted); \(advice)"
    }

    /// What an answer has beside its resources.
    static func isSurrounding(_ key: JSONView) -> Bool {
        surroundings.contains { key.isNamed($0) }
    }

    private static let surroundings: [StaticString] = [
        "NextToken", "Marker", "NextMarker", "IsTruncated", "PaginationToken", "ResponseMetadata", "failures", "MaxItems",
        "MaxResults", "MaxRecords", "Truncated", "Owner", "ReservationId", "RequesterId", "OwnerId", "Prefix",
        "LastEvaluatedTableName", "Errors", "errors", "failedResources", "Code", "Tags", "$metadata",
    ]

    /// Reads what the members of `shape` hold. False when the page has none of them.
    private mutating func readMembers(of page: JSONView, as shape: AWSShape) -> Bool {
        var found = false
        if let outer = shape.outer, let list = page[dynamic: outer.description] {
            found = true
            for element in list.elements { readOuter(element, as: shape) }
        }
        for member in shape.members {
            guard let value = page[dynamic: member.description] else { continue }
            found = true
            readMember(value, as: shape, page: page)
        }
        return found
    }

    /// A reservation: its owner is its instances'.
    private mutating func readOuter(_ reservation: JSONView, as shape: AWSShape) {
        guard let member = shape.members.first, let instances = reservation.field(member) else {
            let index = nextIndex()
            return result.reject(index, "a reservation without \(shape.members.first?.description ?? "")")
        }
        readMember(instances, as: shape, page: reservation)
    }

    private mutating func readMember(_ value: JSONView, as shape: AWSShape, page: JSONView) {
        var scope = self.scope
        if let owner = page["OwnerId"]?.accountID { scope.accountID = owner }
        switch value.kind {
        case .array:
            for element in value.elements { read(element, as: shape, in: scope) }
        case .object: read(value, as: shape, in: scope, tagsBeside: page["Tags"] ?? page["tags"])
        case .null: break
        default:
            let index = nextIndex()
            result.reject(index, "expected a list of \(shape.type), found \(value.kindName)")
        }
    }

    /// Reads every member of a page whose name and content fit a known shape.
    private mutating func readKnownMembers(_ page: JSONView) -> Bool {
        // With an id of its own it is no page, but an excerpt of a resource: its lists are parts of it.
        let hasOwnID = page.members.prefix(AWSShapes.tellingMembersMax).contains { member in
            member.value.utf8.map { EC2ResourceIDs.kind(of: $0) != nil } == true
        }
        if hasOwnID { return false }
        var found = false
        for (key, value) in page.members where value.isArray || value.isObject {
            guard let name = key.utf8, let shape = shape(of: value, under: name) else { continue }
            found = true
            if let outer = shape.outer, key.equals(outer) {
                for element in value.elements { readOuter(element, as: shape) }
            } else {
                readMember(value, as: shape, page: page)
            }
        }
        return found
    }

    /// Several services use the same name (`clusters`): the content decides.
    private func shape(of value: JSONView, under name: UnsafeBufferPointer<UInt8>) -> AWSShape? {
        var found: AWSShape?
        AWSShapes.shapes(member: name) { candidate in
            if fits(value, candidate, under: name) { found = candidate }
            return found != nil
        }
        return found
    }

    private func fits(_ value: JSONView, _ shape: AWSShape, under name: UnsafeBufferPointer<UInt8>) -> Bool {
        if let outer = shape.outer,
            name.elementsEqual(UnsafeBufferPointer(start: outer.utf8Start, count: outer.utf8CodeUnitCount))
        {
            return value.isArray
        }
        if value.isObject { return fits(item: value, shape) }
        for element in value.elements {
            if element.isObject, fits(item: element, shape) { return true }
            guard let text = element.string else { continue }
            if let arn = ARN(text) { return arn.isOf(service: shape.service) }
            if case .ec2 = shape.identity { return EC2ResourceIDs.kind(of: text) != nil }
            return true
        }
        return false
    }

    /// An EC2 shape needs an id of EC2's kind, or a whole description: FSx, too, has `Volumes` with a `VolumeId`.
    private func fits(item: JSONView, _ shape: AWSShape) -> Bool {
        guard let identity = identify(item, as: shape, in: scope) else { return false }
        guard case .ec2 = shape.identity else { return true }
        return EC2ResourceIDs.kind(of: identity.nativeID).map { "ec2." + $0 } == shape.type
            || shape.whole.allSatisfy { item.field($0) != nil }
    }
}

extension JSONView {
    var isEmptyContainer: Bool {
        for _ in elements { return false }
        for _ in members { return false }
        return isArray || isObject
    }
}
