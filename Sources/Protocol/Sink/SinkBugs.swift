/// Mistakes of the sink that the simulator plants to show that it would find them. Each is made at exactly one place.
///
/// They exist only where `VTAG_PLANTED_BUGS` is defined (debug builds and the simulator's); elsewhere the test for one is the
/// constant `false` and nothing of them is left in the program.
package struct SinkBugs: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    private init(number: UInt64) { rawValue = 1 << number }

    /// A transaction that the database refused counts as done.
    package static let ignoreConflict = SinkBugs(number: 0)
    /// A catch-up goes on after a failure where it was, wherever the database is.
    package static let trustOldCatchUp = SinkBugs(number: 1)
    /// A catch-up knows the rows that are there, not those that are gone.
    package static let forgetDeletions = SinkBugs(number: 2)
    /// A portion that was cut short says that it reaches to the end.
    package static let claimAll = SinkBugs(number: 3)
    /// The same of the audit entries.
    package static let claimAllAudit = SinkBugs(number: 4)
    /// The feed does not note what it forgets.
    package static let forgetSilently = SinkBugs(number: 5)

    /// Each of them with its name, in order.
    package static let all: [(name: String, bug: SinkBugs)] = [
        ("ignoreConflict", .ignoreConflict), ("trustOldCatchUp", .trustOldCatchUp), ("forgetDeletions", .forgetDeletions),
        ("claimAll", .claimAll), ("claimAllAudit", .claimAllAudit), ("forgetSilently", .forgetSilently),
    ]

    /// Whether `bug` is to be made.
    @inline(__always)
    func plants(_ bug: SinkBugs) -> Bool {
        #if VTAG_PLANTED_BUGS
            rawValue & bug.rawValue != 0
        #else
            false
        #endif
    }
}
