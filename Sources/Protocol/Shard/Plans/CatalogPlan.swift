package import Model

/// Changes of the catalogue that somebody has worked out and may apply, all of them at once and nothing else.
package struct CatalogPlan: Hashable, Sendable {
    /// Most changes of one plan.
    package static let changesMax = 10_000
    /// Longest stored form of one plan in bytes: what it makes of the catalogue, what was there before, the figures.
    package static let bytesMax = 6 << 20
    /// What the entry that applies a plan may take in bytes; below the limit of the log's entries (8 MiB).
    package static let applicationBytesMax = 15 << 19
    /// Most plans that are kept, and the most bytes that they may have together: the oldest go for a new one.
    package static let countMax = 100
    package static let totalBytesMax = 32 << 20
    /// How long a plan is kept, in milliseconds: a day.
    package static let ageMillisecondsMax: Int64 = 86_400_000
    /// Longest description in bytes.
    package static let descriptionBytesMax = 1024
    /// Longest report in bytes.
    package static let reportBytesMax = 512 << 10

    /// An item as it was and as it is to be: nil `before` for a new one, nil `after` for one that goes.
    package struct Change: Hashable, Sendable {
        package let before: CatalogItem?
        package let after: CatalogItem?

        package init?(before: CatalogItem?, after: CatalogItem?) {
            guard before != nil || after != nil else { return nil }
            if let before, let after, (before.kind, before.id) != (after.kind, after.id) { return nil }
            self.before = before
            self.after = after
        }

        /// The item as it is to be, or was.
        package var item: CatalogItem {
            guard let item = after ?? before else { preconditionFailure("a change of nothing") }
            return item
        }
        package var id: UUID128 { item.id }
        package var kind: CatalogItem.Kind { item.kind }
    }

    /// What the plan did, once it did.
    package struct Application: Hashable, Sendable {
        package let actor: String
        package let at: Timestamp
        /// The version of the catalogue that it made.
        package let catalogVersion: UInt64
    }

    package let id: UUID128
    package let description: String
    package let createdBy: String
    package let createdAt: Timestamp
    package let expiresAt: Timestamp
    package let changes: [Change]
    /// Drafts that would have changed nothing.
    package let unchanged: UInt64
    /// The version of the catalogue that the plan was worked out under.
    package let catalogVersion: UInt64
    /// Everything that there was in that version, by id: the plan holds while it is still so.
    package let basis: [Seen]
    /// What the author of the plan was told it would do, in JSON.
    package let report: [UInt8]
    package internal(set) var application: Application?

    package init(
        id: UUID128, description: String = "", createdBy: String, createdAt: Timestamp, changes: [Change],
        unchanged: UInt64 = 0, under catalog: Catalog, report: [UInt8] = []
    ) {
        self.init(
            id: id, description: description, createdBy: createdBy, createdAt: createdAt,
            expiresAt: createdAt.adding(milliseconds: Self.ageMillisecondsMax), changes: changes, unchanged: unchanged,
            catalogVersion: catalog.version, basis: catalog.seen, report: report)
    }

    init(
        id: UUID128, description: String, createdBy: String, createdAt: Timestamp, expiresAt: Timestamp,
        changes: [Change], unchanged: UInt64, catalogVersion: UInt64, basis: [Seen], report: [UInt8]
    ) {
        self.id = id
        self.description = description
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.changes = changes
        self.unchanged = unchanged
        self.catalogVersion = catalogVersion
        self.basis = basis
        self.report = report
    }

    /// The same as kept for `actor` from now on.
    func stamped(actor: String, at now: Timestamp) -> CatalogPlan {
        CatalogPlan(
            id: id, description: description, createdBy: actor, createdAt: now,
            expiresAt: now.adding(milliseconds: Self.ageMillisecondsMax),
            changes: changes, unchanged: unchanged, catalogVersion: catalogVersion, basis: basis, report: report)
    }

    /// Why the plan cannot be kept, or could not be applied in one entry; nil when it can.
    package var objection: String? { objection(storedBytes: encodedBytes) }

    /// - Parameter bytes: the length of the stored form.
    func objection(storedBytes bytes: Int) -> String? {
        if changes.count > Self.changesMax {
            return "a plan has at most \(Self.changesMax) changes; this one has \(changes.count)"
        }
        if bytes > Self.bytesMax {
            return "the plan takes \(bytes) bytes with what was there before; \(Self.bytesMax) are accepted. Split it"
        }
        let application = changes.reduce(0) { sum, change in
            sum + (change.after.map { SystemItem.catalog($0).encoded.count } ?? 0) + change.item.name.utf8.count
                + Self.auditBytesMax
        }
        if application > Self.applicationBytesMax {
            return
                "applying the plan may take \(application) bytes in the log; \(Self.applicationBytesMax) are accepted. Split it"
        }
        return nil
    }

    /// What one change takes in the entry beside its item, its name and its author's: ids, versions, times.
    private static let auditBytesMax = 512
}
