import NIOCore
import NIOHTTP1

/// What NIOHTTP1's decoder says of a piece of input; it stands behind the decoder in the pipeline.
///
/// The connection stands before the decoder, hands it a piece, and takes the outcome here: decoding is done when the call
/// returns.
final class HTTP1DecodedParts: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    struct Outcome {
        var head: NIOHTTP1.HTTPRequestHead?
        var data = ByteBuffer()
        /// The request is whole. Its trailers carry nothing that a service asks for.
        var isEnd = false
        /// The decoder takes nothing more after it.
        var error: (any Error)?
    }

    private var outcome = Outcome()

    /// What was said since the last call. Nothing stays here, for it would keep the storage of the input alive.
    func take() -> Outcome {
        defer { outcome = Outcome() }
        return outcome
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): outcome.head = head
        case .body(var bytes):
            if outcome.data.readableBytes == 0 { outcome.data = bytes } else { outcome.data.writeBuffer(&bytes) }
        case .end: outcome.isEnd = true
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        outcome.error = outcome.error ?? error
    }
}

extension HTTP1DecodedParts {
    /// NIOHTTP1's decoder with the server's limits. The cutter and the translation hold heads to the exact ones; the decoder's
    /// bind trailers, which it counts with the head's fields.
    static func decoder(_ limits: HTTPLimits) -> ByteToMessageHandler<HTTPRequestDecoder> {
        var configuration = NIOHTTPDecoderLimitConfiguration()
        // The decoder counts the target as one of the fields, and the blanks behind values.
        let headerBytesMax = limits.headerBytesMax + HTTP1RequestCutter.blankBytesMax
        configuration.maxHeaderListSize = headerBytesMax + limits.targetBytesMax
        configuration.maxHeaderFieldSize = max(headerBytesMax, limits.targetBytesMax)
        configuration.maxHeaderFieldCount = limits.headerCountMax
        return ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: configuration))
    }
}

extension HTTPRefusal {
    /// The decoder's error in words.
    static func undecodable(_ error: any Error, limits: HTTPLimits, isBody: Bool) -> HTTPRefusal {
        switch error as? HTTPParserError {
        case .invalidMethod:
            HTTPRefusal(501, "This server does not know the request's method.")
        case .invalidURL:
            .malformed("The request target is neither a path nor an absolute http or https URI without user information.")
        case .invalidVersion, .invalidConstant:
            .malformed("The request line is not made of method, target and version.")
        case .headerOverflow:
            HTTPRefusal(
                431,
                "Header and trailer fields together are more than the \(limits.headerCountMax) of headerCountMax, or longer than the \(limits.headerBytesMax) bytes of headerBytesMax."
            )
        case .invalidHeaderToken:
            .malformed(
                "A field's name is no token (it is empty, folded, or holds a space or a separator), or its value holds a control character."
            )
        case .invalidContentLength, .unexpectedContentLength:
            .malformed("Content-Length is stated more than once, or beside Transfer-Encoding, or is no number.")
        case .lfExpected where !isBody:
            .malformed("A header field's value holds CR.")
        default:
            isBody
                ? .malformed(
                    "The chunked body is malformed: a chunk is its size in hexadecimal, CR LF, so many bytes, CR LF.")
                : .malformed("The head is malformed, or its Transfer-Encoding does not end with chunked.")
        }
    }
}
