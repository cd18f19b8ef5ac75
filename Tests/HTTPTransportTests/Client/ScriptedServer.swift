import NIOCore
import NIOPosix
import Synchronization

@testable import HTTPTransport

/// An HTTP/2 server that does what a test's script says, frame by frame; it understands no header field and needs none.
final class ScriptedServer: Sendable {
    enum FrameType: UInt8, Sendable {
        case data = 0, headers = 1, priority = 2, resetStream = 3, settings = 4, ping = 6, goAway = 7, windowUpdate = 8
    }

    struct Frame: Sendable {
        var type: FrameType
        var flags: UInt8 = 0
        var stream: Int32 = 0
        var payload: [UInt8] = []

        static let endStream: UInt8 = 1
        static let endHeaders: UInt8 = 4
        static let acknowledgement: UInt8 = 1

        /// An empty answer with status 200 (HPACK's static entry 8).
        static func ok(_ stream: Int32, ends: Bool = true) -> Frame {
            Frame(type: .headers, flags: endHeaders | (ends ? endStream : 0), stream: stream, payload: [0x88])
        }
        static func reset(_ stream: Int32, code: UInt32) -> Frame {
            Frame(type: .resetStream, stream: stream, payload: bytes(code))
        }
        static func goAway(last: UInt32) -> Frame { Frame(type: .goAway, payload: bytes(last) + bytes(0)) }
        static func settings(_ entries: [(UInt16, UInt32)] = []) -> Frame {
            Frame(type: .settings, payload: entries.flatMap { [UInt8($0.0 >> 8), UInt8($0.0 & 0xFF)] + bytes($0.1) })
        }
        static func bytes(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) } }
    }

    enum Step: Sendable {
        case send(Frame)
        case close
    }

    /// What to do about a frame of the `connection`-th connection, counted from 0.
    typealias Script = @Sendable (_ connection: Int, _ frame: Frame) -> [Step]

    let port: Int
    private let listener: any Channel
    private let record: Record

    static func start(settings: [(UInt16, UInt32)] = [], _ script: @escaping Script) async throws -> ScriptedServer {
        let record = Record()
        let greeting = Frame.settings(settings)
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let number = record.nextConnection()
                    try channel.pipeline.syncOperations.addHandler(
                        Handler(greeting: greeting) { frame in
                            record.note(frame)
                            return script(number, frame)
                        })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return ScriptedServer(listener, record)
    }

    private init(_ listener: any Channel, _ record: Record) {
        self.listener = listener
        self.record = record
        port = listener.localAddress?.port ?? 0
    }

    func stop() async { try? await listener.close() }

    /// The frames that came so far, of all connections.
    var frames: [Frame] { record.frames }
    var url: String { "http://127.0.0.1:\(port)/" }

    private final class Record: Sendable {
        private let state = Mutex((connections: 0, frames: [Frame]()))

        func nextConnection() -> Int {
            state.withLock { state in
                defer { state.connections += 1 }
                return state.connections
            }
        }
        func note(_ frame: Frame) { state.withLock { $0.frames.append(frame) } }
        var frames: [Frame] { state.withLock { $0.frames } }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let greeting: Frame
        private let script: (Frame) -> [Step]
        private var buffer = ByteBuffer()
        private var sawPreface = false

        init(greeting: Frame, script: @escaping (Frame) -> [Step]) {
            self.greeting = greeting
            self.script = script
        }

        func channelActive(context: ChannelHandlerContext) { send(greeting, context) }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            buffer.writeImmutableBuffer(unwrapInboundIn(data))
            if !sawPreface {
                guard buffer.readableBytes >= 24 else { return }
                buffer.moveReaderIndex(forwardBy: 24)
                sawPreface = true
            }
            while let frame = nextFrame() {
                if frame.type == .settings, frame.flags == 0 {
                    send(Frame(type: .settings, flags: Frame.acknowledgement), context)
                }
                for step in script(frame) {
                    switch step {
                    case .send(let frame): send(frame, context)
                    case .close: return context.close(promise: nil)
                    }
                }
            }
        }

        private func nextFrame() -> Frame? {
            while buffer.readableBytes >= 9 {
                let start = buffer.readerIndex
                let length = Int(buffer.getInteger(at: start, as: UInt32.self)! >> 8)
                guard buffer.readableBytes >= 9 + length else { return nil }
                let type = FrameType(rawValue: buffer.getInteger(at: start + 3, as: UInt8.self)!)
                let flags = buffer.getInteger(at: start + 4, as: UInt8.self)!
                let stream = buffer.getInteger(at: start + 5, as: Int32.self)!
                buffer.moveReaderIndex(forwardBy: 9)
                let payload = buffer.readBytes(length: length)!
                if let type { return Frame(type: type, flags: flags, stream: stream, payload: payload) }
            }
            return nil
        }

        private func send(_ frame: Frame, _ context: ChannelHandlerContext) {
            var bytes = ByteBuffer()
            bytes.writeInteger(UInt32(frame.payload.count) << 8 | UInt32(frame.type.rawValue))
            bytes.writeInteger(frame.flags)
            bytes.writeInteger(frame.stream)
            bytes.writeBytes(frame.payload)
            context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        }
    }
}
