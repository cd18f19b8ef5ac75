import NIOCore
import NIOEmbedded
import Testing

@testable import HTTPTransport

@Suite("TLS records")
struct TLSDataTests {
    private func connected(limits: TLSLimits = TLSLimits()) throws -> TLSPair {
        let pair = try TLSPair(client: .test(limits: limits), server: .test(limits: limits))
        try pair.pump()
        return pair
    }

    @Test("What one flush releases is one write to the socket, small writes share a record")
    func gathering() throws {
        let pair = try connected()
        defer { pair.finish() }
        let before = pair.clientSends.count
        for word in ["HTTP/1.1 200 OK\r\n", "content-length: 5\r\n\r\n", "hello"] {
            pair.client.write(ByteBuffer(string: word), promise: nil)
        }
        pair.client.flush()
        try pair.pump()
        #expect(pair.serverSeen.text == "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")
        #expect(pair.clientSends.count == before + 1)
        let overhead = pair.clientSends[before].readableBytes - pair.serverSeen.received.readableBytes
        #expect(overhead < 2 * 22, "one record costs 22 bytes in TLS 1.3, not \(overhead)")
    }

    @Test("Nothing leaves before a flush, and each promise is kept once its bytes were written")
    func promises() throws {
        let pair = try connected()
        defer { pair.finish() }
        var kept: [String] = []
        func write(_ text: String) {
            pair.client.writeAndForget(text).assumeIsolated().whenSuccess { kept.append(text) }
        }
        write("a")
        write("")
        write("b")
        #expect(try pair.client.readOutbound(as: ByteBuffer.self) == nil)
        #expect(kept.isEmpty)
        pair.client.flush()
        #expect(Set(kept) == ["a", "", "b"])
        write("")
        pair.client.flush()
        #expect(kept.count == 4)
    }

