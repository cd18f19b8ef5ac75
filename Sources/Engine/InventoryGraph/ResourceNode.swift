package import CypherValues
import JSON
package import Model

/// What the graph holds of one resource: its node, and the relationships that its row states.
package struct ResourceNode: Sendable, Hashable {
    /// A node that others share: it is there as long as a relationship is.
    package enum Shared: Sendable, Hashable {
        case account(Provider, String)
        case region(Provider, String)
        case tag(key: String, value: String, TagSource, confidence: Double)

        /// `account:aws:111122223333`, and the like.
        package var elementId: String {
            switch self {
            case .account(let provider, let id): "account:\(provider.rawValue):\(id)"
            case .region(let provider, let name): "region:\(provider.rawValue):\(name)"
            // With the key's length no other key and value give the same text.
            case .tag(let key, let value, let source, let confidence):
                "tag:\(source.rawValue):\(confidence):\(key.utf8.count):\(key)=\(value)"
            }
        }

        package var labels: [String] {
            switch self {
            case .account(.aws, _): ["Account", "AWSAccount"]
            case .account(.gcp, _): ["Account", "GCPProject"]
            case .account(.azure, _): ["Account", "AzureSubscription"]
            case .region: ["Region"]
            case .tag: ["Tag"]
            }
        }

        package var properties: CypherMap {
            switch self {
            case .account(let provider, let id): ["id": .string(id), "provider": .string(provider.rawValue)]
            case .region(let provider, let name): ["name": .string(name), "provider": .string(provider.rawValue)]
            case .tag(let key, let value, let source, let confidence):
                [
                    "key": .string(key), "value": .string(value), "source": .string(source.rawValue),
                    "confidence": .float(confidence),
                ]
            }
        }
    }

    package enum Link: Sendable, Hashable {
        /// Begins at the resource.
        case resource(type: String, target: ResourceID)
        case to(type: String, Shared)
        /// Ends at the resource.
        case from(type: String, Shared)
    }

    /// Properties of metadata that a node takes, and how deep they may lie: what is beyond stays in the inventory
    /// alone.
    package static let metadataPropertiesMax = 64
    package static let metadataDepthMax = 4

    package let id: ResourceID
    package let labels: [String]
    package let properties: CypherMap
    /// Each once.
    package let links: [Link]

    package init(_ record: ResourceRecord) {
        id = record.resource.id
        labels = ResourceLabels.labels(of: record.resource)
        properties = Self.properties(of: record)
        links = Self.links(of: record)
    }

    /// The properties whose keys are the same for all resources: those of tags and metadata have a dot.
    var fixedProperties: CypherMap { CypherMap(properties.filter { !$0.0.contains(".") }) }

    private static func properties(of record: ResourceRecord) -> CypherMap {
        let resource = record.resource
        var properties = CypherMap()
        properties["id"] = .string(resource.id.description)
        properties["provider"] = .string(resource.provider.rawValue)
        properties["resource_id"] = .string(resource.resourceID)
        properties["resource_type"] = .string(resource.resourceType)
        for (key, text) in [("name", resource.name), ("account_id", resource.accountID), ("region", resource.region)]
        where !text.isEmpty {
            properties[key] = .string(text)
        }
        properties["compliant"] = .boolean(record.isCompliant)
        for tag in resource.nativeTags.tags { properties["native_tags.\(tag.key)"] = .string(tag.value) }
        for tag in record.tags { properties["tags.\(tag.key)"] = .string(tag.value) }
        addMetadata(of: resource, to: &properties)
        if resource.provider == .aws { addCartographyNames(of: resource, to: &properties) }
        addFindings(of: record, to: &properties)
        addCost(of: resource, to: &properties)
        return properties
    }

    private static func addCartographyNames(of resource: Resource, to properties: inout CypherMap) {
        if resource.resourceID.hasPrefix("arn:") { properties["arn"] = .string(resource.resourceID) }
        if let name = CartographyProperties.idByType[resource.resourceType] {
            properties[name] = .string(resource.resourceID)
        }
        for (path, name) in CartographyProperties.byType[resource.resourceType] ?? [] {
            if let value = properties["metadata." + path] { properties[name] = value }
        }
    }

    /// What policies find fault with, as `missing_tag owner`, each once; what a waiver allows is left out.
    private static func addFindings(of record: ResourceRecord, to properties: inout CypherMap) {
        var findings: [String] = []
        for result in record.compliance where !result.isAccepted {
            for violation in result.violations {
                let finding =
                    violation.tagKey.isEmpty ? violation.code.rawValue : "\(violation.code.rawValue) \(violation.tagKey)"
                if !findings.contains(finding) { findings.append(finding) }
            }
        }
        guard !findings.isEmpty else { return }
        properties["violations"] = .list(findings.map(CypherValue.string))
    }

    /// What it cost in the newest month that is known, all services together, in the currency that comes first.
    private static func addCost(of resource: Resource, to properties: inout CypherMap) {
        guard let newest = resource.costs.map(\.month).max() else { return }
        let lines = resource.costs.filter { $0.month == newest }
        guard let currency = lines.map(\.currency).min() else { return }
        let nanos = lines.filter { $0.currency == currency }.reduce(0.0) { $0 + Double($1.effectiveNanos) }
        properties["cost"] = .float(nanos / 1e9)
        properties["cost_currency"] = .string(currency)
        properties["cost_month"] = .integer(Int64(newest))
    }

    private static func addMetadata(of resource: Resource, to properties: inout CypherMap) {
        // Stored metadata was parsed before it was stored; what cannot be read has no properties.
        guard let metadata = try? JSONValue(parsing: resource.metadata.bytes) else { return }
        var left = metadataPropertiesMax
        add(metadata, as: "metadata", depth: 0, left: &left, to: &properties)
    }

    private static func add(
        _ value: JSONValue, as name: String, depth: Int, left: inout Int, to properties: inout CypherMap
    ) {
        guard left > 0 else { return }
        if let members = value.members {
            guard depth < metadataDepthMax else { return }
            for member in members {
                add(member.value, as: "\(name).\(member.name)", depth: depth + 1, left: &left, to: &properties)
            }
            return
        }
        guard let plain = plain(value) else { return }
        properties[name] = plain
        left -= 1
    }

    /// Texts, numbers, truths, and lists of texts alone; nil for anything else.
    private static func plain(_ value: JSONValue) -> CypherValue? {
        if let text = value.string { return .string(text) }
        if let truth = value.bool { return .boolean(truth) }
        if let whole = value.int { return .integer(Int64(whole)) }
        if let number = value.double { return .float(number) }
        guard let members = value.array else { return nil }
        let texts = members.compactMap(\.string)
        return texts.count == members.count ? .list(texts.map(CypherValue.string)) : nil
    }

    private static func links(of record: ResourceRecord) -> [Link] {
        let resource = record.resource
        var links: [Link] = []
        if !resource.accountID.isEmpty {
            links.append(.from(type: RelationshipNames.account, .account(resource.provider, resource.accountID)))
        }
        if !resource.region.isEmpty {
            links.append(.to(type: RelationshipNames.region, .region(resource.provider, resource.region)))
        }
        for tag in record.tags {
            let winner = tag.winner
            let node = Shared.tag(key: tag.key, value: tag.value, winner.source, confidence: winner.confidence)
            links.append(.to(type: RelationshipNames.tag, node))
        }
        for relationship in resource.relationships {
            let type = RelationshipNames.name(of: relationship.type, from: resource)
            links.append(.resource(type: type, target: relationship.target))
        }
        return links
    }
}
