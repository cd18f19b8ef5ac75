/// For how long the audit history is kept.
package struct AuditRetention: Hashable, Sendable {
    /// Most months that may be asked for: a hundred years.
    package static let monthsMax = 1_200

    /// Whole months, 1 to `monthsMax`, beside the one that is under way; nil: for ever.
    package var months: Int?
    package var changedBy: String
    package var changedAt: Timestamp
    /// Counts the changes, from 1.
    package var version: UInt64

    package init(months: Int?, changedBy: String, changedAt: Timestamp, version: UInt64) {
        self.months = months
        self.changedBy = changedBy
        self.changedAt = changedAt
        self.version = version
    }

    /// There is one at most, so its id is always the same.
    package var id: UUID128 { .stamped(high: 0x7265_7465_6E74_0000, low: 1, version: 8) }

    /// Entries from before this may go; nil: none.
    package func horizon(at now: Timestamp) -> Timestamp? { months.map { now.startOfMonth(back: $0) } }
}

/// One clean-up of all shards' histories, the last one that was begun.
package struct AuditCleaning: Hashable, Sendable {
    /// Counts the clean-ups, from 1.
    package let run: UInt64
    /// Entries from before this go, but for those that are held.
    package let before: Timestamp
    /// The retention that asks for it.
    package let months: Int
    package let startedAt: Timestamp
    package var finishedAt: Timestamp?
    /// Over all shards, once it is finished.
    package var removed: UInt64 = 0
    package var held: UInt64 = 0

    package init(run: UInt64, before: Timestamp, months: Int, startedAt: Timestamp) {
        self.run = run
        self.before = before
        self.months = months
        self.startedAt = startedAt
    }

    package var id: UUID128 { .stamped(high: 0x636C_6561_6E69_0000, low: 1, version: 8) }
}

/// A part of a clean-up of one shard: which of its entries go. Its leader has decided it; every replica removes the same ones.
package struct AuditRemoval: Hashable, Sendable {
    /// Most entries that one part looks at.
    package static let entriesMax = 10_000

    package let run: UInt64
    package let before: Timestamp
    package let months: Int
    /// It looks at the entries behind this one…
    package let after: UInt64
    /// … up to this one.
    package let through: UInt64
    /// No older entry is left behind it.
    package let isLast: Bool
    /// The holds were those of this index of group 0's log, or of a later one.
    package let holdsAsOf: UInt64
    /// The sequences that go, ascending, with a gap between two of them.
    package let removed: [ClosedRange<UInt64>]
    /// Entries that it looked at and that stay, as they are held.
    package let held: Int

    package init(
        run: UInt64, before: Timestamp, months: Int, after: UInt64, through: UInt64, isLast: Bool, holdsAsOf: UInt64,
        removed: [ClosedRange<UInt64>], held: Int
    ) {
        self.run = run
        self.before = before
        self.months = months
        self.after = after
        self.through = through
        self.isLast = isLast
        self.holdsAsOf = holdsAsOf
        self.removed = removed
        self.held = held
    }

    /// How many entries go.
    package var count: Int { removed.reduce(0) { $0 + $1.count } }
}

/// How far the clean-ups of one shard have come: part of its state, the same on every replica.
package struct AuditCleaningProgress: Hashable, Sendable {
    /// Parts that were decided under older holds, by the index of group 0's log, are refused.
    package var fence: UInt64 = 0
    /// The clean-up that was worked on last.
    package var run: UInt64 = 0
    /// The entry that it last looked at.
    package var through: UInt64 = 0
    package var isDone = true
    /// Of that clean-up.
    package var removed: UInt64 = 0
    package var held: UInt64 = 0

    package init() {}

    /// Whether this part goes on from here, under holds that are new enough.
    package func admits(_ part: AuditRemoval) -> Bool {
        guard part.holdsAsOf >= fence else { return false }
        return part.run == run ? !isDone && part.after == through : part.run > run && part.after == 0
    }

    package mutating func apply(_ part: AuditRemoval) {
        if part.run != run { (run, removed, held) = (part.run, 0, 0) }
        (through, isDone) = (part.through, part.isLast)
        removed += UInt64(part.count)
        held += UInt64(part.held)
    }
}

extension Timestamp {
    /// The first moment of its month in UTC, or of one so many months before.
    package func startOfMonth(back months: Int = 0) -> Timestamp {
        let time = max(Self.textRange.lowerBound, min(self, Self.textRange.upperBound)).milliseconds
        let day = time >= 0 ? time / 86_400_000 : (time - 86_399_999) / 86_400_000
        let date = CivilDate(daysSinceEpoch: day)
        let number = max(0, date.year * 12 + date.month - 1 - Int64(months))
        guard let first = CivilDate(year: number / 12, month: number % 12 + 1, day: 1) else {
            return Self.textRange.lowerBound
        }
        return Timestamp(milliseconds: first.daysSinceEpoch * 86_400_000)
    }
}
