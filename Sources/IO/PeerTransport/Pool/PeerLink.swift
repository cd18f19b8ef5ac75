import HTTPTransport
import Logging
import Membership
import NIOCore

/// One lane to one peer: carries out what `StateMachine` decides. Confined to the pool's event loop.
final class PeerLink {
    typealias ConnectionID = StateMachine.ConnectionID
    typealias CallID = StateMachine.CallID

    struct Key: Hashable {
        let address: PeerAddress
        let expected: PeerName?
        let lane: PeerLane
    }

    private struct Call {
        let request: HTTP2Call
        let bytes: Int
        let completion: (Result<PeerResponse, PeerError>) -> Void
        var isWaiting: Bool
    }

    private struct Connection {
        let link: HTTP2Link
        var isReady = false
        /// For a dial for its own sake.
        var dialled: ((Result<Void, PeerError>) -> Void)?
    }

    let key: Key
    private let settings: PeerSettings
    private let configuration: HTTPClientConfiguration
    private let eventLoop: any EventLoop
    private let origin: HTTPOrigin
    private var machine: StateMachine
    private var connections: [ConnectionID: Connection] = [:]
    private var calls: [CallID: Call] = [:]
    private var heads: [String: HTTP2CallHead] = [:]
    /// The heads name this cluster.
    private var headsCluster: ClusterID?
    private var nextCall: UInt64 = 1
    private var lastDialError: PeerError?

    /// Paths whose heads are kept.
    private static let headsMax = 64

    init(key: Key, settings: PeerSettings, configuration: HTTPClientConfiguration, eventLoop: any EventLoop) {
        self.key = key
        self.settings = settings
        self.configuration = configuration
        self.eventLoop = eventLoop
        origin = HTTPOrigin(
            scheme: settings.tls == nil ? .http : .https, host: key.address.host, port: Int(key.address.port))
        machine = StateMachine(
            limits: StateMachine.Limits(
                requestsMax: settings.limits.requestsMax, requestBytesMax: settings.limits.requestBytesMax,
                streamsMax: settings.limits.streamsMax, backOff: .milliseconds(settings.limits.backOffMilliseconds),
                backOffMax: .milliseconds(settings.limits.backOffMillisecondsMax)))
    }

    // MARK: Calls

    /// Sends a request, or refuses it; `completion` is not called before this returns. Returns when to look at its time.
    func post(
        _ path: String, body: [UInt8], timeoutMilliseconds: Int64,
        completion: @escaping (Result<PeerResponse, PeerError>) -> Void
    ) -> NIODeadline? {
        let id = CallID(number: nextCall)
        nextCall += 1
        let now = eventLoop.now
        let bytes = body.count
        let arrival = machine.callArrived(id, bytes: bytes, at: now)
        switch arrival {
        case .refuseOverloaded, .refuseBackingOff, .refuseClosed:
            let error = refusal(arrival)
            eventLoop.assumeIsolated().execute { completion(.failure(error)) }
            return nil
        case .start, .wait, .dialAndWait:
            break
        }
        let request = HTTP2Call(
            head: head(path), body: body, timeoutMilliseconds: timeoutMilliseconds, now: now, noteField: PeerFields.refused,
            answerBytesMax: settings.limits.bodyBytesMax
        ) { [self] result in
            completed(id, result)
        }
        calls[id] = Call(request: request, bytes: bytes, completion: completion, isWaiting: true)
        switch arrival {
        case .start(let connection): start(id, on: connection)
        case .dialAndWait(let connection): dial(connection)
        case .wait, .refuseOverloaded, .refuseBackingOff, .refuseClosed: break
        }
        return request.deadline
    }

    /// Dials anew, whatever connection there is; a new one takes the old one's place.
    func freshDial(_ completion: @escaping (Result<Void, PeerError>) -> Void) {
        guard let connection = machine.freshDialRequested() else {
            let error = refusal(.refuseClosed)
            return eventLoop.assumeIsolated().execute { completion(.failure(error)) }
        }
        dial(connection, completion)
    }

    /// Gives up calls whose time is up. Returns when the next one's is.
    func timePassed(to now: NIODeadline) -> NIODeadline? {
        var next: NIODeadline?
        var late: [CallID] = []
        for (id, call) in calls {
            if call.request.deadline <= now {
                late.append(id)
            } else {
                next = min(next ?? call.request.deadline, call.request.deadline)
            }
        }
        for id in late.sorted(by: { $0.number < $1.number }) {
            calls[id]?.request.abandon(.timedOut(origin))
        }
        return next
    }

    /// Closes all connections; what waits or runs fails, later calls too.
    func close() {
        let error = refusal(.refuseClosed)
        for id in machine.closeRequested() { fail(id, error) }
        for connection in connections.values { connection.link.close(.closed(origin)) }
    }

    var isIdle: Bool { calls.isEmpty && connections.isEmpty }

    // MARK: Connections

    private func dial(_ id: ConnectionID, _ dialled: ((Result<Void, PeerError>) -> Void)? = nil) {
        settings.metrics.dials.add()
        let expectation = key.expected.map { TLSExpectation.uri($0.uri) } ?? .uriPrefix(PeerName.uriPrefix)
        let link = HTTP2Link(
            origin: origin, on: eventLoop, configuration: configuration, expectation: expectation, logger: settings.logger
        ) { [self] link, event in
            handle(event, of: id, link)
        }
        connections[id] = Connection(link: link, dialled: dialled)
        guard settings.tls != nil || origin.isLoopback else {
            settings.metrics.countRefusal(.clearText)
            return eventLoop.assumeIsolated().execute { link.close(.clearText(self.origin)) }
        }
        link.dial()
    }

