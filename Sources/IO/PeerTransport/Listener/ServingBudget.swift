import Synchronization

/// How much a listener has taken on: requests that are being read or served, and the bytes of their bodies. Any thread.
final class ServingBudget: Sendable {
    private let requests = Atomic<Int>(0)
    private let bytes = Atomic<Int>(0)
    private let requestsMax: Int
    private let bytesMax: Int

    init(requestsMax: Int, bytesMax: Int) {
        self.requestsMax = requestsMax
        self.bytesMax = bytesMax
    }

    /// What one request holds; to be given back once.
    struct Share {
        fileprivate let budget: ServingBudget
        fileprivate let bytes: Int

        func giveBack() {
            budget.requests.subtract(1, ordering: .relaxed)
            budget.bytes.subtract(bytes, ordering: .relaxed)
        }
    }

    /// nil when there is no room. One request always fits, however large it is.
    func take(bytes wanted: Int) -> Share? {
        let share = Share(budget: self, bytes: wanted)
        let requestsNow = requests.add(1, ordering: .relaxed).newValue
        let bytesNow = bytes.add(wanted, ordering: .relaxed).newValue
        guard requestsNow > 1, requestsNow > requestsMax || bytesNow > bytesMax else { return share }
        share.giveBack()
        return nil
    }
}
