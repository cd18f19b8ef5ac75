package import Model
package import Placement

/// What the system shard keeps, as it is stored one by one.
package enum SystemItem: Hashable, Sendable {
    case catalog(CatalogItem)
    case cluster(ClusterItem)
    case governance(GovernanceItem)
    case plan(CatalogPlan)

    package enum Kind: Hashable, Sendable {
        case catalog(CatalogItem.Kind)
        case cluster(ClusterItem.Kind)
        case governance(GovernanceItem.Kind)
        case plan
    }

    package var kind: Kind {
        switch self {
        case .catalog(let item): .catalog(item.kind)
        case .cluster(let item): .cluster(item.kind)
        case .governance(let item): .governance(item.kind)
        case .plan: .plan
        }
    }

    package var id: UUID128 {
        switch self {
        case .catalog(let item): item.id
        case .cluster(let item): item.id
        case .governance(let item): item.id
        case .plan(let plan): plan.id
        }
    }
}
