import Conditions
import JSON
import Model

extension JSONWriter {
    mutating func uuid(_ value: UUID128) { string(value.description) }
    mutating func time(_ value: Timestamp) { string(value.description) }

    mutating func optional(_ name: StaticString, _ value: UUID128?) {
        key(name)
        if let value { uuid(value) } else { null() }
    }

    mutating func optional(_ name: StaticString, _ value: String?) {
        key(name)
        if let value { string(value) } else { null() }
    }

    mutating func member(_ name: StaticString, _ value: String) {
        key(name)
        string(value)
    }

    mutating func member(_ name: StaticString, _ value: some BinaryInteger) {
        key(name)
        int(value)
    }

    mutating func member(_ name: StaticString, _ value: Bool) {
        key(name)
        bool(value)
    }

    /// A list in the form that all lists have.
    mutating func page<Item>(_ items: some Sequence<Item>, next: String?, _ item: (inout JSONWriter, Item) -> Void) {
        beginObject()
        key("items")
        beginArray()
        for element in items { item(&self, element) }
        endArray()
        optional("next_cursor", next)
        endObject()
    }

    mutating func resource(_ record: ResourceRecord) {
        let resource = record.resource
        beginObject()
        key("id")
        uuid(resource.id.uuid)
        member("provider", resource.provider.rawValue)
        member("resource_id", resource.resourceID)
        member("resource_type", resource.resourceType)
        member("name", resource.name)
        member("account_id", resource.accountID)
        member("region", resource.region)
        key("native_tags")
        beginObject()
        for tag in resource.nativeTags.tags {
            key(tag.key)
            string(tag.value)
        }
        endObject()
        key("metadata")
        raw(resource.metadata.bytes)
        key("relationships")
        beginArray()
        for relationship in resource.relationships {
            beginObject()
            member("type", relationship.type.name)
            key("target")
            uuid(relationship.target.uuid)
            endObject()
        }
        endArray()
        if !resource.costs.isEmpty { costs(resource.costs) }
        member("compliant", record.isCompliant)
        member("version", resource.version)
        key("first_seen")
        time(resource.firstSeen)
        key("last_seen")
        time(resource.lastSeen)
        endObject()
    }

    private mutating func costs(_ lines: [CostLine]) {
        key("costs")
        beginArray()
        for line in lines {
            beginObject()
            costLine(line)
            endObject()
        }
        endArray()
    }

    /// The members of a cost line, without the braces.
    mutating func costLine(_ line: CostLine) {
        member("month", Self.month(line.month))
        member("service", line.service)
        member("currency", line.currency)
        member("billed_cost", Self.decimal(nanos: line.billedNanos))
        member("effective_cost", Self.decimal(nanos: line.effectiveNanos))
    }

    /// `202609` as `2026-09`.
    private static func month(_ month: Int32) -> String {
        let number = Int(month) % 100
        return "\(Int(month) / 100)-\(number < 10 ? "0" : "")\(number)"
    }

    /// Billionths as an exact decimal, a string so that no reader rounds it.
    static func decimal(nanos: some SignedInteger & FixedWidthInteger) -> String {
        let magnitude = nanos.magnitude
        let fraction = String(magnitude % 1_000_000_000)
        let padded = String(repeating: "0", count: 9 - fraction.count) + fraction
        var digits = Substring(padded)
        while digits.last == "0" { digits.removeLast() }
        return "\(nanos < 0 ? "-" : "")\(magnitude / 1_000_000_000)\(digits.isEmpty ? "" : ".\(digits)")"
    }

    /// All tags of a resource, as `GET /resources/{id}/virtual-tags` answers.
    mutating func tags(of record: ResourceRecord) {
        page(record.tags, next: nil) { $0.tag($1, of: record.resource.id) }
    }

    /// - Parameter warnings: what was odd about setting it; left out where nothing was set.
    mutating func tag(_ tag: VirtualTag, of id: ResourceID, warnings: ValidationErrors? = nil) {
        beginObject()
        key("id")
        uuid(PartID.virtualTag(of: id, key: tag.key))
        key("resource_id")
        uuid(id.uuid)
        member("tag_key", tag.key)
        claim(tag.winner)
        key("provenance")
        beginArray()
        for loser in tag.losers {
            beginObject()
            claim(loser)
            endObject()
        }
        endArray()
        if let warnings {
            key("warnings")
            value(warnings.json)
        }
        endObject()
    }

    /// What one source says of a tag's value; `StoredTagsRenderer` writes the same from a stored row.
    mutating func claim(_ claim: TagAssertion) {
        member("tag_value", claim.value)
        member("source", claim.source.rawValue)
        key("confidence")
        double(claim.confidence)
        optional("rule_id", claim.ruleID)
        key("rule_version")
        if claim.ruleID != nil { int(claim.ruleVersion) } else { null() }
        member("created_by", claim.createdBy)
        key("created_at")
        time(claim.createdAt)
        key("updated_at")
        time(claim.updatedAt)
    }
}
