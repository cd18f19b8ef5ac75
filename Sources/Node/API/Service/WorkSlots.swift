import Synchronization

/// Room for so much work at once.
final class WorkSlots: Sendable {
    private let taken = Atomic<Int>(0)
    private let limit: Int

    init(_ limit: Int) { self.limit = limit }

    struct Slot: Sendable {
        fileprivate let slots: WorkSlots

        func free() { slots.taken.subtract(1, ordering: .relaxed) }
    }

    /// Nil: all are taken. Whoever gets one frees it once.
    func take() -> Slot? {
        guard taken.add(1, ordering: .relaxed).oldValue < limit else {
            taken.subtract(1, ordering: .relaxed)
            return nil
        }
        return Slot(slots: self)
    }
}
