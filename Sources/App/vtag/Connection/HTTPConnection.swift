import HTTPTransport
import NIOCore
import NIOPosix

/// The transport that `vtag` uses: our own HTTP client, on one event loop.
final class HTTPConnection: Transport {
    /// An answer is one page of a list at most.
    static let answerBytesMax = 256 << 20
    /// For requests without a file, in seconds.
    static let requestSecondsMax: Int64 = 120
    /// For files, which a slow line may take a while to carry, in seconds.
    static let uploadSecondsMax: Int64 = 6 * 3600

    private let client: HTTPClient
    private let origin: HTTPOrigin

    /// - Parameter caFile: the certificate authorities to trust instead of the system's, in PEM.
    init(to address: ServerAddress, trusting caFile: String?) throws {
        origin = HTTPOrigin(scheme: address.isSecure ? .https : .http, host: address.host, port: address.port)
        var configuration = HTTPClientConfiguration()
        configuration.connectionsPerOriginMax = 1
        configuration.requestMillisecondsMax = Self.requestSecondsMax * 1_000
        // One request after the other gains nothing from HTTP/2, and in clear text a proxy may not speak it.
        if !address.isSecure { configuration.version = .http1Only }
        if address.isSecure {
            do {
                configuration.tls = try TLSClientContext(trust: caFile.map(TLSTrust.file) ?? .system)
            } catch {
                throw Failure.usage("TLS cannot be set up: \(error)")
            }
        }
        client = HTTPClient(group: MultiThreadedEventLoopGroup.singleton, configuration: configuration)
    }

    func send(_ request: Request) async throws(TransportFailure) -> Answer {
        var fields = HTTPFields()
        for header in request.headers { fields.append(header.name, header.value) }
        var outgoing = HTTPClientRequest(
            method: HTTPMethod(request.method), origin: origin, target: request.target, headers: fields)
        switch request.body {
        case .none: break
        case .bytes(let bytes): outgoing.body = .bytes(ByteBuffer(bytes: bytes))
        case .file(let file):
            outgoing.body = .stream(length: file.bytes, FilePieces(file: file))
            outgoing.deadline = .now() + .seconds(Self.uploadSecondsMax)
        }
        do {
            let response = try await client.execute(outgoing)
            let body = try await response.body.collect(upTo: Self.answerBytesMax)
            return Answer(status: response.status, headers: Array(response.headers), body: Array(buffer: body))
        } catch {
            throw TransportFailure(reason: "\(error)")
        }
    }

    func close() async { await client.shutDown() }
}

/// A file's pieces, read as the peer takes them, on a thread where waiting for a disk or a pipe holds up nobody.
private struct FilePieces: AsyncSequence, Sendable {
    typealias Failure = any Error
    let file: InputFile

    func makeAsyncIterator() -> Iterator { Iterator(file: file) }

    struct Iterator: AsyncIteratorProtocol {
        let file: InputFile
        private var reader: InputFile.Reader?

        init(file: InputFile) { self.file = file }

        mutating func next() async throws -> ByteBuffer? {
            let open = try reader ?? file.open()
            reader = open
            return try await NIOThreadPool.singleton.runIfActive { try open.next().map { ByteBuffer(bytes: $0) } }
        }
    }
}
