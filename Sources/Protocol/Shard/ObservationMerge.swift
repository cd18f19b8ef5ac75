import Model

extension Resource {
    /// The resource as `observation` first shows it.
    init(observed observation: Observation, at now: Timestamp) {
        self.init(
            provider: observation.provider, resourceID: observation.resourceID,
            resourceType: observation.resourceType ?? "\(observation.provider.rawValue).unknown",
            name: observation.name ?? "", accountID: observation.accountID ?? "", region: observation.region ?? "",
            nativeTags: observation.nativeTags ?? TagList(), metadata: observation.metadata ?? .emptyObject,
            relationships: Self.sortedOnce(observation.relationships), firstSeen: now, lastSeen: now)
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
        if describes || name.isEmpty { take("name", observation.name, into: &name) }
        if describes || accountID.isEmpty { take("account_id", nonEmpty(observation.accountID), into: &accountID) }
        if describes || region.isEmpty { take("region", nonEmpty(observation.region), into: &region) }
        take("native_tags", observation.nativeTags, into: &nativeTags)
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

    /// Replaces the lines of the same month, service and currency. Returns whether anything changed.
    mutating func merge(costs lines: [CostLine], at now: Timestamp) -> Bool {
        var merged = costs
        for line in lines {
            if let position = merged.firstIndex(where: {
                $0.month == line.month && $0.service == line.service && $0.currency == line.currency
            }) {
                merged[position] = line
            } else {
                merged.append(line)
            }
        }
        merged.sort()
        guard merged != costs else { return false }
        costs = merged
        version += 1
        lastSeen = now
        return true
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
