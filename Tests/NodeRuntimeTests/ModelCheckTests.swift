import Foundation
import Model
import Shard
import Testing

@testable import Checkpoint
@testable import NodeRuntime

/// SplitMix64: the same numbers from the same seed everywhere.
struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return StableHash.mix(state)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
}

/// What a node should hold, said as simply as possible.
private struct Inventory {
    struct Thing: Equatable {
        var name: String
        var version: UInt64 = 1
        var manual: [String: String] = [:]
    }

    var things: [Int: Thing] = [:]
    /// The value that the rule gives to what is named `web…`; nil without the rule.
    var ruleValue: String?
    var ruleVersion: UInt64 = 0
    /// Everything needs an owner.
    var hasPolicy = false

    func tags(of number: Int) -> [String: (value: String, source: TagSource)] {
        guard let thing = things[number] else { return [:] }
        var tags = thing.manual.mapValues { (value: $0, source: TagSource.manual) }
        if let ruleValue, thing.name.hasPrefix("web"), tags["role"] == nil { tags["role"] = (ruleValue, .rule) }
        return tags
    }
}

@Suite("A node against a simple model")
struct ModelCheckTests {
    private static let resources = 24
    private static let keys = ["owner", "role", "team"]
    private static let policyID = UUID128(high: 0x5555_6666_7777_8888, low: 9)

    private let policy = CatalogItem.policy(
        CompliancePolicy(
            id: policyID, name: "owner", severity: .high, rules: .requiredTags(["owner"]), createdBy: "tester",
            createdAt: Timestamp(milliseconds: 0), updatedAt: Timestamp(milliseconds: 0)))

