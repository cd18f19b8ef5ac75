import JSON
import Model

/// Azure's payloads: ARM lists and single resources of any type, and Resource Graph answers in both of their forms.
enum AzureNormaliser {
    static func normalise(_ payload: JSONView, hints: IngestHints, into result: inout NormalisedPayload) {
        var reader = AzureReader(hints: hints)
        reader.read(payload, into: &result)
    }
}

/// Walks one payload.
struct AzureReader {
    let hints: IngestHints
    var targets = TargetCache(.azure)

    init(hints: IngestHints) { self.hints = hints }

    mutating func read(_ payload: JSONView, into result: inout NormalisedPayload) {
        if payload.isArray { return items(payload, into: &result) }
        guard payload.isObject else {
            result.items += 1
            return result.reject(result.items - 1, "expected an object or an array of resources")
        }
        if let list = payload["value"], list.isArray { return items(list, into: &result) }
        if let data = payload["data"] {
            if data.isArray { return items(data, into: &result) }
            if let columns = data["columns"], let rows = data["rows"] { return table(columns, rows, into: &result) }
        }
        if let columns = payload["columns"], let rows = payload["rows"] { return table(columns, rows, into: &result) }
        result.items += 1
        observe(AzureFields(payload), into: &result)
    }

    private mutating func items(_ list: JSONView, into result: inout NormalisedPayload) {
        for item in list.elements {
            result.items += 1
            guard item.isObject else {
                result.reject(result.items - 1, "expected an object that describes a resource")
                continue
            }
            observe(AzureFields(item), into: &result)
        }
    }

    /// Resource Graph's older answers: names of columns, then rows of values.
    private mutating func table(_ columns: JSONView, _ rows: JSONView, into result: inout NormalisedPayload) {
        let names = columns.elements.compactMap { $0["name"] }
        for row in rows.elements {
            result.items += 1
            guard row.isArray else {
                result.reject(result.items - 1, "expected an array with one value for each column")
                continue
            }
            var fields = AzureFields()
            for (name, value) in zip(names, row.elements) { fields.take(name, value) }
            observe(fields, into: &result)
        }
    }

    private mutating func observe(_ fields: AzureFields, into result: inout NormalisedPayload) {
        guard let observation = observation(fields) else {
            return result.reject(
                result.items - 1,
                "no resource was recognised: the item has no `id` that begins with `/` and has at most "
                    + "\(AzureCanonicalID.bytesMax) bytes; looked for a resource, a list of resources, `value`, `data`, and a "
                    + "table of `columns` and `rows`")
        }
        result.observations.append(observation)
    }

    /// One resource; nil without an id.
    mutating func observation(_ fields: AzureFields) -> Observation? {
        guard let id = fields.id?.nonEmptyString, id.hasPrefix("/"), id.utf8.count > 1,
            id.utf8.count <= AzureCanonicalID.bytesMax
        else { return nil }
        let name = AzureName(AzureCanonicalID.canonical(id))
        let type = Self.type(fields, name)
        var references = AzureReferences(of: name, type: type)
        references.collect(fields)
        return Observation(
            .described, provider: .azure, resourceID: name.id, resourceType: type, name: Self.name(fields, name),
            accountID: name.subscription ?? fields.subscriptionID?.nonEmptyString?.lowercased() ?? hints.accountID,
            region: Self.region(fields.location) ?? hints.region,
            nativeTags: fields.tags.flatMap(TagShapes.tags) ?? TagList(),
            metadata: metadata(fields, name), relationships: references.relationships(&targets), statedTypes: .all)
    }

    /// `microsoft.compute/virtualmachines`.
    private static func type(_ fields: AzureFields, _ name: AzureName) -> String {
        guard let stated = fields.type?.nonEmptyString, stated.contains("/") else {
            return name.type ?? "microsoft.resources/unknown"
        }
        let type = AzureCanonicalID.canonical(stated)
        switch type {
        // As Resource Graph has it.
        case "microsoft.resources/subscriptions/resourcegroups": return "microsoft.resources/resourcegroups"
        default: return type
        }
    }

    /// Children of some services are listed as `parent/child`.
    private static func name(_ fields: AzureFields, _ name: AzureName) -> String? {
        let stated = fields.displayName?.nonEmptyString ?? fields.name?.nonEmptyString
        guard let stated else { return name.parts.last.map(String.init) }
        return stated.slashParts().last.map(String.init) ?? stated
    }

    /// `westus2` of `West US 2`.
    private static func region(_ location: JSONView?) -> String? {
        guard let text = location?.nonEmptyString else { return nil }
        return text.contains(" ") ? text.lowercased().filter { $0 != " " } : text.lowercased()
    }

    private func metadata(_ fields: AzureFields, _ name: AzureName) -> JSONText {
        var builder = MetadataBuilder()
        if let group = name.resourceGroup { builder.add("resourceGroup", group) }
        for (key, value) in [
            ("kind" as StaticString, fields.kind), ("sku", fields.sku), ("zones", fields.zones), ("plan", fields.plan),
        ] {
            if let value { builder.add(key, value) }
        }
        if let kind = fields.identity?["type"] { builder.add("identityType", kind) }
        if let properties = fields.properties {
            builder.add(membersOf: properties, omitting: ["kind", "sku", "zones", "plan", "resourceGroup"])
        }
        return builder.finish()
    }
}

/// The members of a resource, found in one pass.
struct AzureFields {
    var id: JSONView?
    var name: JSONView?
    var displayName: JSONView?
    var type: JSONView?
    var location: JSONView?
    var tags: JSONView?
    var kind: JSONView?
    var sku: JSONView?
    var plan: JSONView?
    var zones: JSONView?
    var identity: JSONView?
    var managedBy: JSONView?
    var properties: JSONView?
    var subscriptionID: JSONView?

    init() {}

    init(_ item: JSONView) { for (name, value) in item.members { take(name, value) } }

    mutating func take(_ key: JSONView, _ value: JSONView) {
        guard !value.isNull, let first = key.utf8?.first else { return }
        switch first {
        case UInt8(ascii: "d"): if key.equals("displayName") { displayName = value }
        case UInt8(ascii: "i"):
            if key.equals("id") { id = value }
            if key.equals("identity") { identity = value }
        case UInt8(ascii: "k"): if key.equals("kind") { kind = value }
        case UInt8(ascii: "l"): if key.equals("location") { location = value }
        case UInt8(ascii: "m"): if key.equals("managedBy") || key.equals("managed_by") { managedBy = value }
        case UInt8(ascii: "n"): if key.equals("name") { name = value }
        case UInt8(ascii: "p"):
            if key.equals("properties") { properties = value }
            if key.equals("plan") { plan = value }
        case UInt8(ascii: "s"):
            if key.equals("sku") { sku = value }
            if key.equals("subscriptionId") { subscriptionID = value }
        case UInt8(ascii: "t"):
            if key.equals("type") { type = value }
            if key.equals("tags") { tags = value }
        case UInt8(ascii: "z"): if key.equals("zones") { zones = value }
        default: break
        }
    }
}
