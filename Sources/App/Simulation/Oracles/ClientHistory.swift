package import Linearizability

/// What all clients asked and saw, for the checker.
package struct ClientHistory {
    package struct Entry: Sendable {
        package let id: OperationID
        package let group: Int
        package let key: UInt64
        package let command: RegisterCommand
        package let call: Microseconds
        package var completion: Microseconds?
        package var answer: RegisterAnswer?
    }

    private struct Object: Hashable {
        let group: Int
        let key: UInt64
    }

    package private(set) var entries: [Entry] = []
    private var seen: [Object: UInt64] = [:]

    package init() {}

    /// The value of the key in the last answer that told one, or that a write was to set.
    package func lastSeen(group: Int, key: UInt64) -> UInt64 { seen[Object(group: group, key: key)] ?? 0 }

    /// Returns the operation's position, for `answered`.
    package mutating func called(
        _ id: OperationID, group: Int, key: UInt64, _ command: RegisterCommand, at time: Microseconds
    ) -> Int {
        entries.append(Entry(id: id, group: group, key: key, command: command, call: time))
        return entries.count - 1
    }

    package mutating func answered(_ position: Int, _ answer: RegisterAnswer, at time: Microseconds) {
        entries[position].completion = time
        entries[position].answer = answer
        let entry = entries[position]
        let object = Object(group: entry.group, key: entry.key)
        switch (entry.command, answer) {
        case (_, .value(let value)): seen[object] = value
        case (.write(let value), _): seen[object] = value
        case (.compareAndSet(_, let new), .swapped(true)): seen[object] = new
        case (.read, _), (.append, _), (.compareAndSet, _): break
        }
    }

    package struct Verdict {
        /// The first key whose history has no explanation, and its operations.
        package var violated: (group: Int, key: UInt64, operations: [Entry], blocked: [Int])?
        package var undecided = 0
    }

    /// Checks each key by itself. `hadEffect` says whether an operation without an answer may have taken effect.
    ///
    /// Operations that were never answered make the search grow. Those that are in nobody's state at the end of a life
    /// never took effect: leaving them out changes no verdict of a history whose states were compared.
    package func check(hadEffect: (Entry) -> Bool) -> Verdict {
        var order: [Object] = []
        var positions: [Object: [Int]] = [:]
        for (position, entry) in entries.enumerated() {
            if entry.completion == nil, entry.command == .read || !hadEffect(entry) { continue }
            let object = Object(group: entry.group, key: entry.key)
            if positions[object] == nil { order.append(object) }
            positions[object, default: []].append(position)
        }
        var verdict = Verdict()
        for object in order {
            let operations = (positions[object] ?? []).map { entries[$0] }
            let history = operations.map {
                HistoryOperation(
                    call: $0.call, completion: $0.completion,
                    operation: RegisterModel.Operation($0.command, $0.answer))
            }
            switch LinearizabilityChecker.check(history, as: RegisterModel.self) {
            case .linearizable: continue
            case .undecided: verdict.undecided += 1
            case .violated(_, let blocked):
                verdict.violated = (object.group, object.key, operations, blocked)
                return verdict
            }
        }
        return verdict
    }
}
