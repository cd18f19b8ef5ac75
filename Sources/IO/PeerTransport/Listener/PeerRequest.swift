import HTTPTransport
package import Membership
package import NIOCore

/// A request of another node, whole, of the same cluster and a common version of the protocol.
package struct PeerRequest: Sendable {
    package let path: String
    /// The node that the certificate names; nil in clear text.
    package let peer: PeerName?
    /// How long the sender waits for the answer, in milliseconds from when the request's head came in.
    package let timeoutMilliseconds: Int64?
    /// nil from a sender that belongs to no cluster yet, on a founding path.
    package let cluster: ClusterID?
    package let protocols: ProtocolRange
    package let body: [UInt8]
}

package struct PeerResponse: Sendable, Equatable {
    /// 200 to 599, the service's own choice.
    package var status: Int
    package var body: [UInt8]

    package init(status: Int = 200, body: [UInt8] = []) {
        self.status = status
        self.body = body
    }
}

/// What serves other nodes. `respond` is called on the connection's event loop; it answers through `reply`, now or later, from any
/// thread. A reply that is released without an answer is answered with 500.
package protocol PeerService: Sendable {
    func respond(to request: PeerRequest, _ reply: PeerReply)
}

/// The place for the answer to one request. Any thread may answer, once.
package final class PeerReply: @unchecked Sendable {
    package let eventLoop: any EventLoop
    private let exchange: HTTPExchange
    private let share: ServingBudget.Share
    private let metrics: PeerMetrics
    private let log: RefusalLog
    /// Who asks, for the log.
    private let sender: String

    init(exchange: HTTPExchange, share: ServingBudget.Share, metrics: PeerMetrics, log: RefusalLog, sender: String) {
        eventLoop = exchange.eventLoop
        self.exchange = exchange
        self.share = share
        self.metrics = metrics
        self.log = log
        self.sender = sender
    }

    deinit { share.giveBack() }

    package func send(_ response: PeerResponse) {
        guard eventLoop.inEventLoop else {
            return eventLoop.execute { self.send(response) }
        }
        metrics.bytesOut.add(response.body.count)
        guard !response.body.isEmpty else { return exchange.respond(status: response.status) }
        exchange.respond(status: response.status, contentType: "application/octet-stream") { $0.writeBytes(response.body) }
    }

    /// Answers that the request is refused, by default as its body is `malformed`, and that nothing of it was done; counts it,
    /// and says so in the log.
    package func refuse(_ detail: String, as refusal: PeerRefusal = .malformed) {
        log.refused(refusal, from: sender, detail)
        guard eventLoop.inEventLoop else { return eventLoop.execute { self.answerRefused(refusal, detail) } }
        answerRefused(refusal, detail)
    }

    /// Counts and logs that part of the body is `malformed`; what is answered is another matter. Any number of times.
    package func noteRefusal(_ detail: String) { log.refused(.malformed, from: sender, detail) }

    private func answerRefused(_ refusal: PeerRefusal, _ detail: String) {
        exchange.respond(PeerHTTPService.answer(to: refusal, detail))
    }
}

/// A service made of a closure.
package struct PeerHandler: PeerService {
    private let handle: @Sendable (PeerRequest, PeerReply) -> Void

    package init(_ handle: @escaping @Sendable (PeerRequest, PeerReply) -> Void) { self.handle = handle }

    package func respond(to request: PeerRequest, _ reply: PeerReply) { handle(request, reply) }
}
