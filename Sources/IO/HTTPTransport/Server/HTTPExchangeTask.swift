import NIOCore

/// The asynchronous side of one exchange: runs the operation and brings its answer back to the connection.
///
/// The connection is touched on its event loop only; the reference may travel.
final class HTTPExchangeTask: @unchecked Sendable {
    private let connection: any HTTPServerConnection
    private let stream: HTTPStreamKey
    private let eventLoop: any EventLoop

    init(connection: any HTTPServerConnection, stream: HTTPStreamKey) {
        self.connection = connection
        self.stream = stream
        eventLoop = connection.eventLoop
    }

    func start(_ operation: @escaping @Sendable (HTTPExchangeTask) async throws -> Void) -> Task<Void, Never> {
        Task(executorPreference: connection.executor) {
            do {
                try await operation(self)
            } catch HTTPBodyError.tooLarge(let limit) {
                self.fail(.bodyTooLarge(limit: limit))
            } catch HTTPBodyError.timedOut {
                self.fail(.bodyTooSlow(self.connection.limits))
            } catch {
                // Also after a part of the response: then the connection breaks the stream off.
                self.fail()
            }
            self.eventLoop.runInLoop { self.connection.taskEnded() }
        }
    }

    /// There will be no answer.
    func fail(_ refusal: HTTPRefusal = .unanswered) {
        eventLoop.runInLoop { self.connection.exchangeFailed(self.stream, refusal) }
    }

    func answer(_ response: HTTPResponse) async throws {
        switch response.body {
        case .none:
            respond(response.head, ByteBuffer())
        case .bytes(let body):
            respond(response.head, body)
        case .stream(let write):
            try await stream(response.head, write)
        }
    }

    func stream(_ head: HTTPResponseHead, _ write: @Sendable (HTTPBodyWriter) async throws -> Void) async throws {
        let body = OutgoingBody(connection: connection, stream: stream)
        eventLoop.runInLoop {
            self.connection.beginResponse(to: self.stream, HTTPResponseParts(head), body: body)
        }
        try await write(HTTPBodyWriter(body))
        body.finish()
    }

    private func respond(_ head: HTTPResponseHead, _ body: ByteBuffer) {
        eventLoop.runInLoop {
            self.connection.respond(to: self.stream, HTTPResponseParts(head), body: body)
        }
    }
}
