import NIOCore
import NIOPosix

/// HTTP/2 by hand: what a peer may send that our own client never would.
enum RawHTTP2 {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    static func frame(_ type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        func big(_ number: UInt32, _ count: Int) -> [UInt8] {
            (0..<count).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * UInt32($0))) }
        }
        return big(UInt32(payload.count), 3) + [type, flags] + big(stream, 4) + payload
    }

    /// SETTINGS with one setting, or none.
    static func settings(_ id: UInt8? = nil, _ value: UInt32 = 0) -> [UInt8] {
        guard let id else { return frame(4) }
        return frame(4, flags: 0, [0, id] + (0..<4).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) })
    }

    /// A header section of literals that are not indexed, nor Huffman coded.
    static func headers(_ fields: [(String, String)], endsStream: Bool, stream: UInt32 = 1) -> [UInt8] {
        var section: [UInt8] = []
        for (name, value) in fields {
            section += [0, UInt8(name.utf8.count)] + Array(name.utf8)
            section += [UInt8(value.utf8.count)] + Array(value.utf8)
        }
        return frame(1, flags: endsStream ? 5 : 4, stream: stream, section)
    }

    static func goAway(lastStream: UInt8) -> [UInt8] { frame(7, [0, 0, 0, lastStream, 0, 0, 0, 0]) }
}

/// Takes connections and does what a test says with the bytes that came so far.
final class RawServer: Sendable {
    enum Answer {
        case wait
        case send([UInt8])
        case sendAndClose([UInt8])
    }

    let port: Int
    private let channel: any Channel

    private init(_ channel: any Channel, port: Int) {
        self.channel = channel
        self.port = port
    }

    static func start(_ script: @escaping @Sendable (_ received: [UInt8], _ answers: Int) -> Answer) async throws
        -> RawServer
    {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(script))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return RawServer(channel, port: channel.localAddress?.port ?? 0)
    }

    func stop() async { try? await channel.close() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let script: @Sendable ([UInt8], Int) -> Answer
        private var received: [UInt8] = []
        private var answers = 0

        init(_ script: @escaping @Sendable ([UInt8], Int) -> Answer) { self.script = script }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received += Array(unwrapInboundIn(data).readableBytesView)
            switch script(received, answers) {
            case .wait: break
            case .send(let bytes):
                answers += 1
                context.writeAndFlush(NIOAny(ByteBuffer(bytes: bytes)), promise: nil)
            case .sendAndClose(let bytes):
                context.writeAndFlush(NIOAny(ByteBuffer(bytes: bytes)), promise: nil)
                context.close(promise: nil)
            }
        }
    }
}

/// Sends bytes to a listener and keeps what comes back.
struct RawClient {
    let channel: any Channel
    private let collected: EventLoopFuture<[UInt8]>

    static func connect(to port: Int) async throws -> RawClient {
        let promise = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: [UInt8].self)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(promise))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return RawClient(channel: channel, collected: promise.futureResult)
    }

    func send(_ bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }

    /// Everything up to the end of the connection.
    func allBytes() async throws -> [UInt8] { try await collected.get() }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let promise: EventLoopPromise<[UInt8]>
        private var bytes: [UInt8] = []

        init(_ promise: EventLoopPromise<[UInt8]>) { self.promise = promise }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bytes += Array(unwrapInboundIn(data).readableBytesView)
        }

        func channelInactive(context: ChannelHandlerContext) { promise.succeed(bytes) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
