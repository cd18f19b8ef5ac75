/// One operation, decided in full before it starts; all its attempts are alike.
package struct PlannedOperation: Equatable, Sendable {
    package struct Write: Equatable, Sendable {
        package let register: LoadInventory.Register
        /// Tells the write from all others of the run; from 1 on. Its value says the number.
        package let number: UInt64
    }

    package let kind: OperationKind
    /// Numbers the operations of a run from 1 on.
    package let number: UInt64
    /// What it is about; for a list, nothing.
    package var resources: [Int] = []
    /// For operations that set tags.
    package var writes: [Write] = []
    package let size: Int
}

/// Draws operations from the mix. The same seed, the same operations.
package struct OperationPlanner: Sendable {
    private let mix: [MixEntry]
    private let weightSum: Int
    private let keysPerResource: Int
    private let resources: Int
    private let chooser: KeyChooser
    private var random: SplitMix64
    private var operations: UInt64 = 0
    private var writes: UInt64 = 0

    package init(_ scenario: Scenario) {
        mix = scenario.mix
        weightSum = mix.reduce(0) { $0 + $1.weight }
        keysPerResource = scenario.data.keysPerResource
        resources = scenario.data.resources
        chooser = KeyChooser(scenario.choice, count: scenario.data.resources)
        random = SplitMix64(seed: scenario.seed)
    }

    package mutating func next() -> PlannedOperation {
        operations += 1
        let entry = draw()
        var operation = PlannedOperation(kind: entry.kind, number: operations, size: entry.size)
        switch entry.kind {
        case .list, .ruleChange: break
        case .pointRead, .staleRead: operation.resources = [chooser.choose(&random)]
        case .tagWrite:
            operation.resources = [chooser.choose(&random)]
            operation.writes = writes(to: operation.resources)
        case .bulkApply:
            operation.resources = distinct(entry.size)
            operation.writes = writes(to: operation.resources)
        case .ingest: operation.resources = distinct(entry.size)
        }
        return operation
    }

    /// A write that gives a register its first value.
    package mutating func filling(_ register: LoadInventory.Register) -> PlannedOperation {
        operations += 1
        writes += 1
        return PlannedOperation(
            kind: .tagWrite, number: operations, resources: [register / keysPerResource],
            writes: [PlannedOperation.Write(register: register, number: writes)], size: 1)
    }

    private mutating func draw() -> MixEntry {
        var rest = random.below(weightSum)
        for entry in mix {
            if rest < entry.weight { return entry }
            rest -= entry.weight
        }
        preconditionFailure("the weights of the mix do not add up to \(weightSum)")
    }

    private mutating func writes(to resources: [Int]) -> [PlannedOperation.Write] {
        resources.map { resource in
            writes += 1
            return PlannedOperation.Write(
                register: resource * keysPerResource + random.below(keysPerResource), number: writes)
        }
    }

    /// Different resources: in one request, the order of two writes to one register would mean nothing.
    private mutating func distinct(_ count: Int) -> [Int] {
        var chosen: [Int] = []
        var seen: Set<Int> = []
        var position = chooser.choose(&random)
        while chosen.count < count {
            if seen.insert(position).inserted {
                chosen.append(position)
                position = chooser.choose(&random)
            } else {
                position = (position + 1) % resources
            }
        }
        return chosen
    }
}
