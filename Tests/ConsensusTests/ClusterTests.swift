import Testing

@testable import Consensus

/// Whole groups under faults. A failure names its seed; `SimulatedCluster(seed:…)` with a trace shows the run again.
@Suite("A group under faults")
struct ClusterTests {
    private func violations(_ seeds: Range<UInt64>, _ make: (UInt64) -> SimulatedCluster) -> [String] {
        var found: [String] = []
        for seed in seeds {
            var cluster = make(seed)
            cluster.run(until: 2_000)
            cluster.converge()
            cluster.checkLogs()
            found += cluster.violations
            if found.count >= 3 { break }
        }
        return found
    }

    @Test("Three replicas agree whatever is lost, doubled, delayed, reordered, cut off or crashed")
    func threeReplicas() {
        #expect(
            violations(1..<40) { seed in
                var faults = SimulatedCluster.Faults()
                faults.memberChanges = false
                return SimulatedCluster(seed: seed, voters: 3, faults: faults)
            } == [])
    }

    @Test("Five replicas agree while members come and go, snapshots travel and leadership is handed over")
    func changingMembers() {
        #expect(violations(1000..<1040) { SimulatedCluster(seed: $0, voters: 3, spares: 2) } == [])
    }

    @Test("Nothing acknowledged is lost when disks lose their newest entries and say so")
    func lostTails() {
        #expect(
            violations(2000..<2040) { seed in
                var faults = SimulatedCluster.Faults()
                faults.tailLosses = true
                faults.memberChanges = false
                return SimulatedCluster(seed: seed, voters: 5, faults: faults)
            } == [])
    }

    @Test("The same seed gives the same run")
    func determinism() {
        func trace() -> [String] {
            var faults = SimulatedCluster.Faults()
            faults.tailLosses = true
            var cluster = SimulatedCluster(seed: 77, voters: 3, spares: 2, faults: faults)
            cluster.trace = []
            cluster.run(until: 2_000)
            return (cluster.trace ?? []) + cluster.violations
        }
        let first = trace()
        #expect(first.count > 500)
        #expect(first == trace())
    }
}
