/// A cloud resource as its provider describes it.
package struct Resource: Hashable, Sendable {
    package let id: ResourceID
    package let provider: Provider
    /// The provider's own id in its canonical form (see `Normalisation`): `i-0abc…`, an ARN, a full GCP resource name,
    /// a lower-case ARM id.
    package let resourceID: String
    /// `ec2.instance`, `compute.instance`, `microsoft.compute/virtualmachines` …
    package var resourceType: String
    package var name: String
    /// AWS account, GCP project or Azure subscription; empty when no payload said it.
    package var accountID: String
    package var region: String
    /// As the provider has them, untouched.
    package var nativeTags: TagList
    /// Attributes worth querying, as a compact JSON object.
    package var metadata: JSONText
    /// Outgoing edges, sorted, each once.
    package var relationships: [Relationship]
    /// Counts the changes of this resource's own fields, from 1.
    package var version: UInt64
    package var firstSeen: Timestamp
    package var lastSeen: Timestamp
    /// What it cost, by month and service, sorted.
    package var costs: [CostLine]
    /// What rules ask of the resources around it, by the query's key; kept by the cluster, not told by the provider.
    package var relations: [RelationFact] = []

    package init(
        provider: Provider, resourceID: String, resourceType: String, name: String = "", accountID: String = "",
        region: String = "", nativeTags: TagList = TagList(), metadata: JSONText = .emptyObject,
        relationships: [Relationship] = [], version: UInt64 = 1, firstSeen: Timestamp, lastSeen: Timestamp,
        costs: [CostLine] = []
    ) {
        self.init(
            id: ResourceID(provider: provider, nativeID: resourceID), provider: provider, resourceID: resourceID,
            resourceType: resourceType, name: name, accountID: accountID, region: region, nativeTags: nativeTags,
            metadata: metadata, relationships: relationships, version: version, firstSeen: firstSeen, lastSeen: lastSeen,
            costs: costs)
    }

    /// Where the id is known already: it takes a hash to work out.
    package init(
        id: ResourceID, provider: Provider, resourceID: String, resourceType: String, name: String, accountID: String,
        region: String, nativeTags: TagList, metadata: JSONText, relationships: [Relationship], version: UInt64,
        firstSeen: Timestamp, lastSeen: Timestamp, costs: [CostLine]
    ) {
        self.id = id
        self.provider = provider
        self.resourceID = resourceID
        self.resourceType = resourceType
        self.name = name
        self.accountID = accountID
        self.region = region
        self.nativeTags = nativeTags
        self.metadata = metadata
        self.relationships = relationships
        self.version = version
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.costs = costs
    }
}

/// A JSON text that is known to be valid and compact.
package struct JSONText: Hashable, Sendable {
    package let bytes: [UInt8]
    package init(trusted bytes: [UInt8]) { self.bytes = bytes }
    package static let emptyObject = JSONText(trusted: Array("{}".utf8))
}

/// What a resource cost in one month under one service. Amounts are billionths of the currency's unit, so sums are exact.
package struct CostLine: Hashable, Comparable, Sendable {
    /// `202609` for September 2026.
    package let month: Int32
    package let service: String
    /// ISO 4217.
    package let currency: String
    package var billedNanos: Int64
    package var effectiveNanos: Int64
    /// The upload that the amounts are from: its further parts add to them, another upload replaces them.
    package var upload: UInt64

    package init(
        month: Int32, service: String, currency: String, billedNanos: Int64, effectiveNanos: Int64, upload: UInt64 = 0
    ) {
        self.month = month
        self.service = service
        self.currency = currency
        self.billedNanos = billedNanos
        self.effectiveNanos = effectiveNanos
        self.upload = upload
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.month, left.service, left.currency) < (right.month, right.service, right.currency)
    }
}