    @Test("A large write is encrypted in portions while the channel is not writable, and arrives whole")
    func largeWrite() throws {
        var limits = TLSLimits()
        limits.encryptAheadBytesMax = 100_000
        let pair = try connected(limits: limits)
        defer { pair.finish() }
        let payload = ByteBuffer(bytes: (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        pair.client.isWritable = false
        var done = false
        pair.client.writeAndFlush(payload).assumeIsolated().whenSuccess { done = true }
        var sent = 0
        while let bytes = try pair.client.readOutbound(as: ByteBuffer.self) {
            sent += bytes.readableBytes
            try pair.server.writeInbound(bytes)
        }
        #expect((100_000..<110_000).contains(sent))
        #expect(!done)
        pair.client.isWritable = true
        pair.client.pipeline.fireChannelWritabilityChanged()
        try pair.pump()
        #expect(pair.serverSeen.received == payload)
        #expect(done)
    }

    @Test("A write that changes the channel's writability, and so writes again, sends nothing twice")
    func writabilityFlaps() throws {
        let pair = try TLSPair(client: .test(), server: .test())
        defer { pair.finish() }
        for channel in [pair.client, pair.server] {
            try channel.pipeline.syncOperations.addHandler(FlappingSocket(), position: .first)
        }
        pair.client.writeAndFlush(ByteBuffer(string: "early "), promise: nil)
        try pair.pump()
        for word in ["one ", "two ", "three"] {
            pair.client.writeAndFlush(ByteBuffer(string: word), promise: nil)
        }
        pair.client.close(promise: nil)
        try pair.pump()
        #expect(pair.serverSeen.text == "early one two three")
        #expect(pair.serverSeen.errors.isEmpty && pair.clientSeen.errors.isEmpty)
    }

    @Test("A record that was tampered with, or data after the handshake that is none, ends the connection with an error")
    func tampering() throws {
        for position in [5, 10, 20] {
            let pair = try connected()
            defer { pair.finish() }
            pair.client.writeAndFlush(ByteBuffer(string: "secret"), promise: nil)
            var record = try #require(try pair.client.readOutbound(as: ByteBuffer.self))
            record.setInteger(record.getInteger(at: position, as: UInt8.self)! ^ 1, at: position)
            try pair.server.writeInbound(record)
            #expect(pair.serverSeen.tlsErrors == [.recordInvalid])
            #expect(pair.serverSeen.text == "")
            #expect(!pair.server.isActive)
        }
    }

    @Test("A record cut off by the end of the connection delivers nothing; a client reports the truncation")
    func truncation() throws {
        let pair = try connected()
        defer { pair.finish() }
        pair.server.writeAndFlush(ByteBuffer(string: "answer without an end"), promise: nil)
        let record = try #require(try pair.server.readOutbound(as: ByteBuffer.self))
        try pair.client.writeInbound(try #require(record.getSlice(at: 0, length: record.readableBytes - 1)))
        pair.client.pipeline.fireChannelInactive()
        #expect(pair.clientSeen.text == "")
        #expect(pair.clientSeen.tlsErrors == [.truncated])
        #expect(pair.clientSeen.inactive)
    }

    @Test("Writes before the handshake wait for it, within a bound")
    func earlyWrites() throws {
        var limits = TLSLimits()
        limits.earlyWriteBytesMax = 10
        let pair = try TLSPair(client: .test(limits: limits), server: .test())
        defer { pair.finish() }
        pair.client.writeAndFlush(ByteBuffer(string: "0123456789"), promise: nil)
        try pair.pump()
        #expect(pair.serverSeen.text == "0123456789")

        let greedy = try TLSPair(client: .test(limits: limits), server: .test())
        defer { greedy.finish() }
        let promise = greedy.client.eventLoop.makePromise(of: Void.self)
        greedy.client.writeAndFlush(ByteBuffer(string: "0123456789+"), promise: promise)
        #expect(greedy.clientSeen.tlsErrors == [.earlyWritesTooLarge])
        #expect(throws: TLSError.self) { try promise.futureResult.wait() }
        #expect(!greedy.client.isActive)
    }

    @Test("Closing sends what was flushed, then close_notify, waits for the peer's, and both sides end without an error")
    func orderlyClose() throws {
        let pair = try connected()
        pair.client.writeAndFlush(ByteBuffer(string: "last words"), promise: nil)
        let promise = pair.client.eventLoop.makePromise(of: Void.self)
        pair.client.close(promise: promise)
        #expect(pair.client.isActive)
        try pair.pump()
        #expect(pair.serverSeen.text == "last words")
        #expect(!pair.server.isActive && !pair.client.isActive)
        #expect(pair.serverSeen.errors.isEmpty && pair.clientSeen.errors.isEmpty)
        try promise.futureResult.wait()
    }

    @Test("A peer that never answers close_notify, or floods instead, is closed on within the limits")
    func closeWithoutAnswer() throws {
        var limits = TLSLimits()
        limits.closeMillisecondsMax = 200
        limits.closeDiscardBytesMax = 100_000
        let silent = try connected(limits: limits)
        silent.server.close(promise: nil)
        silent.server.embeddedEventLoop.advanceTime(by: .milliseconds(199))
        #expect(silent.server.isActive)
        silent.server.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(!silent.server.isActive)
        silent.finish()

        let flooding = try connected(limits: limits)
        flooding.server.close(promise: nil)
        flooding.client.writeAndFlush(ByteBuffer(repeating: 7, count: 200_000), promise: nil)
        while flooding.server.isActive, let bytes = try flooding.client.readOutbound(as: ByteBuffer.self) {
            try flooding.server.writeInbound(bytes)
        }
        #expect(!flooding.server.isActive)
        #expect(flooding.serverSeen.text == "")
        flooding.finish()
    }

    @Test("Where half-closure is allowed, a peer that is done sending still gets its answer")
    func halfClosure() throws {
        let pair = try connected()
        defer { pair.finish() }
        pair.server.allowRemoteHalfClosure = true
        try pair.client.pipeline.syncOperations.addHandler(HalfClosingSocket(), position: .first)
        pair.client.writeAndFlush(ByteBuffer(string: "question"), promise: nil)
        pair.client.close(mode: .output, promise: nil)
        try pair.pump()
        #expect(pair.serverSeen.text == "question")
        #expect(pair.serverSeen.inputClosed)
        #expect(pair.server.isActive)
        pair.server.writeAndFlush(ByteBuffer(string: "answer"), promise: nil)
        pair.server.close(promise: nil)
        try pair.pump()
        #expect(pair.clientSeen.text == "answer")
        #expect(pair.clientSeen.errors.isEmpty)
        #expect(!pair.server.isActive)
    }

    @Test("An answer written and a close called while a read is delivered both take effect, in order")
    func reentrancy() throws {
        let pair = try connected()
        pair.serverSeen.onRead = { context in
            context.writeAndFlush(NIOAny(ByteBuffer(string: "pong")), promise: nil)
            context.close(promise: nil)
        }
        pair.client.writeAndFlush(ByteBuffer(string: "ping"), promise: nil)
        try pair.pump()
        #expect(pair.clientSeen.text == "pong")
        #expect(!pair.server.isActive && !pair.client.isActive)
        #expect(pair.clientSeen.errors.isEmpty)
    }

    @Test("Pending writes gather small pieces, cut large ones and keep their order and promises")
    func pendingWrites() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SplitMix(state: seed)
        let loop = EmbeddedEventLoop()
        for _ in 0..<20 {
            var writes = TLSPendingWrites()
            var expected: [UInt8] = []
            var promises = 0
            var kept = 0
            for _ in 0..<Int.random(in: 0...20, using: &random) {
                let count = [0, 1, 100, 16_383, 16_384, 16_385, 70_000].randomElement(using: &random)!
                let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
                expected += bytes
                var promise: EventLoopPromise<Void>?
                if Bool.random(using: &random) {
                    promise = loop.makePromise(of: Void.self)
                    promise?.futureResult.assumeIsolated().whenSuccess { kept += 1 }
                    promises += 1
                }
                writes.append(ByteBuffer(bytes: bytes), promise: promise)
            }
            #expect(writes.bytes == expected.count)
            writes.flush()
            var out: [UInt8] = []
            var completed: EventLoopPromise<Void>?
            let bytesMax = [1_000, 16_384, 50_000].randomElement(using: &random)!
            while let next = writes.next(bytesMax: bytesMax, completed: &completed) {
                #expect(next.readableBytes <= bytesMax)
                out += next.readableBytesView
                completed?.succeed()
                completed = nil
            }
            #expect(out == expected, "seed \(seed)")
            #expect(kept == promises, "seed \(seed)")
            #expect(writes.bytes == 0 && !writes.hasFlushed)
        }
    }
}

/// An embedded channel closes as a whole whatever it is asked; a socket would stay open for reading.
private final class HalfClosingSocket: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .output { promise?.succeed() } else { context.close(mode: mode, promise: promise) }
    }
}

/// A socket that fills up and drains with every flush.
private final class FlappingSocket: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    func flush(context: ChannelHandlerContext) {
        context.fireChannelWritabilityChanged()
        context.flush()
        context.fireChannelWritabilityChanged()
    }
}

extension EmbeddedChannel {
    fileprivate func writeAndForget(_ text: String) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        write(ByteBuffer(string: text), promise: promise)
        return promise.futureResult
    }
}

/// A small generator with a seed that can be printed (Steele, Lea and Flood, 2014).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
