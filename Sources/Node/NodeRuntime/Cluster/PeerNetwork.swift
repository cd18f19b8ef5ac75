import Consensus
import Membership
import NIOCore
import PeerTransport

/// The connections of one event loop to other nodes, as replicas use them.
final class PoolTransport: ReplicaTransport {
    private let pool: PeerPool
    private let directory: PeerDirectory

    init(_ pool: PeerPool, _ directory: PeerDirectory) {
        self.pool = pool
        self.directory = directory
    }

    func post(
        _ path: String, _ body: [UInt8], to peer: ReplicaID, over lane: TransportLane, within time: TimeAmount,
        _ completion: @escaping (Result<[UInt8], TransportFailure>) -> Void
    ) {
        guard let endpoint = directory[peer] else {
            return completion(.failure(.notSent("nothing is known of node \(peer.text)")))
        }
        pool.post(
            path, to: endpoint.address, expecting: endpoint.name, lane: PeerLane(lane), body: body,
            timeoutMilliseconds: time.nanoseconds / 1_000_000
        ) { result in
            switch result {
            case .success(let response) where response.status == 200: completion(.success(response.body))
            // Whatever a node refuses like this, it has not begun.
            case .success(let response): completion(.failure(.notSent("\(endpoint.address) answers \(response.status)")))
            case .failure(let error):
                let failure: TransportFailure =
                    switch error.fate {
                    case .notSent: .notSent(error.message)
                    case .unknown: .unknown(error.message)
                    }
                completion(.failure(failure))
            }
        }
    }

    func shutDown() { pool.shutDown() }
}

extension PeerLane {
    fileprivate init(_ lane: TransportLane) {
        switch lane {
        case .control: self = .control
        case .forward: self = .forward
        case .bulk: self = .bulk
        }
    }
}

/// The same connections for gossip and founding, which know addresses and not replicas.
struct PoolGossip: GossipTransport {
    private let pool: NIOLoopBound<PeerPool>
    private let isSecure: Bool

    init(_ pool: NIOLoopBound<PeerPool>, isSecure: Bool) {
        self.pool = pool
        self.isSecure = isSecure
    }

    func post(_ request: GossipRequest, completion: @escaping @Sendable (GossipAnswer?) -> Void) {
        let expected = request.expecting.flatMap { PeerName($0) }
        switch request.connection {
        case .pooled: send(request, expected, completion)
        case .fresh:
            pool.value.freshDial(to: request.address, expecting: expected) { result in
                guard case .success = result else { return completion(nil) }
                send(request, expected, completion)
            }
        }
    }

    private func send(
        _ request: GossipRequest, _ expected: PeerName?, _ completion: @escaping @Sendable (GossipAnswer?) -> Void
    ) {
        pool.value.post(
            request.path.rawValue, to: request.address, expecting: expected, body: request.body,
            timeoutMilliseconds: request.timeoutMilliseconds
        ) { result in
            guard case .success(let response) = result, response.status == 200 else { return completion(nil) }
            // Only a peer whose certificate bears the name gets here.
            completion(GossipAnswer(peer: isSecure ? expected?.text : nil, body: response.body))
        }
    }
}
