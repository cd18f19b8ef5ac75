/// The one stored form of a resource's row: in memory, in the log and in the checkpoint.
///
/// Layout: format, changed index, judged-under version, base time, then tags, compliance, resource. Times are
/// differences to the base time in milliseconds. The resource's id is not inside; whoever keeps the bytes keeps the id.
/// Where something was found along relationships that stands last, and the row has a format of its own.
package enum RecordCodec {
    package static let format: UInt8 = 2
    package static let formatWithRelations: UInt8 = 3

    package static func encode(_ record: ResourceRecord) -> [UInt8] {
        var writer = ByteWriter(reserving: 2048)
        let base = record.resource.firstSeen
        writer.byte(record.resource.relations.isEmpty ? format : formatWithRelations)
        writer.varint(record.changedIndex)
        writer.varint(record.judgedUnder)
        writer.zigzag(base.milliseconds)
        writer.varint(record.tags.count)
        for tag in record.tags {
            writer.string(tag.key)
            writer.varint(tag.losers.count)
            writer.assertion(tag.winner, base: base)
            for loser in tag.losers { writer.assertion(loser, base: base) }
        }
        writer.varint(record.compliance.count)
        for result in record.compliance {
            writer.uuid(result.policyID)
            writer.time(result.checkedAt, base: base)
            // One bit tells whether a waiver follows.
            writer.varint(result.violations.count << 1 | (result.waiverID == nil ? 0 : 1))
            if let waiver = result.waiverID { writer.uuid(waiver) }
            for violation in result.violations {
                writer.byte(violation.code.code)
                writer.string(violation.tagKey)
                writer.string(violation.value)
            }
        }
        writer.resource(record.resource, base: base)
        return writer.exactBytes
    }

    package static func decode(_ bytes: [UInt8], id: ResourceID) throws(CodecError) -> ResourceRecord {
        // `withUnsafeBytes` rethrows untyped; carry the typed error out by hand.
        let result: Result<ResourceRecord, CodecError> = bytes.withUnsafeBytes { raw in
            do throws(CodecError) {
                return .success(try decode(raw, id: id))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    package static func decode(_ raw: UnsafeRawBufferPointer, id: ResourceID) throws(CodecError) -> ResourceRecord {
        var reader = ByteReader(raw)
        let head = try reader.rowHead()
        let tags = try reader.tags(base: head.base)
        let compliance = try reader.compliance(base: head.base)
        var resource = try reader.resource(id: id, base: head.base)
        if head.hasRelations { resource.relations = try reader.relations() }
        guard reader.atEnd else { throw CodecError("bytes are left over after the row of \(id)") }
        return ResourceRecord(
            resource: resource, tags: tags, compliance: compliance, judgedUnder: head.judgedUnder,
            changedIndex: head.changedIndex)
    }

    /// The claims that people and models made on a stored row's tags (`VirtualTag.stated`), without making the rest.
    package static func statedTags(of raw: UnsafeRawBufferPointer) throws(CodecError) -> [VirtualTag] {
        var reader = ByteReader(raw)
        let head = try reader.rowHead()
        return try reader.statedTags(base: head.base)
    }

    /// The index in the head of a stored row.
    package static func changedIndex(of bytes: [UInt8]) throws(CodecError) -> UInt64 {
        let result: Result<UInt64, CodecError> = bytes.withUnsafeBytes { raw in
            do throws(CodecError) {
                var reader = ByteReader(raw)
                return .success(try reader.rowHead().changedIndex)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// The same of a row where it lies.
    package static func changedIndex(of row: UnsafeRawBufferPointer) throws(CodecError) -> UInt64 {
        var reader = ByteReader(row)
        return try reader.rowHead().changedIndex
    }
}

extension ByteWriter {
    fileprivate mutating func time(_ time: Timestamp, base: Timestamp) { zigzag(time.milliseconds &- base.milliseconds) }

    /// One byte holds the source and what follows: 4 = a rule, 8 = a confidence below 1, 16 = updated after it was made.
    fileprivate mutating func assertion(_ assertion: TagAssertion, base: Timestamp) {
        var flags = assertion.source.code
        if assertion.ruleID != nil { flags |= 4 }
        if assertion.confidence != 1 { flags |= 8 }
        if assertion.updatedAt != assertion.createdAt { flags |= 16 }
        byte(flags)
        string(assertion.value)
        string(assertion.createdBy)
        time(assertion.createdAt, base: base)
        if assertion.updatedAt != assertion.createdAt { time(assertion.updatedAt, base: assertion.createdAt) }
        if assertion.confidence != 1 { double(assertion.confidence) }
        if let rule = assertion.ruleID {
            uuid(rule)
            varint(assertion.ruleVersion)
            zigzag(Int64(assertion.priority))
        }
    }

    fileprivate mutating func resource(_ resource: Resource, base: Timestamp) {
        byte(resource.provider.code)
        string(resource.resourceID)
        string(resource.resourceType)
        string(resource.name)
        string(resource.accountID)
        string(resource.region)
        varint(resource.version)
        time(resource.lastSeen, base: base)
        varint(resource.nativeTags.count)
        for tag in resource.nativeTags.tags {
            string(tag.key)
            string(tag.value)
        }
        blob(resource.metadata.bytes)
        varint(resource.relationships.count)
        for relationship in resource.relationships {
            byte(relationship.type.rawValue)
            uuid(relationship.target.uuid)
        }
        varint(resource.costs.count)
        for line in resource.costs {
            zigzag(Int64(line.month))
            string(line.service)
            string(line.currency)
            zigzag(line.billedNanos)
            zigzag(line.effectiveNanos)
            varint(line.upload)
        }
        relations(resource.relations)
    }

    /// Nothing where there are none.
    private mutating func relations(_ facts: [RelationFact]) {
        guard !facts.isEmpty else { return }
        varint(facts.count)
        for fact in facts {
            uuid(fact.query)
            string(fact.value)
            varint(fact.path.count)
            for step in fact.path { uuid(step.uuid) }
        }
    }
}

extension ByteReader {
    /// The part of a row that `RowSections` calls so.
    package mutating func tags(base: Timestamp) throws(CodecError) -> [VirtualTag] {
        var tags: [VirtualTag] = []
        let tagCount = try count()
        tags.reserveCapacity(tagCount)
        for _ in 0..<tagCount { tags.append(try tag(base: base)) }
        return tags
    }

    private mutating func tag(base: Timestamp) throws(CodecError) -> VirtualTag {
        let key = try string()
        let loserCount = try count()
        let winner = try assertion(base: base)
        var losers: [TagAssertion] = []
        for _ in 0..<loserCount { losers.append(try assertion(base: base)) }
        return VirtualTag(key: key, winner: winner, losers: losers)
    }

    /// The same, of the claims of people and models alone.
    fileprivate mutating func statedTags(base: Timestamp) throws(CodecError) -> [VirtualTag] {
        var tags: [VirtualTag] = []
        for _ in 0..<(try count()) {
            var ahead = self
            guard try skipTagFindingStated() else { continue }
            if let stated = try ahead.tag(base: base).stated { tags.append(stated) }
        }
        return tags
    }

    /// The part of a row that `RowSections` calls so.
    package mutating func compliance(base: Timestamp) throws(CodecError) -> [ComplianceResult] {
        var compliance: [ComplianceResult] = []
        let resultCount = try count()
        compliance.reserveCapacity(resultCount)
        for _ in 0..<resultCount {
            let policy = try uuid()
            let checkedAt = try time(base: base)
            var violations: [Violation] = []
            let head = try resultHead()
            for _ in 0..<head.violations {
                let code = Int(try byte())
                guard code < Violation.Code.allCases.count else { throw CodecError("unknown kind of violation \(code)") }
                violations.append(Violation(Violation.Code.allCases[code], tagKey: try string(), value: try string()))
            }
            compliance.append(
                ComplianceResult(policyID: policy, violations: violations, waiverID: head.waiver, checkedAt: checkedAt))
        }
        return compliance
    }

    /// How many violations follow, and what waives them.
    mutating func resultHead() throws(CodecError) -> (violations: Int, waiver: UUID128?) {
        let head = try varint()
        let waiver = head & 1 == 0 ? nil : try uuid()
        // Each violation takes three bytes at least.
        guard head >> 1 <= UInt64(remaining) else { throw CodecError("a length reaches past the end") }
        return (Int(head >> 1), waiver)
    }

    fileprivate mutating func time(base: Timestamp) throws(CodecError) -> Timestamp {
        Timestamp(milliseconds: base.milliseconds &+ (try zigzag()))
    }

    fileprivate mutating func assertion(base: Timestamp) throws(CodecError) -> TagAssertion {
        let flags = try byte()
        guard flags < 32, let source = TagSource(code: flags & 3) else {
            throw CodecError("unknown flags of a tag: \(flags)")
        }
        let value = try string()
        let createdBy = try string()
        let createdAt = try time(base: base)
        let updatedAt = flags & 16 != 0 ? try time(base: createdAt) : createdAt
        let confidence = flags & 8 != 0 ? try double() : 1
        guard flags & 4 != 0 else {
            return TagAssertion(
                value: value, source: source, confidence: confidence, createdBy: createdBy, createdAt: createdAt,
                updatedAt: updatedAt)
        }
        return TagAssertion(
            value: value, source: source, confidence: confidence, ruleID: try uuid(), ruleVersion: try varint(),
            priority: Int32(truncatingIfNeeded: try zigzag()), createdBy: createdBy, createdAt: createdAt,
            updatedAt: updatedAt)
    }

    /// The part of a row that `RowSections` calls so.
    package mutating func resource(id: ResourceID, base: Timestamp) throws(CodecError) -> Resource {
        let code = try byte()
        guard let provider = Provider(code: code) else { throw CodecError("unknown provider \(code) in the row of \(id)") }
        let resourceID = try string()
        let type = try string()
        let name = try string()
        let account = try string()
        let region = try string()
        let version = try varint()
        let lastSeen = try time(base: base)
        var tags: [Tag] = []
        let tagCount = try count()
        tags.reserveCapacity(tagCount)
        for _ in 0..<tagCount { tags.append(Tag(try string(), try string())) }
        let metadata = JSONText(trusted: try blob())
        var relationships: [Relationship] = []
        let relationshipCount = try count()
        relationships.reserveCapacity(relationshipCount)
        for _ in 0..<relationshipCount {
            let typeCode = try byte()
            guard let type = RelationshipType(rawValue: typeCode) else {
                throw CodecError("unknown relationship type \(typeCode) in the row of \(id)")
            }
            relationships.append(Relationship(type, to: ResourceID(try uuid())))
        }
        var costs: [CostLine] = []
        for _ in 0..<(try count()) {
            costs.append(
                CostLine(
                    month: Int32(truncatingIfNeeded: try zigzag()), service: try string(), currency: try string(),
                    billedNanos: try zigzag(), effectiveNanos: try zigzag(), upload: try varint()))
        }
        return Resource(
            id: id, provider: provider, resourceID: resourceID, resourceType: type, name: name, accountID: account,
            region: region, nativeTags: TagList(sorted: tags), metadata: metadata, relationships: relationships,
            version: version, firstSeen: base, lastSeen: lastSeen, costs: costs)
    }

    fileprivate mutating func relations() throws(CodecError) -> [RelationFact] {
        var facts: [RelationFact] = []
        let number = try count()
        guard number > 0 else {
            throw CodecError("a row has nothing where it should have what was found along relationships")
        }
        for _ in 0..<number {
            let query = try uuid()
            let value = try string()
            var path: [ResourceID] = []
            for _ in 0..<(try count()) { path.append(ResourceID(try uuid())) }
            facts.append(RelationFact(query: query, value: value, path: path))
        }
        return facts
    }
}
