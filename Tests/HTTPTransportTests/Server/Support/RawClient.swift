import NIOCore
import NIOPosix

/// A TCP client that says and hears bytes, as they are.
enum RawClient {
    /// Connects, runs `body`, and closes.
    static func connect<Result: Sendable>(
        to address: SocketAddress, receiveBufferBytes: Int? = nil,
        _ body: (inout Exchange) async throws -> Result
    ) async throws -> Result {
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        if let receiveBufferBytes {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(receiveBufferBytes))
        }
        let channel = try await bootstrap.connect(to: address) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                    wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
            }
        }
        return try await channel.executeThenClose { inbound, outbound in
            var exchange = Exchange(bytes: inbound.makeAsyncIterator(), outbound: outbound)
            return try await body(&exchange)
        }
    }

    struct Exchange {
        fileprivate var bytes: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
        let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
        private(set) var received: [UInt8] = []
        private(set) var isClosed = false
        private var reader = HTTP2Reader()

        fileprivate init(
            bytes: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
            outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
        ) {
            self.bytes = bytes
            self.outbound = outbound
        }

        func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }
        func send(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }
        func send(_ frames: HTTP2Frame...) async throws { try await send(frames.flatMap(\.bytes)) }

        /// Closes the sending side, as `nc -N` does after its input.
        func finish() { outbound.finish() }

        /// The next bytes; nil when the server has closed.
        mutating func read() async throws -> [UInt8]? {
            guard let buffer = try await bytes.next() else {
                isClosed = true
                return nil
            }
            received += buffer.readableBytesView
            return Array(buffer.readableBytesView)
        }

        /// Reads until what was received ends so, or the server closes; returns all of it as text.
        mutating func text(until suffix: String? = nil) async throws -> String {
            while true {
                let text = String(decoding: received, as: UTF8.self)
                if let suffix, text.hasSuffix(suffix) { return text }
                guard try await read() != nil else { return text }
            }
        }

        /// Reads frames until one satisfies `condition`, or the server closes; returns all of them.
        mutating func frames(until condition: (HTTP2Frame) -> Bool = { _ in false }) async throws -> [HTTP2Frame] {
            var frames: [HTTP2Frame] = []
            while !frames.contains(where: condition), let bytes = try await read() { frames += reader.frames(bytes) }
            return frames
        }

        func status(_ frame: HTTP2Frame) -> String? { reader.fields(frame).first { $0.0 == ":status" }?.1 }
    }
}