    private func handle(_ event: HTTP2Link.Event, of id: ConnectionID, _ link: HTTP2Link) {
        switch event {
        case .ready(let streamsMax): ready(id, link, streamsMax: streamsMax)
        case .streamsMaxChanged(let streamsMax):
            for call in machine.streamsMaxChanged(id, to: streamsMax) { start(call, on: id) }
        case .callEnded:
            switch machine.streamEnded(on: id) {
            case .nothing: break
            case .start(let call): start(call, on: id)
            case .close(let connection): connections[connection]?.link.close(.closed(origin))
            }
        case .draining:
            if let next = machine.drainingBegan(id) { dial(next) }
        case .closed(let error): closed(id, error)
        }
    }

    private func ready(_ id: ConnectionID, _ link: HTTP2Link, streamsMax: Int) {
        // A name that is said to be of this machine, and is not.
        guard settings.tls != nil || link.remoteAddress?.isLoopback == true else {
            settings.metrics.countRefusal(.clearText)
            return link.close(.clearText(origin))
        }
        settings.metrics.connectionsOut.add()
        connections[id]?.isReady = true
        let dialled = connections[id]?.dialled
        connections[id]?.dialled = nil
        switch machine.connected(id, streamsMax: streamsMax) {
        case .ignore: break
        case .start(let waiting, let superseded, let closeNow):
            if closeNow, let superseded { connections[superseded]?.link.close(.closed(origin)) }
            for call in waiting { start(call, on: id) }
        case .close(let connection): connections[connection]?.link.close(.closed(origin))
        }
        dialled?(.success(()))
    }

    private func closed(_ id: ConnectionID, _ error: HTTPClientError) {
        guard let connection = connections.removeValue(forKey: id) else { return }
        if connection.isReady {
            settings.metrics.connectionsOut.add(-1)
        } else {
            settings.metrics.dialFailures.add()
            lastDialError = PeerError(dialling: key.address, error)
            settings.logger.debug(
                "A peer was not reached", metadata: ["peer": "\(key.address)", "lane": "\(key.lane)", "reason": "\(error)"])
        }
        switch machine.connectionClosed(id, at: eventLoop.now, chance: Double.random(in: 0...1)) {
        case .nothing: break
        case .dial(let next): dial(next)
        case .fail(let waiting):
            let failure = PeerError(dialling: key.address, error)
            for call in waiting { fail(call, failure) }
        }
        connection.dialled?(.failure(PeerError(dialling: key.address, error)))
    }

    // MARK: Private helpers

    private func start(_ id: CallID, on connection: ConnectionID) {
        guard let link = connections[connection]?.link, let request = calls[id]?.request else {
            preconditionFailure("Call \(id.number) or connection \(connection.number) is lost")
        }
        calls[id]?.isWaiting = false
        settings.metrics.requestsOut.add()
        settings.metrics.bytesOut.add(request.bodyBytes)
        link.start(request)
    }

    private func completed(_ id: CallID, _ result: Result<HTTP2Call.Answer, HTTPClientError>) {
        guard let call = calls.removeValue(forKey: id) else { return }
        machine.callCompleted(id, bytes: call.bytes, wasWaiting: call.isWaiting)
        switch result {
        case .success(let answer):
            settings.metrics.bytesIn.add(answer.body.count)
            guard let note = answer.note, let reason = PeerRefusal(rawValue: note) else {
                return call.completion(.success(PeerResponse(status: answer.status, body: answer.body)))
            }
            settings.metrics.failures.add()
            call.completion(.failure(PeerError(refusedBy: key.address, reason, answer.body)))
        case .failure(let error):
            settings.metrics.failures.add()
            call.completion(.failure(PeerError(calling: key.address, error, wasSent: !call.isWaiting)))
        }
    }

    /// Fails a call that was never sent.
    private func fail(_ id: CallID, _ error: PeerError) {
        guard let call = calls.removeValue(forKey: id) else { return }
        machine.callCompleted(id, bytes: call.bytes, wasWaiting: false)
        settings.metrics.failures.add()
        call.completion(.failure(error))
    }

    private func head(_ path: String) -> HTTP2CallHead {
        let cluster = settings.cluster.id
        if cluster != headsCluster || heads.count >= Self.headsMax { heads.removeAll() }
        headsCluster = cluster
        if let head = heads[path] { return head }
        var fields = HTTPFields()
        fields.append("\(PeerFields.protocols)", settings.protocols.text)
        if let cluster { fields.append("\(PeerFields.cluster)", cluster.text) }
        let head = HTTP2CallHead(origin: origin, path: path, fields: fields, timeoutField: PeerFields.timeout)
        heads[path] = head
        return head
    }

    private func refusal(_ arrival: StateMachine.OnCallArrived) -> PeerError {
        switch arrival {
        case .refuseOverloaded:
            PeerError(
                .overloaded, .notSent,
                "\(machine.calls) requests with \(machine.callBytes) bytes are on their way to \(key.address) already")
        case .refuseBackingOff:
            PeerError(
                .backingOff, .notSent,
                "\(key.address) is not tried again yet: \(lastDialError?.message ?? "the last attempt failed")")
        case .refuseClosed, .start, .wait, .dialAndWait:
            PeerError(.closed, .notSent, "the connection to \(key.address) was given up")
        }
    }
}
