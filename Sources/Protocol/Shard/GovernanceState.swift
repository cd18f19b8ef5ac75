package import Model

/// The score day by day, aliases that somebody rejected, and what is kept of the audit history.
package struct GovernanceState: Hashable, Sendable {
    /// By day, from the oldest; at most `ScoreDay.daysMax`.
    package private(set) var days: [ScoreDay] = []
    package private(set) var rejections: [UUID128: AliasRejection] = [:]
    package private(set) var retention = RetentionState()

    init(_ items: [GovernanceItem] = []) {
        for item in items { keep(item) }
    }

    var items: [GovernanceItem] {
        days.map(GovernanceItem.score) + rejections.values.map(GovernanceItem.rejection) + retention.items
    }

    func item(_ id: UUID128) -> GovernanceItem? {
        if let rejection = rejections[id] { return .rejection(rejection) }
        if let item = retention.item(id) { return item }
        return days.first { $0.id == id }.map(GovernanceItem.score)
    }

    /// What had to go for it.
    @discardableResult
    mutating func keep(_ item: GovernanceItem) -> [GovernanceItem] {
        switch item {
        case .rejection(let rejection):
            rejections[rejection.id] = rejection
            return []
        case .score(let day):
            let position = days.firstIndex { $0.day >= day.day } ?? days.count
            if position < days.count, days[position].day == day.day {
                days[position] = day
            } else {
                days.insert(day, at: position)
            }
            let excess = max(0, days.count - ScoreDay.daysMax)
            let gone = days.prefix(excess).map(GovernanceItem.score)
            days.removeFirst(excess)
            return gone
        case .retention, .hold, .cleaning:
            retention.keep(item)
            return []
        }
    }

    mutating func forget(_ id: UUID128) {
        rejections[id] = nil
        retention.forget(id)
    }
}
