import Membership
import NIOCore
import Synchronization

@testable import NodeRuntime

/// Nodes that reach each other without sockets. Answers come back on the asker's loop, later than the question.
final class MemoryNetwork: Sendable {
    /// Who listens at an address: the name in its certificate, and what it does with a request.
    struct Listener: Sendable {
        var name: String
        var received: @Sendable (GossipRequest, _ from: String) -> EventLoopFuture<[UInt8]?>
    }

    struct Sent: Sendable {
        var from: String
        var request: GossipRequest
    }

    private struct State {
        var listeners: [PeerAddress: Listener] = [:]
        var sent: [Sent] = []
    }

    private let state = Mutex(State())

    func listen(at address: PeerAddress, _ listener: Listener) { state.withLock { $0.listeners[address] = listener } }
    func close(_ address: PeerAddress) { state.withLock { $0.listeners[address] = nil } }

    /// Everything that was sent.
    var sent: [Sent] { state.withLock { $0.sent } }

    func transport(of name: String, on eventLoop: any EventLoop) -> any GossipTransport {
        Transport(network: self, name: name, eventLoop: eventLoop)
    }

    private func post(
        _ request: GossipRequest, from name: String, on eventLoop: any EventLoop,
        completion: @escaping @Sendable (GossipAnswer?) -> Void
    ) {
        let listener = state.withLock { state in
            state.sent.append(Sent(from: name, request: request))
            return state.listeners[request.address]
        }
        guard let listener, request.expecting.map({ $0 == listener.name }) ?? true else {
            return eventLoop.execute { completion(nil) }
        }
        listener.received(request, name).hop(to: eventLoop).whenComplete { result in
            let body = try? result.get()
            eventLoop.execute { completion(body.map { GossipAnswer(peer: listener.name, body: $0) }) }
        }
    }

    private struct Transport: GossipTransport {
        let network: MemoryNetwork
        let name: String
        let eventLoop: any EventLoop

        func post(_ request: GossipRequest, completion: @escaping @Sendable (GossipAnswer?) -> Void) {
            eventLoop.preconditionInEventLoop()
            network.post(request, from: name, on: eventLoop, completion: completion)
        }
    }
}
