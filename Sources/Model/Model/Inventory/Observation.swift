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
    package let id: ResourceID
    package var resourceType: String?
    package var name: String?
    package var accountID: String?
    package var region: String?
    /// The whole set of provider tags, or nil when this payload does not carry tags.
    package var nativeTags: TagList?
    /// Changes to the provider tags where the payload carries only these; applied after `nativeTags`.
    package var nativeTagChanges: TagChanges?
    package var metadata: JSONText?
    package var relationships: [Relationship]
    /// The types of relationship that this payload would state if there were any: old ones of these types are replaced.
    package var statedTypes: RelationshipTypes

    package init(
        _ kind: Kind = .described, provider: Provider, resourceID: String, resourceType: String? = nil, name: String? = nil,
        accountID: String? = nil, region: String? = nil, nativeTags: TagList? = nil,
        nativeTagChanges: TagChanges? = nil, metadata: JSONText? = nil,
        relationships: [Relationship] = [], statedTypes: RelationshipTypes = []
    ) {
        self.kind = kind
        self.provider = provider
        self.resourceID = resourceID
        id = ResourceID(provider: provider, nativeID: resourceID)
        self.resourceType = resourceType
        self.name = name
        self.accountID = accountID
        self.region = region
        self.nativeTags = nativeTags
        self.nativeTagChanges = nativeTagChanges
        self.metadata = metadata
        self.relationships = relationships
        self.statedTypes = statedTypes
    }
}

/// Tags that a change event sets and removes; the resource's other tags stay.
package struct TagChanges: Hashable, Sendable {
    package struct Removal: Hashable, Sendable {
        package let key: String
        /// Remove the tag only when it has this value; nil: whatever its value.
        package let value: String?

        package init(key: String, value: String? = nil) {
            self.key = key
            self.value = value
        }
    }

    package var removed: [Removal]
    /// Applied after the removals.
    package var set: TagList

    package init(set: TagList = TagList(), removed: [Removal] = []) {
        self.set = set
        self.removed = removed
    }

    /// The tags after the change.
    package func applied(to tags: TagList) -> TagList {
        let kept = tags.tags.filter { tag in
            !removed.contains { $0.key == tag.key && ($0.value == nil || $0.value == tag.value) }
        }
        return TagList(kept + set.tags)
    }
}

/// Costs of one resource, from a billing export.
///
/// An upload is read in parts, so its costs of one resource, month, service and currency may arrive in several observations:
/// they add up among themselves, and together they replace what an earlier upload had there (see `merge`).
package struct CostObservation: Hashable, Sendable {
    /// What the export says of the resource: a `partial` that fills in what the inventory does not know and replaces nothing.
    /// Its tags count only where the resource has none.
    package var resource: Observation
    /// Sorted, each month, service and currency once.
    package var lines: [CostLine]
    /// Which upload this is a part of: different for every upload, a repeated one included.
    package var upload: UInt64

    package init(resource: Observation, lines: [CostLine], upload: UInt64) {
        self.resource = resource
        self.lines = lines
        self.upload = upload
    }
}

extension [CostLine] {
    /// Takes one part of an upload into a resource's sorted lines. True when an amount or a line changed.
    ///
    /// Amounts that leave the range of `Int64` stay at its end.
    package mutating func merge(_ observation: CostObservation) -> Bool {
        var changed = false
        for var line in observation.lines {
            line.upload = observation.upload
            guard let position = firstIndex(where: { !($0 < line) }), !(line < self[position]) else {
                insert(line, at: firstIndex { line < $0 } ?? count)
                changed = true
                continue
            }
            let old = self[position]
            if old.upload == observation.upload {
                line.billedNanos = old.billedNanos.addingSaturated(line.billedNanos)
                line.effectiveNanos = old.effectiveNanos.addingSaturated(line.effectiveNanos)
            }
            changed = changed || line.billedNanos != old.billedNanos || line.effectiveNanos != old.effectiveNanos
            self[position] = line
        }
        return changed
    }
}

extension Int64 {
    fileprivate func addingSaturated(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}
