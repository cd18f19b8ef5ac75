package import Consensus

/// What the cluster has promised so far, seen from outside: every replica's steps are held against it as they happen.
///
/// The first replica that applies an index says what it holds; all others must agree for ever.
package struct Ledger {
    private struct Place: Hashable {
        let index: UInt64
        let term: UInt64
    }

    private struct Ballot: Hashable {
        let term: UInt64
        let candidate: UInt64
    }

    private struct Entry: Equatable {
        let payloadHash: UInt64
        let termBefore: UInt64
    }

    private struct Committed {
        let term: UInt64
        let payloadHash: UInt64
        /// After this entry, once a replica has applied it.
        var stateHash: UInt64
    }

    private struct Group {
        var leaders: [UInt64: Int] = [:]
        /// Who voted for whom: by term and candidate.
        var grants: [Ballot: Set<UInt64>] = [:]
        var entries: [Place: Entry] = [:]
        /// By index; position 0 stands for the empty log.
        var committed: [Committed] = [Committed(term: 0, payloadHash: 0, stateHash: 0)]
        /// The index at which each operation took effect.
        var effects: [OperationID: UInt64] = [:]
        /// The newest members that a replica applied.
        var members: IndexedConfiguration?
    }

    /// A vote or a term that a replica let others know of.
    private struct Promise: Hashable {
        let node: Int
        let group: Int
    }

    private var groups: [Group]
    private var acknowledged: [(group: Int, id: OperationID)] = []
    private var promisedTerms: [Promise: UInt64] = [:]
    private var votes: [Promise: (term: UInt64, candidate: UInt64)] = [:]
    package private(set) var violation: Violation?

    package init(groups: Int) { self.groups = Array(repeating: Group(), count: groups) }

    // MARK: Events

    /// `node` leads `group` in `term`, with this log.
    package mutating func leads(
        _ node: Int, group: Int, term: UInt64, lastIndex: UInt64, at time: Microseconds, termAt: (UInt64) -> UInt64?
    ) {
        if let other = groups[group].leaders.updateValue(node, forKey: term), other != node {
            report(.oneLeader, group, time, "nodes \(other) and \(node) both lead term \(term)")
        }
        let last = UInt64(groups[group].committed.count - 1)
        let committed = groups[group].committed[Int(last)]
        guard committed.term < term else { return }
        // By log matching the last committed entry stands for all before it; nil: it lies in the leader's snapshot.
        let isHeld = lastIndex >= last && (termAt(last).map { $0 == committed.term } ?? true)
        if !isHeld {
            report(
                .leaderCompleteness, group, time,
                "node \(node) leads term \(term), its log ends at \(lastIndex); \(last) of \(committed.term) is committed")
        }
    }

    /// `voter` voted.
    package mutating func voted(_ voter: ReplicaID, for candidate: ReplicaID, group: Int, term: UInt64) {
        groups[group].grants[Ballot(term: term, candidate: candidate.rawValue), default: []].insert(voter.rawValue)
    }

    /// `leader` leads `term` by these members: a majority of each set of voters must have voted for it.
    package mutating func elected(
        _ leader: ReplicaID, by members: Configuration, group: Int, term: UInt64, at time: Microseconds
    ) {
        let grants = groups[group].grants[Ballot(term: term, candidate: leader.rawValue)] ?? []
        for voters in [members.voters, members.outgoing] where !voters.isEmpty {
            let count = voters.count { $0 == leader || grants.contains($0.rawValue) }
            if count <= voters.count / 2 {
                report(.electedByMajority, group, time, "\(leader) leads term \(term) with \(count) votes of \(members)")
            }
        }
    }

    /// `node` holds this entry.
    package mutating func holds(
        _ node: Int, group: Int, index: UInt64, term: UInt64, payloadHash: UInt64, termBefore: UInt64,
        at time: Microseconds
    ) {
        let entry = Entry(payloadHash: payloadHash, termBefore: termBefore)
        guard let known = groups[group].entries.updateValue(entry, forKey: Place(index: index, term: term)) else { return }
        if known != entry {
            report(
                .logMatching, group, time,
                "node \(node) holds another entry \(index) of term \(term) than others, or before it")
        }
    }

    /// `node` applied the entry at `index` and came to this state.
    package mutating func applied(
        _ node: Int, group: Int, index: UInt64, term: UInt64, payloadHash: UInt64, stateHash: UInt64,
        effect: OperationID?, at time: Microseconds
    ) {
        let next = UInt64(groups[group].committed.count)
        guard index <= next else {
            return report(.committedIsFinal, group, time, "node \(node) applied \(index) before anyone applied \(next)")
        }
        if index == next {
            groups[group].committed.append(Committed(term: term, payloadHash: payloadHash, stateHash: stateHash))
        }
        let known = groups[group].committed[Int(index)]
        if known.term != term || known.payloadHash != payloadHash {
            report(
                .committedIsFinal, group, time,
                "node \(node) applied \(index) of term \(term), others have one of term \(known.term) there")
        } else if known.stateHash != stateHash {
            report(.stateMachineSafety, group, time, "node \(node) came to another state at \(index) than others")
        }
        if let effect, let earlier = groups[group].effects.updateValue(index, forKey: effect), earlier != index {
            report(.exactlyOnce, group, time, "\(effect) took effect at \(earlier) and, on node \(node), at \(index)")
        }
    }

    /// A replica applied the entry that sets these members.
    package mutating func appliedMembers(_ configuration: Configuration, group: Int, index: UInt64) {
        guard index > groups[group].members?.index ?? 0 else { return }
        groups[group].members = IndexedConfiguration(index: index, configuration: configuration)
    }

    /// `node` took a state as of `index` from a snapshot, its own or another's.
    package mutating func restored(_ node: Int, group: Int, index: UInt64, stateHash: UInt64, at time: Microseconds) {
        guard index > 0 else { return }
        guard index < UInt64(groups[group].committed.count) else {
            return report(
                .committedIsFinal, group, time, "node \(node) took a snapshot at \(index), which nobody applied")
        }
        if groups[group].committed[Int(index)].stateHash != stateHash {
            report(
                .stateMachineSafety, group, time,
                "node \(node) took a snapshot at \(index) with another state than others had")
        }
    }

    /// A client was told that its write took effect.
    package mutating func acknowledgedWrite(_ id: OperationID, group: Int) { acknowledged.append((group, id)) }

    /// `node` let another node know its term, and whom it votes for in it (nil: unknown from this message).
    package mutating func promised(
        _ node: Int, group: Int, term: UInt64, vote candidate: UInt64?, at time: Microseconds
    ) {
        let promise = Promise(node: node, group: group)
        let highest = promisedTerms[promise] ?? 0
        if term > highest { promisedTerms[promise] = term }
        guard let candidate else { return }
        if let earlier = votes[promise], earlier.term == term, earlier.candidate != candidate {
            report(
                .termNeverFalls, group, time,
                "node \(node) voted for \(earlier.candidate) and \(candidate) in term \(term)")
        }
        votes[promise] = (term, candidate)
    }

    /// The node's disk is gone or damaged: it cannot be held to what it said.
    package mutating func forgets(_ node: Int) {
        for group in groups.indices {
            promisedTerms[Promise(node: node, group: group)] = nil
            votes[Promise(node: node, group: group)] = nil
        }
    }

    /// `node` came back with this term.
    package mutating func restarted(_ node: Int, group: Int, term: UInt64, at time: Microseconds) {
        let promised = promisedTerms[Promise(node: node, group: group)] ?? 0
        if term < promised {
            report(
                .termNeverFalls, group, time, "node \(node) came back in term \(term), it had told others of \(promised)")
        }
    }

    /// At the end of a life.
    package mutating func finish(at time: Microseconds) {
        for (group, id) in acknowledged where groups[group].effects[id] == nil {
            report(.acknowledgedIsKept, group, time, "\(id) was acknowledged and is in nobody's state")
        }
    }

    package mutating func report(
        _ property: Property, _ group: Int, _ time: Microseconds, _ detail: @autoclosure () -> String
    ) {
        guard violation == nil else { return }
        violation = Violation(property: property, time: time, group: group, detail: detail())
    }

    // MARK: Queries

    /// Index of the last entry that a replica applied.
    package func lastCommitted(group: Int) -> UInt64 { UInt64(groups[group].committed.count - 1) }

    /// The newest members that a replica applied; nil where they never changed.
    package func members(group: Int) -> IndexedConfiguration? { groups[group].members }

    /// Where the operation took effect; nil where it never did.
    package func effect(of id: OperationID, group: Int) -> UInt64? { groups[group].effects[id] }
}
