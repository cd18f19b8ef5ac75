import Model
import Testing

@Suite("Legal holds")
struct LegalHoldTests {
    private func holds(_ key: String, entriesOf tagKey: String) -> Bool {
        var scope = LegalHold.Scope()
        scope.tagKeys = [key]
        let hold = LegalHold(
            id: UUID128(high: 1, low: 1), name: "h", reason: "r", scope: scope, placedBy: "ada",
            placedAt: Timestamp(milliseconds: 0))
        return LegalHolds([hold]).names(
            resource: nil, actor: "ada", tagKey: tagKey, at: Timestamp(milliseconds: 1), account: { _ in nil })
    }

    @Test("A key is held however it is spelt, and no other one is")
    func spelling() {
        for spelling in ["Cost-Center", "cost_center", "COSTCENTER", "cost center"] {
            #expect(holds("costcenter", entriesOf: spelling) && holds(spelling, entriesOf: "CostCenter"))
        }
        #expect(!holds("costcenter", entriesOf: "cost-centre"))
        #expect(holds("--", entriesOf: "--") && !holds("--", entriesOf: "-"))
    }
}
