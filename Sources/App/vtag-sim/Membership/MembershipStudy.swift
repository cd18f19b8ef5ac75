import Membership

/// How soon deaths are noticed, and how often the living are declared dead, by number of members.
package struct MembershipStudy: Sendable {
    /// How the protocol was set.
    package enum Setting: String, Sendable, CaseIterable {
        case plainSWIM = "plain SWIM"
        case lifeguard = "Lifeguard"
        case ours = "as shipped"

        var parameters: MembershipParameters {
            switch self {
            case .plainSWIM: return .plainSWIM
            case .lifeguard:
                var parameters = MembershipParameters()
                parameters.noticesStalls = false
                parameters.needsMajority = false
                return parameters
            case .ours: return MembershipParameters()
            }
        }
    }

    /// Crashes with 1% of all frames lost.
    package struct Detection: Sendable {
        package var members: Int
        package var setting: Setting
        /// Milliseconds from each crash to the first that declared it, ascending.
        package var first: [UInt64] = []
        /// Milliseconds from each crash to the last that learned of it, ascending.
        package var everywhere: [UInt64] = []
        /// Crashes that were not known to all when the run ended.
        package var missed = 0
        package var falseDeaths = 0
        package var framesPerMemberSecond = 0.0
    }

    /// False deaths in a time without crashes.
    package struct Falseness: Sendable {
        package var members: Int
        package var setting: Setting
        package var slowMembers: Int
        package var lossPerMille: UInt64
        /// Virtual hours over all members.
        package var memberHours = 0.0
        /// Lives of healthy members that were declared over.
        package var healthyVictims = 0
        /// Those of them that a healthy member declared.
        package var declaredByHealthy = 0
        /// Lives of slow members that were declared over, in runs whose pauses are of up to 2,048 ms.
        package var shortlySlowVictims = 0
        /// The same in runs with longer pauses, which no failure detector can tell from deaths.
        package var slowVictims = 0
        package var framesPerMemberSecond = 0.0
    }

    package var detections: [Detection] = []
    package var losses: [Falseness] = []
    package var slowness: [Falseness] = []
}

/// What a study does.
package struct MembershipStudyPlan: Sendable {
    package var seeds: Range<UInt64>
    package var settings: [MembershipStudy.Setting] = MembershipStudy.Setting.allCases
    /// Virtual time without crashes, in each run.
    package var quietMilliseconds: UInt64 = 300_000
    package var slowMilliseconds: UInt64 = 120_000
    /// As in the Lifeguard paper: blocked for so long, then running for so long, over and over. Each seed has one of them.
    package var anomalies: [(pauseMilliseconds: UInt64, runMilliseconds: UInt64)] = [
        (8_192, 1), (2_048, 1), (32_768, 16), (512, 4), (8_192, 256), (2_048, 16), (32_768, 1), (8_192, 16),
    ]

    package init(seeds: Range<UInt64>) { self.seeds = seeds }

    /// How many crashes one run has.
    func crashes(members: Int) -> Int { max(1, min(5, members / 20)) }

    /// One in eight is slow, at least one, at most 100: each that is buried and comes back keeps a list of its own.
    func slowMembers(_ members: Int) -> Int { max(1, min(100, members / 8)) }
}

/// Measures clusters of each size in `members`, at most 65,536, with every seed of the plan.
///
/// - Parameter progress: told what was finished, for people who wait.
package func runMembershipStudy(
    members: [Int], plan: MembershipStudyPlan, progress: (String) -> Void = { _ in }
) -> MembershipStudy {
    var study = MembershipStudy()
    for count in members {
        for setting in plan.settings {
            study.detections.append(detection(members: count, setting: setting, plan: plan))
            progress("\(count) members, \(setting.rawValue): detection")
            study.losses.append(falseness(members: count, setting: setting, slow: 0, plan: plan))
            progress("\(count) members, \(setting.rawValue): loss")
            let slow = plan.slowMembers(count)
            study.slowness.append(falseness(members: count, setting: setting, slow: slow, plan: plan))
            progress("\(count) members, \(setting.rawValue): slow members")
        }
    }
    return study
}

/// Until everyone knows of every crash, at most.
private let detectionMillisecondsMax: UInt64 = 240_000
private let lossPerMille: UInt64 = 10

private func detection(
    members: Int, setting: MembershipStudy.Setting, plan: MembershipStudyPlan
) -> MembershipStudy.Detection {
    var result = MembershipStudy.Detection(members: members, setting: setting)
    var frames = 0
    var memberSeconds = 0.0
    for seed in plan.seeds {
        var world = MembershipWorld(
            members: members, parameters: setting.parameters, network: .init(lossPerMille: lossPerMille), seed: seed)
        var generator = SeededGenerator(seed: ~seed)
        let crashes = plan.crashes(members: members)
        let step = members / crashes
        for crash in 0..<crashes {
            let member = crash * step + Int(generator.below(UInt64(step)))
            world.plan(crashOf: member, at: 2_000 + UInt64(crash) * 5_000 + generator.below(1_000))
        }
        world.run(until: detectionMillisecondsMax, unless: \.allKnow)
        for detection in world.log.detections.values {
            if let first = detection.firstAt { result.first.append(first - detection.crashedAt) }
            if world.log.isKnownToAll(detection), let last = detection.lastAt {
                result.everywhere.append(last - detection.crashedAt)
            } else {
                result.missed += 1
            }
        }
        result.falseDeaths += world.log.falseDeaths.count
        frames += world.log.frames
        memberSeconds += Double(members) * Double(world.now) / 1_000
    }
    result.first.sort()
    result.everywhere.sort()
    result.framesPerMemberSecond = Double(frames) / memberSeconds
    return result
}

private func falseness(
    members: Int, setting: MembershipStudy.Setting, slow: Int, plan: MembershipStudyPlan
) -> MembershipStudy.Falseness {
    var result = MembershipStudy.Falseness(
        members: members, setting: setting, slowMembers: slow, lossPerMille: slow == 0 ? lossPerMille : 0)
    var frames = 0
    for seed in plan.seeds {
        var world = MembershipWorld(
            members: members, parameters: setting.parameters, network: .init(lossPerMille: result.lossPerMille), seed: seed)
        let duration = slow == 0 ? plan.quietMilliseconds : plan.slowMilliseconds
        let anomaly = plan.anomalies[Int(seed - plan.seeds.lowerBound) % plan.anomalies.count]
        if slow > 0 {
            world.plan(
                .init(
                    members: 0..<slow, pauseMilliseconds: anomaly.pauseMilliseconds,
                    runMilliseconds: anomaly.runMilliseconds))
        }
        world.run(until: duration)
        for (death, observer) in world.log.falseDeaths {
            if death.subject < slow {
                if anomaly.pauseMilliseconds <= 2_048 { result.shortlySlowVictims += 1 } else { result.slowVictims += 1 }
            } else {
                result.healthyVictims += 1
                if observer >= slow { result.declaredByHealthy += 1 }
            }
        }
        frames += world.log.frames
        result.memberHours += Double(members) * Double(duration) / 3_600_000
    }
    result.framesPerMemberSecond = Double(frames) / (result.memberHours * 3_600)
    return result
}
