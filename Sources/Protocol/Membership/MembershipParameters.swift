/// How fast, how sure and how large. The defaults are for nodes within a region; `docs/membership.md` has measurements.
package struct MembershipParameters: Equatable, Sendable {
    // MARK: Probing

    /// One member is probed in each interval, while this node is in good health.
    package var probeIntervalMilliseconds: UInt64 = 1_000
    /// How long a direct ping may take before helpers are asked; below the interval.
    package var probeTimeoutMilliseconds: UInt64 = 500
    /// k: how many helpers are asked to ping a member that did not answer.
    package var helpers = 3

    // MARK: Suspicion

    /// α: a suspicion lasts at least α × max(1, log10(members)) × probe interval.
    package var suspicionMultiplier = 2.5
    /// β: unconfirmed, a suspicion lasts β times as long.
    package var suspicionMaxMultiplier = 6.0
    /// K: so many independent confirmations shorten a suspicion to its least.
    package var confirmationsMax = 3

    // MARK: Dissemination

    /// λ: a claim is sent λ × ⌈log10(members + 1)⌉ times by each node.
    package var retransmitMultiplier = 4
    /// While there is news, it goes to `gossipFanout` random members in each interval, beside riding on probes.
    package var gossipIntervalMilliseconds: UInt64 = 200
    package var gossipFanout = 3
    /// Most bytes of claims that ride on a probe or in a gossip frame; above the size of any one claim.
    package var piggybackBytesMax = 1_400
    /// Between two exchanges of digests; stretched by log2(members / 32) + 1 above 32 members.
    package var antiEntropyIntervalMilliseconds: UInt64 = 30_000
    /// Most buckets that one exchange brings into line; the next exchange goes on with others.
    package var bucketsPerExchangeMax = 256

    // MARK: Joining and leaving

    package var joinRetryMillisecondsMin: UInt64 = 500
    package var joinRetryMillisecondsMax: UInt64 = 15_000
    /// How many seeds one attempt asks.
    package var seedsPerAttempt = 3
    /// Longest time for the goodbye to spread before `left`.
    package var leaveMillisecondsMax: UInt64 = 3_000
    /// How long a dead or left member stays in the list. Its generation is refused after that, too.
    package var tombstoneSeconds: UInt32 = 3_600

    // MARK: Bounds

    /// Most members in the list, tombstones included.
    package var membersMax = 16_384
    /// Most dead generations remembered behind the list; the oldest is forgotten first.
    package var gravesMax = 65_536
    /// Most probes that this node makes for others at a time.
    package var relaysMax = 256
    /// Most answers a second to nodes that are unknown, dead or outlived.
    package var noticesPerSecondMax: UInt64 = 50
    /// Most answers a second that may be as large as the list.
    package var bulkAnswersPerSecondMax: UInt64 = 32

    // MARK: Local health

    /// S: highest score of bad health; probe interval and time-out are multiplied by score + 1.
    package var healthMax = 8
    /// Woken so much later than asked for, this node takes itself for the slow one.
    package var stallMilliseconds: UInt64 = 250

    // MARK: Switches, for comparison with plain SWIM

    /// Lifeguard's LHA-Probe: a node in bad health probes slower and waits longer.
    package var usesLocalHealth = true
    /// Lifeguard's LHA-Suspicion: suspicions start long and shrink as others confirm them.
    package var usesDogpile = true
    /// Lifeguard's buddy: a suspected member is told in every frame to it.
    package var usesBuddy = true
    /// After a stall of this process no probe fails and no suspicion ends before its mail is read.
    package var noticesStalls = true
    /// Only a node that sees most members, and whose probes are answered, declares a death.
    package var needsMajority = true

    package init() {}

    /// SWIM with suspicion, as published: no part of Lifeguard, no guard of ours.
    package static var plainSWIM: MembershipParameters {
        var parameters = MembershipParameters()
        parameters.usesLocalHealth = false
        parameters.usesDogpile = false
        parameters.usesBuddy = false
        parameters.noticesStalls = false
        parameters.needsMajority = false
        return parameters
    }

    /// Whether a node can live by these numbers.
    var isSound: Bool {
        probeIntervalMilliseconds > probeTimeoutMilliseconds && probeTimeoutMilliseconds > 0
            && gossipIntervalMilliseconds > 0 && antiEntropyIntervalMilliseconds > 0 && joinRetryMillisecondsMin > 0
            && suspicionMultiplier > 0 && suspicionMaxMultiplier >= 1 && confirmationsMax >= 0 && healthMax >= 0
            && piggybackBytesMax >= MembershipLimits.claimBytesMax && retransmitMultiplier > 0 && membersMax > 1
            && gravesMax > 0 && bucketsPerExchangeMax > 0
    }

    /// How often a node sends one claim among `members`.
    func retransmits(members: Int) -> Int {
        var digits = 1
        var power = 10
        while power < members + 1 {
            digits += 1
            power *= 10
        }
        return retransmitMultiplier * digits
    }
}
