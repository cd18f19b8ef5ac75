import HTTPTransport
import Synchronization

/// Why a run cannot be made or finished, for a person.
package struct LoadFailure: Error, CustomStringConvertible {
    package enum Kind: Equatable, Sendable { case usage, unreachable }

    package let kind: Kind
    package let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}

/// Where requests go.
struct LoadTarget: Sendable {
    let url: String
    let origin: HTTPOrigin
    /// What stands before every path; empty, or without a slash at its end.
    let prefix: String

    init(_ url: String) throws {
        do {
            let request = try HTTPClientRequest(url: url)
            self.url = url
            origin = request.origin
            prefix = request.target.hasSuffix("/") ? String(request.target.dropLast()) : request.target
        } catch {
            throw LoadFailure(.usage, "\(error)")
        }
    }
}

/// Chooses a target for each attempt. Any thread may use it.
final class TargetChooser: Sendable {
    private let targets: [LoadTarget]
    private let choice: TargetPolicy.Choice
    /// The target in use, where all use one.
    private let current = Mutex(0)

    init(_ targets: [LoadTarget], choice: TargetPolicy.Choice) {
        precondition(!targets.isEmpty, "a load needs a target")
        self.targets = targets
        self.choice = choice
    }

    /// - Parameters:
    ///   - turn: whose turn it is: the operation's number, or the connection's.
    ///   - attempt: 0 for the first.
    func target(turn: UInt64, attempt: Int) -> (position: Int, target: LoadTarget) {
        let position =
            switch choice {
            case .roundRobin: Int((turn &+ UInt64(attempt)) % UInt64(targets.count))
            case .failOver: current.withLock { $0 }
            }
        return (position, targets[position])
    }

    /// An attempt at that target failed. With `failOver`, the first to notice moves everybody on.
    func failed(_ position: Int) {
        guard choice == .failOver else { return }
        current.withLock { current in
            if current == position { current = (position + 1) % targets.count }
        }
    }
}
