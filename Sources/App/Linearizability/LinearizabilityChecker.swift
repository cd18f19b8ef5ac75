/// Decides whether one object's history could have come from operations that took effect one after the other, each at a
/// moment between its call and its return.
///
/// The search of Wing and Gong with Lowe's memory of what was tried ("Testing for linearizability", 2017), as Porcupine
/// does it: take a minimal operation (one that no completed operation precedes) that the model allows, go on with the
/// rest, step back where nothing fits, and never try the same set of operations in the same state twice. Objects are
/// independent (locality), so each key is checked by itself. Time is exponential at worst; the number of steps is bounded.
package enum LinearizabilityChecker {
    package enum Verdict: Equatable, Sendable {
        case linearizable
        /// No order explains it. `longest`: positions of the longest run of operations that could be ordered, in that
        /// order; `blocked`: those of the operations that could have come next, none of which fits.
        case violated(longest: [Int], blocked: [Int])
        /// The bound on steps was reached.
        case undecided
    }

    /// Most steps of one search, where nothing else is asked for.
    package static let stepsMax = 300_000

    package static func check<Model: SequentialModel>(
        _ history: [HistoryOperation<Model.Operation>], as model: Model.Type, stepsMax: Int = stepsMax
    ) -> Verdict {
        var search = Search<Model>(history: history)
        return search.run(stepsMax: stepsMax)
    }
}

/// A linked list of calls and returns in the order of time, from which operations are lifted as they are linearised.
private struct Search<Model: SequentialModel> {
    /// The event of a list's position: calls are even (2 × operation), returns odd.
    private typealias Event = Int
    private static var head: Int { -1 }

    private struct Step {
        let operation: Int
        let stateBefore: Model.State
    }

    private struct Tried: Hashable {
        let linearised: OperationSet.Essence
        let state: Model.State
    }

    private let history: [HistoryOperation<Model.Operation>]
    /// Neighbours of each event, at position event + 1; position 0 is the head.
    private var next: [Event]
    private var previous: [Event]
    private var linearised: OperationSet
    private var steps: [Step] = []
    private var tried: Set<Tried> = []
    private var longest: [Int] = []
    /// How many of `steps`, from the first on, are those of `longest`.
    private var longestShared = 0
    private var blocked: [Int] = []
    /// Operations with a result that are not linearised yet. When none is left, open ones may stay without effect.
    private var completedLeft = 0

    init(history: [HistoryOperation<Model.Operation>]) {
        self.history = history
        linearised = OperationSet(count: history.count)
        next = Array(repeating: Self.head, count: 2 * history.count + 1)
        previous = next
        // A return and a call of one instant: the call comes first, so that the two count as concurrent.
        var events: [(time: Int64, isReturn: Bool, event: Event)] = []
        events.reserveCapacity(2 * history.count)
        for (position, operation) in history.enumerated() {
            events.append((operation.call, false, 2 * position))
            events.append((operation.completion ?? .max, true, 2 * position + 1))
            if operation.completion != nil { completedLeft += 1 }
        }
        events.sort { ($0.time, $0.isReturn ? 1 : 0, $0.event) < ($1.time, $1.isReturn ? 1 : 0, $1.event) }
        var last = Self.head
        for event in events {
            next[last + 1] = event.event
            previous[event.event + 1] = last
            last = event.event
        }
    }

    mutating func run(stepsMax: Int) -> LinearizabilityChecker.Verdict {
        var state = Model.initial
        var event = next[0]
        var stepCount = 0
        while completedLeft > 0 {
            stepCount += 1
            if stepCount > stepsMax { return .undecided }
            if event & 1 == 0 {
                let operation = event / 2
                if let after = Model.step(state, history[operation].operation) {
                    linearised.insert(operation)
                    if tried.insert(Tried(linearised: linearised.essence, state: after)).inserted {
                        steps.append(Step(operation: operation, stateBefore: state))
                        state = after
                        lift(operation)
                        event = next[0]
                        continue
                    }
                    linearised.remove(operation)
                }
                event = next[event + 1]
            } else {
                // An operation returned that is not linearised: one of those tried before must be taken back.
                noteDeadEnd()
                guard let step = steps.popLast() else { return .violated(longest: longest, blocked: blocked) }
                longestShared = min(longestShared, steps.count)
                state = step.stateBefore
                linearised.remove(step.operation)
                putBack(step.operation)
                event = next[2 * step.operation + 1]
            }
        }
        return .linearizable
    }

    private mutating func noteDeadEnd() {
        guard blocked.isEmpty || steps.count > longest.count else { return }
        longest.replaceSubrange(longestShared..., with: steps[longestShared...].map(\.operation))
        longestShared = longest.count
        blocked = []
        var event = next[0]
        while event != Self.head, event & 1 == 0 {
            blocked.append(event / 2)
            event = next[event + 1]
        }
    }

    private mutating func lift(_ operation: Int) {
        for event in [2 * operation + 1, 2 * operation] {
            let before = previous[event + 1]
            let after = next[event + 1]
            next[before + 1] = after
            if after != Self.head { previous[after + 1] = before }
        }
        if history[operation].completion != nil { completedLeft -= 1 }
    }

    /// Undoes `lift`; the neighbours are those of that moment, since steps are taken back in reverse.
    private mutating func putBack(_ operation: Int) {
        for event in [2 * operation, 2 * operation + 1] {
            next[previous[event + 1] + 1] = event
            let after = next[event + 1]
            if after != Self.head { previous[after + 1] = event }
        }
        if history[operation].completion != nil { completedLeft += 1 }
    }
}

/// A set of positions below a fixed count.
private struct OperationSet {
    /// What tells one set from another of the same count, without the full words in front and the empty ones behind.
    ///
    /// Operations that stand in the order of their calls are linearised more or less in that order, so this stays a few words
    /// long however long the history is.
    struct Essence: Hashable {
        let fullWords: Int
        let words: [UInt64]
    }

    private var words: [UInt64]
    /// Words in front that are full.
    private var fullWords = 0
    /// Words up to the last that is not empty.
    private var usedWords = 0

    init(count: Int) { words = Array(repeating: 0, count: (count + 63) / 64) }

    var essence: Essence {
        Essence(fullWords: fullWords, words: fullWords < usedWords ? Array(words[fullWords..<usedWords]) : [])
    }

    mutating func insert(_ position: Int) {
        words[position >> 6] |= 1 << UInt64(position & 63)
        usedWords = max(usedWords, (position >> 6) + 1)
        while fullWords < usedWords, words[fullWords] == .max { fullWords += 1 }
    }

    mutating func remove(_ position: Int) {
        words[position >> 6] &= ~(1 << UInt64(position & 63))
        fullWords = min(fullWords, position >> 6)
        while usedWords > 0, words[usedWords - 1] == 0 { usedWords -= 1 }
    }
}
