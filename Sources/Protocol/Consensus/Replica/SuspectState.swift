/// A replica whose disk lost entries that it may have acknowledged (its hard state is intact).
///
/// # Why it must not vote
/// An entry is committed because a majority has it. If this replica was needed for that majority and has lost the entry,
/// its vote could elect a leader without the entry: a committed write would be gone.
///
/// # What it does instead
/// It begins in the term after its last one and votes for nobody until it is repaired. (Compare "Protocol-Aware Recovery
/// for Consensus-Based Storage", FAST'18; the rule here is coarser, per replica instead of per entry.)
///
/// # Why that is safe
/// Let T be its last term before the loss, F this replica.
/// 1. What F acknowledged before the loss, it acknowledged in terms up to T. In later terms it acknowledges only what is
///    on its disk now, truthfully, so those acknowledgements may count.
/// 2. A leader of a term up to T that still counts F's old acknowledgements may commit with them. Every leader of a
///    later term was elected by a quorum without F; it shares with each commit quorum of the older terms a voter that is
///    not F (two majorities share a voter, and F is in one of them alone). That voter did not lose its entries and voted
///    after it had acknowledged them. So leader completeness holds as if F had never lost anything.
/// 3. F is repaired when its disk holds the log up to a committed entry of a term above T. The leader of that term had
///    every entry that was committed in older terms (2.), at lower indexes, and F's log is that leader's up to there. F
///    now holds all that it may have acknowledged and that counted, and votes like everybody.
///
/// By raising its term F makes a leader of term T step down, which costs one election: rare, and simpler than telling that
/// leader which of F's acknowledgements it must forget while copies of them may still be under way.
struct SuspectState: Sendable {
    /// Entries above are gone.
    let lostAfter: UInt64
    /// T above.
    let lastTerm: UInt64

    /// Whether a committed entry of `term`, on disk here with all before it, repairs the replica.
    func isRepaired(byCommittedTerm term: UInt64) -> Bool { term > lastTerm }
}
