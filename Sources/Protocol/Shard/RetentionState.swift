package import Model

/// For how long the history is kept, what of it is held, and the last clean-up.
package struct RetentionState: Hashable, Sendable {
    package private(set) var retention: AuditRetention?
    package private(set) var holds: [UUID128: LegalHold] = [:]
    package private(set) var cleaning: AuditCleaning?

    var items: [GovernanceItem] {
        holds.values.map(GovernanceItem.hold)
            + [retention.map(GovernanceItem.retention), cleaning.map(GovernanceItem.cleaning)]
            .compactMap(\.self)
    }

    func item(_ id: UUID128) -> GovernanceItem? {
        if let hold = holds[id] { return .hold(hold) }
        if let retention, retention.id == id { return .retention(retention) }
        if let cleaning, cleaning.id == id { return .cleaning(cleaning) }
        return nil
    }

    /// The holds, ready to be asked.
    package var forms: LegalHolds { LegalHolds(holds.values) }

    /// The clean-up that is under way.
    package var underWay: AuditCleaning? { cleaning.flatMap { $0.finishedAt == nil ? $0 : nil } }

    /// The clean-up that is to begin now; nil: none.
    package func due(at now: Timestamp) -> AuditCleaning? {
        guard underWay == nil, let months = retention?.months, let before = retention?.horizon(at: now),
            before > cleaning?.before ?? Timestamp(milliseconds: .min)
        else { return nil }
        return AuditCleaning(run: (cleaning?.run ?? 0) + 1, before: before, months: months, startedAt: now)
    }

    /// Whether the retention still asks for that clean-up: it may have been made longer meanwhile.
    package func asks(for cleaning: AuditCleaning) -> Bool { retention?.months.map { $0 <= cleaning.months } ?? false }

    mutating func keep(_ item: GovernanceItem) {
        switch item {
        case .hold(let hold): holds[hold.id] = hold
        case .retention(let retention): self.retention = retention
        case .cleaning(let cleaning): self.cleaning = cleaning
        case .score, .rejection: break
        }
    }

    mutating func forget(_ id: UUID128) { holds[id] = nil }
}
