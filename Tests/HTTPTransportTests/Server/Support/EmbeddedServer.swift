import Logging
import NIOCore
import NIOEmbedded

@testable import HTTPTransport

/// A server's connection on an event loop whose clock is moved by hand.
final class EmbeddedServer {
    let channel = EmbeddedChannel()
    let loop: HTTPServerLoop
    private let counter = ReadCounter()
    private var reader = HTTP2Reader()

    init(
        _ service: TestService = .echoTarget, connections: HTTPConnectionCount = HTTPConnectionCount(),
        limits: (inout HTTPLimits) -> Void = { _ in }
    ) throws {
        var changed = HTTPLimits()
        limits(&changed)
        loop = HTTPServerLoop(
            eventLoop: channel.embeddedEventLoop, isHTTP2Only: false, limits: changed, logger: Logger(label: "test"),
            connections: connections,
            service: service)
        loop.start()
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 4)).wait()
        try channel.pipeline.syncOperations.addHandler(counter)
        try loop.accept(channel, tls: nil)
    }

    /// A connection that has exchanged prefaces and settings.
    static func http2(
        _ service: TestService = .echoTarget, settings: [(UInt16, UInt32)] = [],
        limits: (inout HTTPLimits) -> Void = { _ in }
    ) throws -> EmbeddedServer {
        let server = try EmbeddedServer(service, limits: limits)
        try server.send(HTTP2Frame.preface)
        try server.send(.settings(settings), HTTP2Frame(.settings, flags: HTTP2Frame.Flag.acknowledgement))
        _ = try server.frames()
        return server
    }

    // MARK: The client's side

    func send(_ bytes: some Sequence<UInt8>) throws {
        guard channel.isActive else { return }
        try channel.writeInbound(ByteBuffer(bytes: bytes))
        channel.embeddedEventLoop.run()
    }

    func send(_ text: String) throws { try send(text.utf8) }

    /// In one read, as floods arrive.
    func send(_ frames: HTTP2Frame...) throws { try send(frames.flatMap(\.bytes)) }
    func send(_ frames: [HTTP2Frame]) throws { try send(frames.flatMap(\.bytes)) }

    /// What the server has written since the last call.
    func received() throws -> [UInt8] {
        channel.embeddedEventLoop.run()
        var bytes: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
        return bytes
    }

    /// The next single write; nil when there is none.
    func nextWrite() throws -> [UInt8]? {
        try channel.readOutbound(as: ByteBuffer.self).map { Array($0.readableBytesView) }
    }

    /// The same as text, without the Date fields, which no test can know.
    func text() throws -> String {
        String(decoding: try received(), as: UTF8.self).replacing(/date: [^\r]*\r\n/, with: "")
    }
    func frames() throws -> [HTTP2Frame] { reader.frames(try received()) }
    func fields(_ frame: HTTP2Frame) -> [(String, String)] { reader.fields(frame) }

    /// The statuses of the response heads among `frames`, by stream.
    func statuses(_ frames: [HTTP2Frame]) -> [UInt32: String] {
        var statuses: [UInt32: String] = [:]
        for frame in frames where frame.kind == .headers {
            statuses[frame.stream] = fields(frame).first { $0.0 == ":status" }?.1
        }
        return statuses
    }

    // MARK: The world

    var isClosed: Bool { !channel.isActive }

    func advance(_ time: TimeAmount) { channel.embeddedEventLoop.advanceTime(by: time) }

    /// How often the socket was asked for more.
    var reads: Int { counter.reads }
    func read() { channel.read() }
    func close() throws { try channel.close().wait() }

    /// The server begins to stop.
    func drain() {
        loop.drain()
        channel.embeddedEventLoop.run()
    }

    /// A tick of the server's, between two turns of the loop.
    func tick() { loop.tick() }

    /// The client stops reading, or reads on.
    func setWritable(_ isWritable: Bool) {
        channel.isWritable = isWritable
        channel.pipeline.fireChannelWritabilityChanged()
        channel.embeddedEventLoop.run()
    }
}

/// The error codes of RFC 9113 section 7 that tests look for.
enum HTTP2Error {
    static let none: UInt32 = 0
    static let protocolError: UInt32 = 1
    static let internalError: UInt32 = 2
    static let flowControlError: UInt32 = 3
    static let streamClosed: UInt32 = 5
    static let frameSizeError: UInt32 = 6
    static let refusedStream: UInt32 = 7
    static let cancel: UInt32 = 8
    static let compressionError: UInt32 = 9
    static let enhanceYourCalm: UInt32 = 11
}

extension [HTTP2Frame] {
    /// The code of the GOAWAY frame, if there is one.
    var goAway: UInt32? { last { $0.kind == .goAway }.map { $0.number(at: 4) } }

    /// The code with which a stream was reset.
    func reset(of stream: UInt32) -> UInt32? {
        first { $0.kind == .resetStream && $0.stream == stream }.map { $0.number(at: 0) }
    }

    func body(of stream: UInt32) -> [UInt8] {
        filter { $0.kind == .data && $0.stream == stream }.flatMap(\.payload)
    }

    func ended(_ stream: UInt32) -> Bool {
        contains { $0.stream == stream && ($0.kind == .data || $0.kind == .headers) && $0.endsStream }
    }
}

/// Counts how often the socket is asked for more.
final class ReadCounter: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private(set) var reads = 0

    func read(context: ChannelHandlerContext) {
        reads += 1
        context.read()
    }
}
