/// What one payload says of one resource. What it does not say (nil) stays as it was.
package struct Observation: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// The provider's description: creates or updates the resource.
        case described
        /// Tags (or other parts) of a resource that another payload describes; creates a bare resource when it is not there.
        case partial
        /// The provider says that it is gone.
        case deleted
    }

    package var kind: Kind
    package let provider: Provider
    /// Canonical native id.
    package let resourceID: String
    package var resourceType: String?
    package var name: String?
    package var accountID: String?
    package var region: String?
    /// The whole set of provider tags, or nil when this payload does not carry tags.
    package var nativeTags: TagList?
    package var metadata: JSONText?
    package var relationships: [Relationship]
    /// The types of relationship that this payload would state if there were any: old ones of these types are replaced.
    package var statedTypes: RelationshipTypes

    package init(
        _ kind: Kind = .described, provider: Provider, resourceID: String, resourceType: String? = nil, name: String? = nil,
        accountID: String? = nil, region: String? = nil, nativeTags: TagList? = nil, metadata: JSONText? = nil,
        relationships: [Relationship] = [], statedTypes: RelationshipTypes = []
    ) {
        self.kind = kind
        self.provider = provider
        self.resourceID = resourceID
        self.resourceType = resourceType
        self.name = name
        self.accountID = accountID
        self.region = region
        self.nativeTags = nativeTags
        self.metadata = metadata
        self.relationships = relationships
        self.statedTypes = statedTypes
    }

    package var id: ResourceID { ResourceID(provider: provider, nativeID: resourceID) }
}

/// Costs of one resource, from a billing export. They replace the lines of the same month, service and currency.
package struct CostObservation: Hashable, Sendable {
    package var resource: Observation
    package var lines: [CostLine]

    package init(resource: Observation, lines: [CostLine]) {
        self.resource = resource
        self.lines = lines
    }
}
