import HTTPTransport
import JSON
import Model
import Testing

@testable import LoadTesting

@Suite("Operations")
struct OperationTests {
    static let run = RunName(0xA1B2)

    static func inventory(resources: Int = 10, keys: Int = 2) -> LoadInventory {
        var plan = DataPlan()
        plan.resources = resources
        plan.keysPerResource = keys
        return LoadInventory(run: run, plan: plan)
    }

    static func wire(_ inventory: LoadInventory) -> VTagProtocol {
        VTagProtocol(inventory: inventory, valueBytes: 64, token: "t", ruleID: "r", readsAreChecked: true)
    }

    @Test("Zipf's law decides how often the k-th key is chosen; uniform means uniform")
    func keyChoice() {
        var random = SplitMix64(seed: 3)
        let zipf = KeyChooser(.zipf(exponent: 1), count: 1_000)
        var counts = Array(repeating: 0, count: 1_000)
        for _ in 0..<200_000 { counts[zipf.choose(&random)] += 1 }
        let harmonic = (1...1_000).reduce(0.0) { $0 + 1 / Double($1) }
        for rank in [1, 2, 10, 100] {
            let expected = 200_000 / harmonic / Double(rank)
            #expect(abs(Double(counts[rank - 1]) - expected) < 6 * expected.squareRoot(), "rank \(rank)")
        }
        let uniform = KeyChooser(.uniform, count: 10)
        var even = Array(repeating: 0, count: 10)
        for _ in 0..<100_000 { even[uniform.choose(&random)] += 1 }
        #expect(even.allSatisfy { abs($0 - 10_000) < 600 })
    }

    @Test(
        "The mix decides how often each kind comes; writes are numbered without a gap, and a bulk request has no key twice")
    func planning() {
        var scenario = Scenario()
        scenario.data.resources = 30
        scenario.choice = .zipf(exponent: 2)
        scenario.mix = [
            MixEntry(.pointRead, weight: 6), MixEntry(.tagWrite, weight: 3), MixEntry(.bulkApply, weight: 1, size: 20),
        ]
        var planner = OperationPlanner(scenario)
        var again = OperationPlanner(scenario)
        var counts: [OperationKind: Int] = [:]
        var numbers: [UInt64] = []
        for _ in 0..<10_000 {
            let operation = planner.next()
            #expect(operation == again.next())
            counts[operation.kind, default: 0] += 1
            numbers += operation.writes.map(\.number)
            #expect(Set(operation.writes.map(\.register)).count == operation.writes.count)
            if operation.kind == .bulkApply { #expect(operation.writes.count == 20) }
        }
        #expect(numbers == Array(1...UInt64(numbers.count)))
        #expect((5_700...6_300).contains(counts[.pointRead] ?? 0) && (800...1_200).contains(counts[.bulkApply] ?? 0))
    }

    @Test("A value says which write set it, and values of other runs are foreign")
    func values() {
        let value = Self.run.value(of: 42, bytes: 64)
        #expect(value.utf8.count == 64 && value.hasPrefix("0000a1b2.42."))
        #expect(SeenValue(value, in: Self.run) == .written(42))
        #expect(SeenValue(nil, in: Self.run) == .absent)
        #expect(SeenValue(value, in: RunName(1)) == .foreign(value))
        #expect(SeenValue("", in: Self.run) == .foreign(""))
    }

    @Test("A write carries its idempotency key, the same at every attempt")
    func writing() throws {
        let inventory = Self.inventory()
        let operation = PlannedOperation.write(number: 9, register: 3)
        let first = Self.wire(inventory).request(for: operation)
        let second = Self.wire(inventory).request(for: operation)
        #expect(first.headers["idempotency-key"] == "load-0000a1b2-9" && first.headers["authorization"] == "Bearer t")
        #expect(first.body == second.body && first.path == "/virtual-tags/apply")
        let body = try JSONValue(parsing: first.body)
        #expect(body["resource_id"]?.string == inventory.ids[1].description)
        #expect(body["tags"]?.array?.first?["key"]?.string == "load-1")
        #expect(body["tags"]?.array?.first?["value"]?.string == Self.run.value(of: 1, bytes: 64))
    }

    @Test("A read sees every key of its resource: those that are not in the answer are absent")
    func reading() {
        let inventory = Self.inventory()
        let read = PlannedOperation.read(resource: 2)
        let body = #"{"items":[{"tag_key":"owner","tag_value":"x"},{"tag_key":"load-1","tag_value":"0000a1b2.7.xx"}]}"#
        let judgement = Self.wire(inventory).judge(status: 200, body: Array(body.utf8), of: read)
        #expect(judgement.outcome == .succeeded)
        #expect(
            judgement.reads == [
                RegisterRead(register: 4, value: .absent), RegisterRead(register: 5, value: .written(7)),
            ])
        let nonsense = Self.wire(inventory).judge(status: 200, body: Array("{".utf8), of: read)
        #expect(nonsense.outcome != .succeeded && nonsense.reads.isEmpty)
    }

