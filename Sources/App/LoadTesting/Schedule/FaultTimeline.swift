/// What is done to the system, and when.
package struct FaultEvent: Equatable, Sendable {
    package let time: Microseconds
    /// Counts the faults of a run from 1; a fault and its undoing have the same.
    package let number: Int
    package let name: String
    package let command: String
    package let node: String?
    package let isUndo: Bool
}

/// The faults of a scenario in the order of time.
package enum FaultTimeline {
    /// The node of each fault is drawn from the seed, so that a run can be repeated.
    package static func events(_ plans: [FaultPlan], seed: UInt64) -> [FaultEvent] {
        var random = SplitMix64(seed: seed ^ 0xFA17)
        let faults = plans.flatMap { plan in plan.moments.map { (time: $0, plan: plan) } }
        let ordered = faults.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
        var events: [FaultEvent] = []
        for (position, fault) in ordered.map(\.element).enumerated() {
            let plan = fault.plan
            let node = plan.nodes.isEmpty ? nil : plan.nodes[random.below(plan.nodes.count)]
            events.append(
                FaultEvent(
                    time: fault.time, number: position + 1, name: plan.name, command: plan.command, node: node,
                    isUndo: false))
            guard let undo = plan.undo else { continue }
            events.append(
                FaultEvent(
                    time: fault.time + plan.undoAfter, number: position + 1, name: plan.name, command: undo, node: node,
                    isUndo: true))
        }
        return events.sorted { ($0.time, $0.number) < ($1.time, $1.number) }
    }
}
