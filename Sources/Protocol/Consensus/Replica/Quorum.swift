/// Majorities of a configuration: of its voters, and in joint consensus of its outgoing voters too.
struct Quorum {
    let configuration: Configuration
    let settings: ConsensusSettings

    /// Whether those for whom `agrees` holds decide.
    func isReached(_ agrees: (ReplicaID) -> Bool) -> Bool {
        // Of nobody there is no majority.
        !configuration.voters.isEmpty
            && majorities.allSatisfy { voters in voters.count(where: agrees) >= needed(of: voters.count) }
    }

    /// The highest index that a quorum has. Who is not known has nothing.
    func index(_ match: (ReplicaID) -> UInt64) -> UInt64 {
        majorities.map { voters in
            let descending = voters.map(match).sorted(by: >)
            return descending[needed(of: descending.count) - 1]
        }.min() ?? 0
    }

    private func needed(of count: Int) -> Int {
        settings.plants(.quorumOfHalf) ? max(1, count / 2) : count / 2 + 1
    }

    private var majorities: [[ReplicaID]] {
        if configuration.voters.isEmpty { return [] }
        if !configuration.isJoint || settings.plants(.jointCountsIncomingOnly) { return [configuration.voters] }
        return [configuration.voters, configuration.outgoing]
    }
}
