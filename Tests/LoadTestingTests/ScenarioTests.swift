import Testing

@testable import LoadTesting

@Suite("Scenarios")
struct ScenarioTests {
    static func problems(_ yaml: String) -> [String] {
        do {
            _ = try Scenario(yaml: yaml)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test("A scenario says what it says, and the rest is as documented")
    func reading() throws {
        let scenario = try Scenario(
            yaml: """
                name: kill
                duration: 5m
                warm_up: 500ms
                rate: 400
                arrivals: poisson
                data: {resources: 600, value_bytes: 128}
                keys: {choice: zipf, exponent: 1.2}
                mix:
                  tag_write: 50
                  bulk_apply: {weight: 5, items: 10}
                  point_read: 0
                targets: {urls: [http://a, http://b], choice: fail_over}
                verify:
                """)
        #expect(scenario.name == "kill" && scenario.duration == 300_000_000 && scenario.warmUp == 500_000)
        #expect(scenario.rate == RateProfile(constant: 400) && scenario.arrivals == .poisson && scenario.mode == .open)
        #expect(scenario.data.resources == 600 && scenario.data.valueBytes == 128 && scenario.data.keysPerResource == 1)
        #expect(scenario.choice == .zipf(exponent: 1.2))
        #expect(
            scenario.mix == [MixEntry(.tagWrite, weight: 50), MixEntry(.bulkApply, weight: 5, size: 10)])
        #expect(scenario.targets.urls == ["http://a", "http://b"] && scenario.targets.choice == .failOver)
        #expect(scenario.verification.isOn)
    }

    @Test("Every mistake is named, each with its line")
    func mistakes() {
        let found = Self.problems(
            """
            duraton: 5m
            duration: 5
            rate: -1
            mode: ajar
            data:
              resources: many
            mix:
              tag_write: {items: 3}
              bulk_apply: {weight: 1, items: 5000}
            """)
        #expect(found.count == 8, "\(found)")
        #expect(found[0].hasPrefix("line 1: duraton: is no setting here; there are name, "))
        #expect(found[1] == "line 2: duration: expected a duration, as in 250ms, 30s or 5m")
        #expect(found[2].hasPrefix("line 3: rate: expected a number from "))
        #expect(found[3] == "line 4: mode: expected open or closed")
        #expect(found[4] == "line 6: data.resources: expected a whole number from 1 to 1000000")
        #expect(found[6] == "line 8: mix.tag_write.weight: is missing")
        #expect(found[5].hasPrefix("line 8: mix.tag_write.items: is no setting here"))
        #expect(found[7] == "line 9: mix.bulk_apply.items: expected a whole number from 1 to 1000")
    }

    @Test(
        "What only shows in the whole is named too",
        arguments: [
            ("mode: closed\nrate: 5\nmix: {point_read: 1}", "a closed loop has no rate"),
            ("mix: {}", "name at least one kind of operation"),
            ("mix: {point_read: 1}\nverify: {}", "nothing to verify"),
            ("mix: {list: 1}\ntargets: {kind: etcd, http: 1}", "not list"),
            ("mix: {tag_write: 1}\ntargets: {kind: etcd}", "needs `http: 1`"),
            ("mix: {bulk_apply: {weight: 1, items: 20}}\ndata: {resources: 5}", "more items than there are resources"),
            ("keys: {exponent: 2}\nmix: {point_read: 1}", "goes with `choice: zipf` only"),
            ("rate: [{at: 5s, rate: 1}, {at: 5s, rate: 2}]\nmix: {point_read: 1}", "must come after the one before"),
            ("rate: [{at: 0s, rate: 0}]\nmix: {point_read: 1}", "needs a rate above 0"),
            ("mix: {point_read: 1}\nfaults: [{run: x}]", "say either `at` or `every`"),
            ("mix: {point_read: 1}\nfaults: [{run: x, at: 1s, every: 1s}]", "say either `at` or `every`"),
            ("mix: {point_read: 1}\nfaults: [{run: x, at: 2h}]", "after the end of the load"),
            ("mix: {point_read: 1}\nfaults: [{at: 1s}]", "faults[0].run: is missing"),
            ("mix: {point_read: 1}\nfaults: [{run: x, at: 1s, undo: y}]", "goes together with `undo`"),
            ("mix: {tag_write: 1}\nrequest: {idempotency_keys: false}", "needs `attempts: 1`"),
            ("- 1", "expected a mapping"), ("", "is empty"), ("name: [", "did not find expected node content"),
        ])
    func wholes(yaml: String, words: String) {
        let found = Self.problems(yaml)
        #expect(found.contains { $0.contains(words) }, "\(found)")
    }

    @Test("Durations have a unit")
    func durations() {
        #expect(DurationText.parse("250ms") == 250_000 && DurationText.parse("1.5m") == 90_000_000)
        #expect(DurationText.parse("2h") == 7_200_000_000 && DurationText.parse("0") == 0)
        for text in ["", "5", "s", "-1s", "1 s", "1e3s", "99999999999999999999h"] {
            #expect(DurationText.parse(text) == nil)
        }
        #expect(DurationText.render(1_234) == "1.23 ms" && DurationText.render(15) == "15 µs")
        #expect(DurationText.render(12_300_000) == "12.3 s" && DurationText.render(305_000_000) == "305 s")
    }

    @Test("Faults come in the order of time, each with the node of its undoing, the same for the same seed")
    func faults() throws {
        let scenario = try Scenario(
            yaml: """
                duration: 60s
                mix: {tag_write: 1}
                faults:
                  - {name: kill, every: 15s, first: 10s, last: 50s, nodes: [n1, n2, n3], run: a, undo: b, after: 6s}
                  - {name: cut, at: 12s, run: c}
                """)
        let events = FaultTimeline.events(scenario.faults, seed: 7)
        #expect(events.map(\.time) == [10, 12, 16, 25, 31, 40, 46].map { $0 * 1_000_000 })
        #expect(events.map(\.command) == ["a", "c", "b", "a", "b", "a", "b"])
        for undo in events where undo.isUndo {
            #expect(events.contains { !$0.isUndo && $0.number == undo.number && $0.node == undo.node })
        }
        #expect(events == FaultTimeline.events(scenario.faults, seed: 7))
        let drawn = Set((0..<50).flatMap { FaultTimeline.events(scenario.faults, seed: $0).compactMap(\.node) })
        #expect(drawn == ["n1", "n2", "n3"])
    }
}