    @Test(
        "What a status leaves open stays open",
        arguments: [
            (201, "succeeded"), (400, "refused"), (404, "refused"), (422, "refused"), (429, "not taken"), (408, "not taken"),
            (500, "unknown"), (502, "unknown"), (503, "unknown"), (504, "unknown"),
        ])
    func statuses(status: Int, meaning: String) {
        let outcome = Self.wire(Self.inventory()).judge(status: status, body: [], of: .write(number: 1, register: 0)).outcome
        let word =
            switch outcome {
            case .succeeded: "succeeded"
            case .refused: "refused"
            case .notTaken: "not taken"
            case .unknown: "unknown"
            }
        #expect(word == meaning)
    }

    @Test("A node's word that nothing happened is believed, of operations that are one command; nobody else's is")
    func nothingHappened() {
        let wire = Self.wire(Self.inventory())
        func outcome(_ status: Int, _ type: String, _ operation: PlannedOperation) -> AttemptOutcome {
            let body = #"{"type":"urn:vtag:problem:\#(type)","status":503,"detail":"why"}"#
            return wire.judge(status: status, body: Array(body.utf8), of: operation).outcome
        }
        let write = PlannedOperation.write(number: 1, register: 0)
        #expect(outcome(503, "unavailable", write) == .notTaken("status 503: why"))
        #expect(outcome(503, "outcome-unknown", write) == .unknown("status 503: why"))
        #expect(outcome(502, "unavailable", write) == .unknown("status 502: why"))
        #expect(outcome(503, "unavailable", .bulk(registers: [0, 2])) == .unknown("status 503: why"))
    }

    @Test("Items that a bulk request failed are not acknowledged; where its list is cut short, none is")
    func bulk() {
        let inventory = Self.inventory()
        let operation = PlannedOperation.bulk(registers: [0, 2, 4])
        func failed(_ body: String) -> [Int] {
            Self.wire(inventory).judge(status: 200, body: Array(body.utf8), of: operation).failedWrites
        }
        #expect(failed(#"{"applied":3,"failed":[],"failed_count":0}"#).isEmpty)
        #expect(failed(#"{"applied":2,"failed":[{"index":1,"error":"x"}],"failed_count":1}"#) == [1])
        #expect(failed(#"{"applied":1,"failed":[{"index":1,"error":"x"}],"failed_count":2}"#) == [0, 1, 2])
        #expect(failed("nonsense") == [0, 1, 2])
    }
}

extension PlannedOperation {
    static func write(number: UInt64, register: Int) -> PlannedOperation {
        PlannedOperation(
            kind: .tagWrite, number: number, resources: [register / 2], writes: [Write(register: register, number: 1)],
            size: 1)
    }

    static func read(resource: Int) -> PlannedOperation {
        PlannedOperation(kind: .pointRead, number: 1, resources: [resource], size: 1)
    }

    static func bulk(registers: [Int]) -> PlannedOperation {
        PlannedOperation(
            kind: .bulkApply, number: 1, resources: registers.map { $0 / 2 },
            writes: registers.enumerated().map { Write(register: $0.element, number: UInt64($0.offset) + 1) },
            size: registers.count)
    }
}
