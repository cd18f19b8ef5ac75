import NIOCore

/// Tells the connection behind the decoder that bytes have come, be it that they make no message yet.
///
/// An event of its own is needed, for `channelReadComplete` also comes without bytes (after a part of a TLS record, for one).
final class HTTP1InputWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: HTTP1ServerConnection

    init(_ connection: HTTP1ServerConnection) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.bytesReceived()
        context.fireChannelRead(data)
    }
}
