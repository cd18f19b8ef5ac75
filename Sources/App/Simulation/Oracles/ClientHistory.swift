import Linearizability
import Shard

/// What all clients asked and saw, for the checker.
package struct ClientHistory {
    package struct Entry: Sendable {
        package let id: OperationID
        package let group: Int
        package let key: UInt64
        package let command: ClientCommand
        package let call: Microseconds
        package var completion: Microseconds?
        package var answer: ClientAnswer?
        /// Where its entry stands, where that is known from the beginning.
        var effect: UInt64?
    }

    private struct Object: Hashable {
        let group: Int
        let key: UInt64
    }

    package private(set) var entries: [Entry] = []
    private var seen: [Object: UInt64] = [:]

    package init() {}

    /// The value of the key in the last answer that told one, or that a write was to set; of a resource, its changed index.
    package func lastSeen(group: Int, key: UInt64) -> UInt64 { seen[Object(group: group, key: key)] ?? 0 }

    /// Returns the operation's position, for `answered`.
    package mutating func called(
        _ id: OperationID, group: Int, key: UInt64, _ command: ClientCommand, at time: Microseconds
    ) -> Int {
        entries.append(Entry(id: id, group: group, key: key, command: command, call: time))
        return entries.count - 1
    }

    package mutating func answered(_ position: Int, _ answer: ClientAnswer, at time: Microseconds) {
        entries[position].completion = time
        entries[position].answer = answer
        let entry = entries[position]
        let object = Object(group: entry.group, key: entry.key)
        switch (entry.command, answer) {
        case (_, .register(.value(let value))): seen[object] = value
        case (.register(.write(let value)), _): seen[object] = value
        case (.register(.compareAndSet(_, let new)), .register(.swapped(true))): seen[object] = new
        case (_, .resource(.record(let view))): seen[object] = view.changedIndex
        case (_, .resource(.outcome(let outcome, let index))) where outcome.changedSomething: seen[object] = index
        case (.register, _), (.resource, _): break
        }
    }

    /// A row was judged anew by the entry at `index`, which is applied now for the first time.
    ///
    /// It may count as done at this very moment: who sees an entry's effect has applied it, and who has seen it before
    /// would have.
    package mutating func swept(group: Int, key: UInt64, index: UInt64, at time: Microseconds) {
        entries.append(
            Entry(
                id: OperationID(number: .max), group: group, key: key, command: .resource(.sweep), call: time,
                completion: time, answer: .resource(.outcome(.updated, index: index)), effect: index))
    }

    package struct Verdict {
        /// The first key whose history has no explanation, and its operations.
        package var violated: (group: Int, key: UInt64, operations: [Entry], blocked: [Int])?
        package var undecided = 0
    }

    /// Checks each key by itself. `effect` says where an operation's entry stands; nil: nobody has one.
    ///
    /// Operations that were never answered make the search grow. Those that are in nobody's state at the end of a life
    /// never took effect: leaving them out changes no verdict of a history whose states were compared.
    package func check(effect: (Entry) -> UInt64?) -> Verdict {
        var order: [Object] = []
        var positions: [Object: [Int]] = [:]
        var effects: [Int: UInt64] = [:]
        for (position, entry) in entries.enumerated() {
            effects[position] = entry.effect ?? effect(entry)
            if entry.completion == nil, entry.command.isRead || effects[position] == nil { continue }
            let object = Object(group: entry.group, key: entry.key)
            if positions[object] == nil { order.append(object) }
            positions[object, default: []].append(position)
        }
        var verdict = Verdict()
        for object in order {
            let positions = positions[object] ?? []
            switch check(positions, effects) {
            case .linearizable: continue
            case .undecided: verdict.undecided += 1
            case .violated(_, let blocked):
                let known = blocked.filter { $0 < positions.count }
                verdict.violated = (object.group, object.key, positions.map { entries[$0] }, known)
                return verdict
            }
        }
        return verdict
    }

    /// One object's history, which is of registers or of a resource.
    private func check(_ positions: [Int], _ effects: [Int: UInt64]) -> LinearizabilityChecker.Verdict {
        var registers: [HistoryOperation<RegisterModel.Operation>] = []
        var resources: [HistoryOperation<ResourceModel.Operation>] = []
        var later: [HistoryOperation<ResourceModel.Operation>] = []
        for position in positions {
            let entry = entries[position]
            switch entry.command {
            case .register(let command):
                var answer: RegisterAnswer?
                if case .register(let seen)? = entry.answer { answer = seen }
                registers.append(
                    HistoryOperation(
                        call: entry.call, completion: entry.completion, operation: RegisterModel.Operation(command, answer)))
            case .resource(let command):
                var answer: ResourceAnswer?
                if case .resource(let seen)? = entry.answer { answer = seen }
                resources.append(
                    HistoryOperation(
                        call: entry.call, completion: entry.completion,
                        operation: ResourceModel.Operation(command, answer, effect: effects[position])))
                // Keys remember what succeeded alone. Where one attempt was told that it could not be done, an earlier one that
                // was still under way may have done it later.
                if case .outcome(let outcome, _)? = answer, !outcome.succeeded, effects[position] != nil {
                    later.append(
                        HistoryOperation(
                            call: entry.call, completion: nil,
                            operation: ResourceModel.Operation(command, nil, effect: effects[position])))
                }
            }
        }
        return resources.isEmpty
            ? LinearizabilityChecker.check(registers, as: RegisterModel.self)
            : LinearizabilityChecker.check(resources + later, as: ResourceModel.self)
    }
}
