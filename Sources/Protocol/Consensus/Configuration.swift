package import WriteAheadLog

/// The members of a group, as one entry of its log sets them (dissertation, chapter 4.3).
///
/// While `outgoing` is not empty the group is in *joint consensus*: elections and commitment need a majority of
/// `voters` and a majority of `outgoing`. A configuration is in force as soon as it is appended, committed or not.
package struct Configuration: Hashable, Sendable, CustomStringConvertible {
    /// Who votes; ascending, without duplicates. Empty only in a replica that has not heard from its group yet.
    package let voters: [ReplicaID]
    /// Who voted before, while the change is under way; ascending.
    package let outgoing: [ReplicaID]
    /// Who receives the log without a vote; ascending; disjoint from both sets of voters.
    package let learners: [ReplicaID]
    /// Outgoing voters that become learners with the end of the change; ascending.
    package let learnersNext: [ReplicaID]

    /// A configuration that is not joint. Order and duplicates do not matter; a voter is not a learner.
    package init(voters: [ReplicaID], learners: [ReplicaID] = []) {
        self.voters = Set(voters).sorted()
        self.learners = Set(learners).subtracting(voters).sorted()
        outgoing = []
        learnersNext = []
    }

    /// Nil where the sets contradict each other, see the properties.
    init?(voters: [ReplicaID], outgoing: [ReplicaID], learners: [ReplicaID], learnersNext: [ReplicaID]) {
        guard Self.isAscending(voters), Self.isAscending(outgoing), Self.isAscending(learners),
            Self.isAscending(learnersNext), !voters.isEmpty || (outgoing.isEmpty && learners.isEmpty),
            voters.count + outgoing.count + learners.count <= Self.membersMax,
            !learners.contains(where: { voters.contains($0) || outgoing.contains($0) }),
            learnersNext.allSatisfy({ outgoing.contains($0) && !voters.contains($0) })
        else { return nil }
        self.voters = voters
        self.outgoing = outgoing
        self.learners = learners
        self.learnersNext = learnersNext
    }

    /// Nobody: what a replica starts with that is to join a group.
    package static let empty = Configuration(voters: [])
    /// Most members of a group, outgoing ones counted separately.
    package static let membersMax = 256

    package var isJoint: Bool { !outgoing.isEmpty }

    package var description: String {
        var parts = ["voters \(voters)"]
        if isJoint { parts.append("outgoing \(outgoing)") }
        if !learners.isEmpty { parts.append("learners \(learners)") }
        if !learnersNext.isEmpty { parts.append("learners next \(learnersNext)") }
        return parts.joined(separator: ", ")
    }

    private static func isAscending(_ ids: [ReplicaID]) -> Bool {
        zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 } && ids.first != ReplicaID(0)
    }
}

// MARK: - Queries

extension Configuration {
    /// Whether `id` has a vote, under either set of voters.
    package func isVoter(_ id: ReplicaID) -> Bool { voters.contains(id) || outgoing.contains(id) }

    package func isLearner(_ id: ReplicaID) -> Bool { learners.contains(id) }

    package func isMember(_ id: ReplicaID) -> Bool { isVoter(id) || isLearner(id) }

    /// Everybody that receives the log, ascending.
    package var members: [ReplicaID] {
        outgoing.isEmpty && learners.isEmpty ? voters : Set(voters).union(outgoing).union(learners).sorted()
    }
}

// MARK: - Changes

extension Configuration {
    /// The first step from here to `target`: at once where no vote changes, else joint. Nil where there is nothing to do.
    func step(to target: ConfigurationTarget) -> Configuration? {
        let final = Configuration(voters: target.voters, learners: target.learners)
        if final == self { return nil }
        if final.voters == voters { return final }
        // Learners of now that are to vote do so from the joint configuration on; voters that are to learn wait for its end.
        return Configuration(
            voters: final.voters, outgoing: voters,
            learners: final.learners.filter { !voters.contains($0) },
            learnersNext: final.learners.filter(voters.contains))
    }

    /// What follows the joint configuration.
    var afterJoint: Configuration { Configuration(voters: voters, learners: learners + learnersNext) }
}

/// What a group's members are to become.
package struct ConfigurationTarget: Hashable, Sendable {
    /// At least one; duplicates do not matter.
    package var voters: [ReplicaID]
    package var learners: [ReplicaID]

    package init(voters: [ReplicaID], learners: [ReplicaID] = []) {
        self.voters = voters
        self.learners = learners
    }
}

/// A configuration, and the index of the entry that set it.
package struct IndexedConfiguration: Hashable, Sendable {
    package let index: UInt64
    package let configuration: Configuration

    package init(index: UInt64, configuration: Configuration) {
        self.index = index
        self.configuration = configuration
    }
}

/// Where a snapshot stands: the last entry that it includes, and the members as of that entry.
package struct SnapshotPoint: Hashable, Sendable {
    package let point: LogPoint
    package let configuration: Configuration

    package init(point: LogPoint, configuration: Configuration) {
        self.point = point
        self.configuration = configuration
    }
}
