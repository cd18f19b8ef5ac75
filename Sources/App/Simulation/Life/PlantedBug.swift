import Consensus
import Sink

/// A mistake that the simulator can plant, in a core or in the surroundings of the cores.
package struct PlantedBug: Sendable, Hashable {
    package let name: String
    private let place: Place

    private enum Place: Hashable {
        case core(Consensus.PlantedBugs)
        case sink(SinkBugs)
        case shell(ShellBugs)
    }

    package var isInCore: Bool {
        switch place {
        case .core, .sink: true
        case .shell: false
        }
    }

    /// All that this build can plant: those of the cores have to be compiled in.
    package static var all: [PlantedBug] {
        let core = Consensus.PlantedBugs.areCompiledIn ? every.filter(\.isInCore) : []
        return core + every.filter { !$0.isInCore }
    }

    package static func named(_ name: String) -> PlantedBug? { every.first { $0.name == name } }

    package func plant(in options: inout Life.Options) {
        switch place {
        case .core(let bug): options.coreBugs.insert(bug)
        case .sink(let bug): options.sinkBugs.insert(bug)
        case .shell(let bug): options.shellBugs.insert(bug)
        }
    }

    private static let every =
        Consensus.PlantedBugs.all.map { PlantedBug(name: "core.\($0.name)", place: .core($0.bug)) }
        + SinkBugs.all.map { PlantedBug(name: "sink.\($0.name)", place: .sink($0.bug)) }
        + ShellBugs.all.map { PlantedBug(name: "shell.\($0.name)", place: .shell($0.bug)) }
}
