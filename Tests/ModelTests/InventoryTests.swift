import Model
import Testing

@Suite struct InventoryTests {
    @Test("Tags are sorted, each key once, and the last one given wins")
    func tagList() {
        let tags = TagList([Tag("b", "1"), Tag("a", "2"), Tag("b", "3")])
        #expect(tags.tags == [Tag("a", "2"), Tag("b", "3")])
        #expect(tags["b"] == "3" && tags["c"] == nil)
    }

    @Test("Changes remove first, then set; a removal with a value spares another value")
    func tagChanges() {
        let tags = TagList([Tag("a", "1"), Tag("b", "2"), Tag("c", "3")])
        let changes = TagChanges(
            set: TagList([Tag("c", "9"), Tag("d", "4")]),
            removed: [.init(key: "a"), .init(key: "b", value: "other"), .init(key: "c"), .init(key: "none")])
        #expect(changes.applied(to: tags) == TagList([Tag("b", "2"), Tag("c", "9"), Tag("d", "4")]))
        #expect(TagChanges().applied(to: tags) == tags)
    }

    private func cost(_ upload: UInt64, _ lines: [CostLine]) -> CostObservation {
        CostObservation(resource: Observation(.partial, provider: .aws, resourceID: "i-1"), lines: lines, upload: upload)
    }

    private func line(_ month: Int32, _ nanos: Int64, upload: UInt64 = 0) -> CostLine {
        CostLine(month: month, service: "EC2", currency: "USD", billedNanos: nanos, effectiveNanos: nanos, upload: upload)
    }

    @Test("Parts of one upload add up; another upload replaces; other months stay")
    func costs() {
        var lines: [CostLine] = []
        var changed = lines.merge(cost(1, [line(202609, 5), line(202608, 7)]))
        #expect(changed)
        changed = lines.merge(cost(1, [line(202609, 2)]))
        #expect(changed && lines == [line(202608, 7, upload: 1), line(202609, 7, upload: 1)])
        changed = lines.merge(cost(2, [line(202609, 3)]))
        #expect(changed && lines == [line(202608, 7, upload: 1), line(202609, 3, upload: 2)])
        changed = lines.merge(cost(3, [line(202609, 3)]))
        #expect(!changed, "the same amount again changes nothing")
        #expect(lines.last?.upload == 3)
    }

    @Test("A sum out of range stays at the range's end")
    func saturation() {
        var lines: [CostLine] = []
        _ = lines.merge(cost(1, [line(202609, .max)]))
        let changed = lines.merge(cost(1, [line(202609, 1)]))
        #expect(!changed && lines.first?.billedNanos == .max)
    }
}
