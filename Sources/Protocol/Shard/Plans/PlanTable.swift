package import Model

/// The plans that group 0 keeps.
package struct PlanTable: Sendable {
    private var plans: [UUID128: CatalogPlan] = [:]
    /// Lengths of the stored forms.
    private var bytes: [UUID128: Int] = [:]
    private(set) var totalBytes = 0

    init(_ plans: [CatalogPlan] = []) {
        for plan in plans { keep(plan) }
    }

    package subscript(_ id: UUID128) -> CatalogPlan? { plans[id] }

    /// The newest first.
    package var newestFirst: [CatalogPlan] { plans.values.sorted { ($0.createdAt, $0.id) > ($1.createdAt, $1.id) } }

    var count: Int { plans.count }
    var all: some Collection<CatalogPlan> { plans.values }

    /// When the next plan expires; nil: there is none.
    var nextExpiry: Timestamp? { plans.values.lazy.map(\.expiresAt).min() }

    /// Those that have to go before one of so many bytes has room at `now`: the expired ones, then the oldest.
    func excess(for added: Int, at now: Timestamp) -> [CatalogPlan] {
        var (count, total) = (count, totalBytes)
        var gone: [CatalogPlan] = []
        for plan in newestFirst.reversed() {
            guard plan.expiresAt <= now || count >= CatalogPlan.countMax || total + added > CatalogPlan.totalBytesMax
            else { continue }
            count -= 1
            total -= bytes[plan.id] ?? 0
            gone.append(plan)
        }
        return gone
    }

    mutating func keep(_ plan: CatalogPlan) {
        let length = plan.encodedBytes
        totalBytes += length - (bytes.updateValue(length, forKey: plan.id) ?? 0)
        plans[plan.id] = plan
    }

    mutating func drop(_ id: UUID128) {
        plans[id] = nil
        totalBytes -= bytes.removeValue(forKey: id) ?? 0
    }

    mutating func applied(_ id: UUID128, _ application: CatalogPlan.Application) {
        guard var plan = plans[id] else { return }
        plan.application = application
        keep(plan)
    }
}
