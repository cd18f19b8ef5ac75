import ArgumentParser
import Foundation

/// `vtag-sim membership`: the tables of `docs/membership.md`.
struct MembershipCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "membership",
        abstract: "Measures how soon deaths are noticed, and how often the living are declared dead.",
        discussion: "Prints Markdown tables. The same seeds give the same tables.")

    @Option(help: "Sizes of the clusters, with commas; 2 to 65536 each.")
    var members = "3,100"

    @Option(help: "How many seeds; each is one run of each kind.")
    var seeds: UInt64 = 8

    @Option(help: "The first seed.")
    var first: UInt64 = 1

    @Option(help: "Settings to compare, with commas: swim, lifeguard, shipped.")
    var settings = "swim,lifeguard,shipped"

    @Option(help: "Virtual seconds of a run with loss, but without crashes.")
    var quietSeconds: UInt64 = 300

    @Option(help: "Virtual seconds of a run with slow members.")
    var slowSeconds: UInt64 = 120

    func validate() throws {
        guard let sizes, !sizes.isEmpty, sizes.allSatisfy((2...65_536).contains) else {
            throw ValidationError("--members is a list of numbers from 2 to 65536")
        }
        guard chosen != nil else { throw ValidationError("--settings is a list of swim, lifeguard and shipped") }
        guard (1...100_000).contains(seeds) else { throw ValidationError("--seeds is from 1 to 100000") }
        guard first <= 1 << 40, (1...86_400).contains(quietSeconds), (1...86_400).contains(slowSeconds) else {
            throw ValidationError("--first is at most 2^40; a run has from 1 to 86400 seconds")
        }
    }

    func run() {
        var plan = MembershipStudyPlan(seeds: first..<first + seeds)
        plan.settings = chosen ?? []
        plan.quietMilliseconds = quietSeconds * 1_000
        plan.slowMilliseconds = slowSeconds * 1_000
        let study = runMembershipStudy(members: sizes ?? [], plan: plan) { finished in
            FileHandle.standardError.write(Data("\(finished)\n".utf8))
        }
        print(study.markdown)
    }

    private var sizes: [Int]? {
        let words = members.split(separator: ",")
        let sizes = words.compactMap { Int($0) }
        return sizes.count == words.count ? sizes : nil
    }

    private var chosen: [MembershipStudy.Setting]? {
        let names: [Substring: MembershipStudy.Setting] = ["swim": .plainSWIM, "lifeguard": .lifeguard, "shipped": .ours]
        let words = settings.split(separator: ",")
        let chosen = words.compactMap { names[$0] }
        return chosen.count == words.count && !chosen.isEmpty ? chosen : nil
    }
}
