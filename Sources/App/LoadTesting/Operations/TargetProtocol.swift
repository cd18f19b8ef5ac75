package import HTTPTransport

/// A request before it has a target.
package struct WireRequest: Sendable {
    package let method: HTTPMethod
    /// Path and query, percent-encoded.
    package let path: String
    package var headers: HTTPFields
    package var body: [UInt8] = []
}

/// What came of one attempt.
package enum AttemptOutcome: Equatable, Sendable {
    case succeeded
    /// It was certainly not carried out, and will not be by asking again.
    case refused(String)
    /// It was certainly not carried out, and may be by asking again.
    case notTaken(String)
    /// It may have been carried out, or may still be.
    case unknown(String)
}

/// What an answer says.
package struct Judgement: Equatable, Sendable {
    package var outcome: AttemptOutcome
    /// What a linearizable read saw of each register that it read.
    package var reads: [RegisterRead] = []
    /// Positions in the operation's writes of those that a bulk request says it did not carry out.
    package var failedWrites: [Int] = []

    package init(_ outcome: AttemptOutcome) { self.outcome = outcome }
}

package struct RegisterRead: Equatable, Sendable {
    package let register: LoadInventory.Register
    package let value: SeenValue
}

/// A register's value, as the number of the write that set it.
package enum SeenValue: Hashable, Sendable {
    case absent
    case written(UInt64)
    /// Something that no write of this run can have set.
    case foreign(String)

    package init(_ text: String?, in run: RunName) {
        guard let text else { self = .absent; return }
        self = run.number(of: text).map(SeenValue.written) ?? .foreign(String(text.prefix(80)))
    }
}

/// How operations look on the wire.
package protocol TargetProtocol: Sendable {
    func request(for operation: PlannedOperation) -> WireRequest
    func judge(status: Int, body: [UInt8], of operation: PlannedOperation) -> Judgement
}

extension AttemptOutcome {
    /// What a status means for what was asked, whatever the body says. nil for success.
    ///
    /// 408 and 429 say that the request was not taken. Any 5xx may come from something between us and the node that did the
    /// work, so its outcome is unknown: to take it for a refusal could accuse a sound system.
    static func of(status: Int, detail: String) -> AttemptOutcome? {
        let reason = detail.isEmpty ? "status \(status)" : "status \(status): \(detail.prefix(120))"
        switch status {
        case 200..<300: return nil
        case 408, 425, 429: return .notTaken(reason)
        case 300..<500: return .refused(reason)
        default: return .unknown(reason)
        }
    }
}