    @Test("After any mix of writes, catalogue changes and restarts it holds what the model holds", arguments: 0..<3)
    func randomised(run: Int) async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("node model seed \(seed)")
        var dice = Dice(state: seed)
        var model = Inventory()
        let bench = Bench()
        var node = try await bench.start(shards: 3, checkpointEvery: 3)
        for step in 0..<400 {
            switch dice.below(40) {
            case 0: node = try await restart(node, bench)
            case 1: node = try await crash(node, bench)
            case 2..<6: try await changeCatalogue(node, &model, &dice)
            default: try await write(node, &model, &dice)
            }
            if step % 80 == 79 { try await compare(node, model, "seed \(seed), step \(step)") }
        }
        node = try await crash(node, bench)
        try await compare(node, model, "seed \(seed), after a crash")
        await node.stop()
    }

    // MARK: Steps

    private func restart(_ node: Node, _ bench: borrowing Bench) async throws -> Node {
        await node.stop()
        return try await bench.start(shards: 3, checkpointEvery: 3)
    }

    /// Goes on from the files as they are while the node runs: checkpoint first, then the log, which is ahead of it.
    private func crash(_ node: Node, _ bench: borrowing Bench) async throws -> Node {
        let files = FileManager.default
        let copy = bench.directory + "-copy"
        try files.createDirectory(atPath: copy, withIntermediateDirectories: true)
        for name in ["checkpoint.sqlite", "checkpoint.sqlite-wal", NodeIdentity.fileName, "CLUSTER", "GENERATION", "log"]
        where files.fileExists(atPath: "\(bench.directory)/\(name)") {
            try files.copyItem(atPath: "\(bench.directory)/\(name)", toPath: "\(copy)/\(name)")
        }
        await node.stop()
        try files.removeItem(atPath: bench.directory)
        try files.moveItem(atPath: copy, toPath: bench.directory)
        return try await bench.start(shards: 3, checkpointEvery: 3)
    }

    private func changeCatalogue(_ node: Node, _ model: inout Inventory, _ dice: inout Dice) async throws {
        let command: SystemCommand
        let expected: Outcome
        let rule = roleRule("").id
        switch (dice.below(5), model.ruleValue, model.hasPolicy) {
        case (0, nil, _), (1, nil, _):
            model.ruleVersion += 1
            model.ruleValue = "value-\(model.ruleVersion)"
            (command, expected) = (.create(roleRule("value-\(model.ruleVersion)")), .created)
        case (0, .some, _):
            model.ruleVersion += 1
            model.ruleValue = "value-\(model.ruleVersion)"
            (command, expected) = (.update(roleRule("value-\(model.ruleVersion)"), .none), .updated)
        case (1, .some, _):
            model.ruleValue = nil
            (command, expected) = (.delete(.rule, rule, .exists), .deleted)
        case (2, _, true):
            model.hasPolicy = false
            (command, expected) = (.delete(.policy, Self.policyID, .none), .deleted)
        case (2, _, false), (3, _, false):
            model.hasPolicy = true
            (command, expected) = (.create(policy), .created)
        default: (command, expected) = (.reapply, .updated)
        }
        #expect(try await node.submit(command, by: operatorContext).outcomes == [expected])
        // Whether the sweep ends before the next step is left to chance.
        if dice.below(2) == 0 { try await node.settled() }
    }

    private func write(_ node: Node, _ model: inout Inventory, _ dice: inout Dice) async throws {
        let number = dice.below(Self.resources)
        let id = instance(number).id
        let shard = node.shard(of: id.slot)
        let thing = model.things[number]
        let key = dice.pick(Self.keys)
        let value = dice.pick(["a", "b", "c"])
        let command: ShardCommand
        let expected: Outcome
        switch dice.below(12) {
        case 0..<5:
            let name = dice.pick(["web", "web-2", "db"])
            expected = thing == nil ? .created : thing?.name == name ? .unchanged : .updated
            if expected == .updated { model.things[number]?.version += 1 }
            model.things[number, default: .init(name: name)].name = name
            command = .observe([instance(number, name: name)])
        case 5..<9:
            let held = thing?.manual[key]
            expected = thing == nil ? .notFound : held == value ? .unchanged : held == nil ? .created : .updated
            if thing != nil { model.things[number]?.manual[key] = value }
            command = .applyTags([TagApplication(resource: id, tags: [Model.Tag(key, value)])])
        case 9:
            // A rule's tag may be on its way; what is said of it depends on the sweep.
            guard thing?.manual[key] != nil else { return }
            expected = thing?.manual[key] == value ? .unchanged : .updated
            model.things[number]?.manual[key] = value
            command = .setTag(PartID.virtualTag(of: id, key: key), value: value, .none)
        case 10:
            guard thing?.manual[key] != nil else { return }
            expected = .deleted
            model.things[number]?.manual[key] = nil
            command = .deleteTag(PartID.virtualTag(of: id, key: key), .exists)
        default:
            expected = thing == nil ? .notFound : .deleted
            model.things[number] = nil
            command = .deleteResource(id, .none)
        }
        #expect(try await node.submit(command, shard: shard, by: operatorContext).outcomes == [expected])
    }

    // MARK: Comparison

    private func compare(_ node: Node, _ model: Inventory, _ place: String) async throws {
        try await node.settled()
        let records = try await node.allRecords()
        #expect(records.count == model.things.count, "\(place)")
        let byID = Dictionary(uniqueKeysWithValues: records.map { ($0.resource.id, $0) })
        for (number, thing) in model.things {
            let record = try #require(byID[instance(number).id], "\(place)")
            #expect(record.resource.name == thing.name, "\(place)")
            #expect(record.resource.version == thing.version, "\(place)")
            let tags = model.tags(of: number)
            #expect(record.tags.map(\.key) == tags.keys.sorted(), "\(place)")
            for tag in record.tags {
                #expect(tag.value == tags[tag.key]?.value && tag.winner.source == tags[tag.key]?.source, "\(place)")
            }
            #expect(record.compliance.map(\.policyID) == (model.hasPolicy ? [Self.policyID] : []), "\(place)")
            #expect(record.isCompliant == (!model.hasPolicy || tags["owner"] != nil), "\(place)")
        }
        #expect(try await node.statistics().totals == recount(records), "\(place)")
        try await compareTrail(node, records, place)
    }

    private func recount(_ records: [ResourceRecord]) -> InventoryTotals {
        var totals = InventoryTotals()
        for record in records {
            totals.resources += 1
            totals.byProvider[record.resource.provider, default: 0] += 1
            totals.relationships += record.resource.relationships.count
            if record.isCompliant { totals.compliantResources += 1 }
            for tag in record.tags { totals.tagsBySource[tag.winner.source, default: 0] += 1 }
            for result in record.compliance {
                totals.byPolicy[result.policyID, default: .init()].evaluated += 1
                totals.byPolicy[result.policyID, default: .init()].compliant += result.isCompliant ? 1 : 0
                totals.byPolicy[result.policyID, default: .init()].violations += result.violations.count
            }
        }
        return totals
    }

    /// Told in order, the trail leads from nothing to what there is: no change is missing, none is told twice.
    private func compareTrail(_ node: Node, _ records: [ResourceRecord], _ place: String) async throws {
        try await node.flushCheckpoint()
        let page = try node.checkpoint.auditTrail(AuditFilter(), before: nil, limit: 100_000)
        var told: [ResourceID: [String: String]] = [:]
        // A resource that goes tells of its tags after itself.
        var gone: Set<ResourceID> = []
        for entry in page.entries.sorted(by: { $0.sequence < $1.sequence }) {
            guard let id = entry.resourceID else { continue }
            switch entry.action {
            case .resourceCreated:
                #expect(told[id] == nil || gone.contains(id) && told[id] == [:], "\(place)")
                told[id] = [:]
                gone.remove(id)
            case .resourceDeleted: #expect(told[id] != nil && gone.insert(id).inserted, "\(place)")
            case .tagAdded, .tagChanged, .tagRemoved:
                #expect(told[id]?[entry.tagKey] == entry.oldValue, "\(place): \(entry)")
                told[id]?[entry.tagKey] = entry.newValue
            default: #expect(entry.action == .resourceUpdated, "\(place)")
            }
        }
        for id in gone { #expect(told.removeValue(forKey: id) == [:], "\(place)") }
        let held = records.map { ($0.resource.id, Dictionary(uniqueKeysWithValues: $0.tags.map { ($0.key, $0.value) })) }
        #expect(told == Dictionary(uniqueKeysWithValues: held), "\(place)")
    }
}
