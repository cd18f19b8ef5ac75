import Consensus
import NIOCore

/// The way to other nodes, from one event loop. Everything on that loop.
protocol ReplicaTransport: AnyObject {
    /// `completion` is called once, on the loop, possibly at once.
    func post(
        _ path: String, _ body: [UInt8], to peer: ReplicaID, over lane: TransportLane, within time: TimeAmount,
        _ completion: @escaping (Result<[UInt8], TransportFailure>) -> Void)
}

/// Connections between two nodes, so that what is large does not hold up what is urgent.
enum TransportLane: Hashable, Sendable {
    case control, forward, bulk
}

/// Why a request to another node has no answer.
enum TransportFailure: Error, Hashable, Sendable {
    /// It was not sent, or refused before anything of it happened.
    case notSent(String)
    /// Whether it was carried out is unknown.
    case unknown(String)
}

/// A node that is alone has nobody to talk to.
final class NoTransport: ReplicaTransport {
    func post(
        _ path: String, _ body: [UInt8], to peer: ReplicaID, over lane: TransportLane, within time: TimeAmount,
        _ completion: @escaping (Result<[UInt8], TransportFailure>) -> Void
    ) {
        completion(.failure(.notSent("this node has no peers")))
    }
}
