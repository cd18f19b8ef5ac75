package import Model

extension Resource {
    /// The resource as `observation` first shows it.
    package init(observed observation: Observation, at now: Timestamp) {
        self.init(
            id: observation.id, provider: observation.provider, resourceID: observation.resourceID,
            resourceType: observation.resourceType ?? "\(observation.provider.rawValue).unknown",
            name: observation.name ?? "", accountID: observation.accountID ?? "", region: observation.region ?? "",
            nativeTags: observation.mergedTags(with: TagList()), metadata: observation.metadata ?? .emptyObject,
            relationships: Self.sortedOnce(observation.relationships), version: 1, firstSeen: now, lastSeen: now, costs: [])
    }

    /// Takes over what the observation says. Returns the names of the fields that changed.
    mutating func merge(_ observation: Observation, at now: Timestamp) -> [String] {
        var changed: [String] = []
        func take<Value: Equatable>(_ name: String, _ value: Value?, into field: inout Value) {
            guard let value, value != field else { return }
            field = value
            changed.append(name)
        }
        let describes = observation.kind == .described
        if describes || resourceType.hasSuffix(".unknown") {
            take("resource_type", observation.resourceType, into: &resourceType)
        }
        if describes || name.isEmpty { take("name", nonEmpty(observation.name), into: &name) }
        if describes || accountID.isEmpty { take("account_id", nonEmpty(observation.accountID), into: &accountID) }
        if describes || region.isEmpty { take("region", nonEmpty(observation.region), into: &region) }
        take("native_tags", observation.mergedTags(with: nativeTags), into: &nativeTags)
        if describes || metadata == .emptyObject { take("metadata", observation.metadata, into: &metadata) }
        if !observation.statedTypes.isEmpty || !observation.relationships.isEmpty {
            let kept = relationships.filter { !observation.statedTypes.contains($0.type) }
            take("relationships", Self.sortedOnce(kept + observation.relationships), into: &relationships)
        }
        if !changed.isEmpty {
            version += 1
            lastSeen = now
        }
        return changed
    }

    /// Takes over costs, and what the export says of the resource where the inventory knows nothing. Returns the names of
    /// the fields that changed.
    mutating func merge(_ cost: CostObservation, at now: Timestamp) -> [String] {
        var described = cost.resource
        if !nativeTags.isEmpty { described.nativeTags = nil }
        var changed = merge(described, at: now)
        if costs.merge(cost) {
            if changed.isEmpty { version += 1 }
            lastSeen = now
            changed.append("costs")
        }
        return changed
    }

    private func nonEmpty(_ text: String?) -> String? { text?.isEmpty == true ? nil : text }

    private static func sortedOnce(_ relationships: [Relationship]) -> [Relationship] {
        guard relationships.count > 1 else { return relationships }
        var result: [Relationship] = []
        result.reserveCapacity(relationships.count)
        for relationship in relationships.sorted() where result.last != relationship { result.append(relationship) }
        return result
    }
}

extension Observation {
    /// The provider's tags after this observation.
    fileprivate func mergedTags(with tags: TagList) -> TagList {
        let base = nativeTags ?? tags
        return nativeTagChanges?.applied(to: base) ?? base
    }
}
