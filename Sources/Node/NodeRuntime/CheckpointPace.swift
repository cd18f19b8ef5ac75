import Atomics
import NIOCore

/// What waits for the checkpoint on all event loops, as each of them counts it up.
final class CheckpointPressure: Sendable {
    private let weight = ManagedAtomic<Int>(0)
    private let urgent = ManagedAtomic<Bool>(false)

    /// What an entry weighs in the backlog beside its own bytes, and what each change in it does, in bytes.
    private static let entryWeight = 64
    private static let changeWeight = 256

    /// Entries were applied: so many of them, so long, with so many changes of rows and of the audit trail. Any thread.
    func noted(entries: Int, bytes: Int, changes: Int) {
        weight.wrappingIncrement(
            by: entries * Self.entryWeight + bytes + changes * Self.changeWeight, ordering: .relaxed)
    }

    /// Some shard's backlog is about to hold up its writes. Any thread.
    func hurry() {
        if !urgent.load(ordering: .relaxed) { urgent.store(true, ordering: .relaxed) }
    }

    /// Whether somebody was in a hurry since the last call.
    func takeHurry() -> Bool { urgent.exchange(false, ordering: .relaxed) }

    /// The sum of all weights so far, in bytes.
    var total: Int { weight.load(ordering: .relaxed) }
}

/// When a round of the checkpoint is due: by the weight of what waits, by its age, or as soon as nothing more comes.
///
/// Rounds cost by the pages that they touch, so that the longer a round is put off, the more changes share one. What waits
/// is what a restart replays: it is bounded here.
struct CheckpointPace {
    /// What waits weighs so much at most when a round begins, in bytes.
    static let weightMax = 32 << 20
    /// The oldest change waits so long at most until a round begins.
    private let ageMax: TimeAmount
    /// A round begins after so long without a change.
    private let idle: TimeAmount
    /// How often to look.
    let tick: TimeAmount

    private var begun: Int
    private var last: Int
    private var lastChange = NIODeadline.distantPast
    private var oldest: NIODeadline?

    /// There may be changes already: what the log held above the checkpoint.
    init(ageMax: TimeAmount) {
        self.ageMax = ageMax
        idle = .nanoseconds(ageMax.nanoseconds / 8)
        tick = max(.milliseconds(5), .nanoseconds(ageMax.nanoseconds / 60))
        begun = -1
        last = -1
    }

    /// Whether to begin a round. To be asked once in a tick.
    /// - Parameters:
    ///   - total: the sum of all weights so far.
    ///   - isUrgent: writes are about to wait for a round.
    mutating func isDue(total: Int, isUrgent: Bool, at now: NIODeadline) -> Bool {
        guard total != begun else { return false }
        if total != last {
            last = total
            lastChange = now
        }
        guard let oldest else {
            self.oldest = now
            return isUrgent || total - begun >= Self.weightMax
        }
        return isUrgent || total - begun >= Self.weightMax || now - oldest >= ageMax || now - lastChange >= idle
    }

    /// A round begins that takes everything up to `total` at least.
    mutating func roundBegins(total: Int) {
        begun = total
        oldest = nil
    }
}
