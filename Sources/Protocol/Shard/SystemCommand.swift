package import Model

/// What the system shard can be asked to change.
package enum SystemCommand: Sendable {
    /// Versions and times are set when it is taken. A name that is in use is a conflict.
    case create(CatalogItem)
    /// Replaces the item of the same kind and id.
    case update(CatalogItem, Precondition)
    case delete(CatalogItem.Kind, UUID128, Precondition)
    /// Judges all rows again under the catalogue as it is.
    case reapply
}
