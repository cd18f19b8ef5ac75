/// A client: one operation at a time, asked again under the same idempotency key until it is answered or given up.
struct SimulatedClient {
    struct Operation {
        let request: ClientRequest
        let group: Int
        /// A read that any replica may answer (by asking the leader for its read index).
        let anyReplica: Bool
        /// Its place in the history.
        let position: Int
        /// Given up then; nil: never.
        let deadline: Microseconds?
        var attempts = 0
    }

    let index: Int
    let endpoint: Endpoint
    var sequence = 0
    var current: Operation?
    /// Only the newest wake-up counts.
    var wake = 0
    /// By group: where it would ask first.
    var leaders: [Int]
    /// The last operations of the life, which must succeed: group and key, last first.
    var last: [(group: Int, key: UInt64, isWrite: Bool)]?

    init(index: Int, endpoint: Endpoint, groups: Int) {
        self.index = index
        self.endpoint = endpoint
        leaders = Array(repeating: 0, count: groups)
    }

    var isDone: Bool { current == nil && last?.isEmpty == true }
}
