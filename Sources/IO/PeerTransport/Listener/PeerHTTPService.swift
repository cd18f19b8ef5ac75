import HTTPTransport
import Membership
import NIOCore

/// What a connection's requests have in common.
private final class PeerConnection: Sendable {
    let peer: PeerName?
    /// Who it is, for the log.
    let name: String

    init(peer: PeerName?, name: String) {
        self.peer = peer
        self.name = name
    }
}

/// Lets other nodes in, checks what every request must carry before its body is read, and hands whole requests to the service.
struct PeerHTTPService: HTTPService {
    let settings: PeerSettings
    let service: any PeerService
    let budget: ServingBudget
    let log: RefusalLog

    init(settings: PeerSettings, service: any PeerService) {
        self.settings = settings
        self.service = service
        budget = ServingBudget(requestsMax: settings.limits.servingMax, bytesMax: settings.limits.servingBytesMax)
        log = RefusalLog(metrics: settings.metrics, logger: settings.logger)
    }

    // MARK: Connections

    func admit(_ client: HTTPConnectionInformation) -> HTTPAdmission {
        let address = Self.text(client.remoteAddress)
        guard settings.tls != nil else { return .admitted(context: PeerConnection(peer: nil, name: address)) }
        guard client.isTLS, let peer = PeerName(subjectAltNames: client.peerSubjectAltNames) else {
            let names = client.peerSubjectAltNames.joined(separator: ", ")
            log.refused(
                .name, from: address, "its certificate names no single node (\(PeerName.uriPrefix)NAME) but: \(names)")
            return .refused
        }
        return .admitted(context: PeerConnection(peer: peer, name: "\(peer) (\(address))"))
    }

    func observed(_ event: HTTPConnectionEvent, of client: SocketAddress?) {
        switch event {
        case .accepted: settings.metrics.connectionsIn.add()
        case .closed: settings.metrics.connectionsIn.add(-1)
        case .tlsFailed(let error): log.refused(Self.reason(error), from: Self.text(client), error.description)
        case .notHTTP2: log.refused(.notHTTP2, from: Self.text(client), "it does not speak HTTP/2")
        case .broken(let why): log.refused(.garbage, from: Self.text(client), "it broke HTTP/2: \(why)")
        case .turnedAway:
            log.refused(
                .tooManyConnections, from: Self.text(client),
                "\(settings.limits.connectionsMax) connections are open, or this node is stopping")
        }
    }

    // MARK: Requests

    func respond(to exchange: HTTPExchange) {
        guard let connection = exchange.connectionContext as? PeerConnection else {
            preconditionFailure("A request came on a connection that was not admitted")
        }
        let head: PeerRequestHead
        switch PeerRequestHead.read(exchange.head, settings: settings) {
        case .accepted(let accepted): head = accepted
        case .refused(let reason, let detail): return refuse(exchange, reason, connection, detail)
        }
        guard let share = budget.take(bytes: head.bodyBytes) else {
            return refuse(exchange, .overloaded, connection, "this node has as many requests as it takes; try again later")
        }
        let reply = PeerReply(
            exchange: exchange, share: share, metrics: settings.metrics, log: log, sender: connection.name)
        exchange.collectBody(upTo: head.bodyBytes) { [self] result in
            switch result {
            case .success(let body):
                settings.metrics.requestsIn.add()
                settings.metrics.bytesIn.add(body.readableBytes)
                service.respond(to: head.request(from: connection.peer, body: Array(body.readableBytesView)), reply)
            case .failure(.tooLarge(let limit)):
                refuse(exchange, .tooLarge, connection, "the body is longer than the \(limit) bytes that were declared")
            case .failure(let error):
                refuse(exchange, .incomplete, connection, "the body did not arrive whole: \(error)")
            }
        }
    }

    /// What the HTTP server refuses by itself: heads that are too long, bodies beyond any limit.
    func answer(to refusal: HTTPRefusal) -> HTTPResponse {
        let reason: PeerRefusal =
            switch refusal.status {
            case 413, 414, 431: .tooLarge
            case 408: .incomplete
            case 503: .overloaded
            default: .garbage
            }
        if refusal.status != 500 { log.refused(reason, from: "a peer", refusal.detail) }
        return Self.answer(refusal.status, refusal.status == 500 ? nil : reason, refusal.detail)
    }

    // MARK: Private helpers

    private func refuse(
        _ exchange: HTTPExchange, _ reason: PeerRefusal, _ connection: PeerConnection, _ detail: String
    ) {
        log.refused(reason, from: connection.name, detail)
        exchange.respond(Self.answer(to: reason, detail))
    }

    static func answer(to reason: PeerRefusal, _ detail: String) -> HTTPResponse {
        answer(reason.status, reason, detail)
    }

    private static func answer(_ status: Int, _ reason: PeerRefusal?, _ detail: String) -> HTTPResponse {
        var headers = HTTPFields()
        if let reason { headers.append("\(PeerFields.refused)", reason.rawValue) }
        headers.append("content-type", "text/plain; charset=utf-8")
        return HTTPResponse(status: status, headers: headers, body: .bytes(ByteBuffer(string: detail + "\n")))
    }

    private static func text(_ address: SocketAddress?) -> String {
        // The port differs with every connection.
        address?.ipAddress ?? "an unknown address"
    }

    private static func reason(_ error: TLSError) -> PeerRefusal {
        switch error.code {
        case .plainTextPeer: .clearText
        case .peerUntrusted, .refusedByPeer: .certificate
        case .fileUnusable, .keyMismatch, .setUp, .handshakeFailed, .handshakeTimedOut, .earlyWritesTooLarge, .recordInvalid,
            .truncated:
            .handshake
        }
    }
}
