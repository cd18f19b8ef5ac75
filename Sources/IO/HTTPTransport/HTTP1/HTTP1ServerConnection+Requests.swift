import NIOCore
import NIOHTTP1

/// Requests as they arrive, one at a time.
extension HTTP1ServerConnection {
    func requestBegan(_ decoded: NIOHTTP1.HTTPRequestHead) {
        requestCount += 1
        current.id = requestCount
        current.isHTTP10 = decoded.version == .http1_0
        current.isHead = decoded.method == .HEAD
        do throws(HTTP1HeadTranslation.Refusal) {
            let framing = try HTTP1HeadTranslation.translate(decoded, into: &incomingHead, limits: limits)
            current.keepsAlive = decoded.isKeepAlive && !framing.asksForUpgrade
            current.isRequestChunked = framing.isChunked
            current.declaredBytes = framing.declaredBytes
            if let declared = framing.declaredBytes, declared > limits.bodyBytesMax {
                throw HTTP1HeadTranslation.Refusal(413)
            }
        } catch {
            current.keepsAlive = false
            respond(to: current.key, HTTPResponseParts(HTTPResponseHead(status: error.status)), body: ByteBuffer())
            return
        }
        if current.hasRequestBody {
            current.incoming = IncomingBody(connection: self, stream: current.key, bytesMax: limits.bodyBytesMax, now: now)
            current.expectsContinue = !current.isHTTP10 && incomingHead.expectsContinue
        }
        serve()
    }

    private func serve() {
        var exchange = spareExchange ?? HTTPExchange(connection: self)
        spareExchange = nil
        swap(&exchange.head, &incomingHead)
        exchange.begin(current.key)
        loop.serve(exchange)
        // Nobody kept it: it serves again, and whoever did not answer by now never will.
        if isKnownUniquelyReferenced(&exchange) {
            exchange.endUnanswered()
            if context != nil { spareExchange = exchange }
        }
    }

    func bodyReceived(_ bytes: ByteBuffer) {
        guard !current.isIdle else { return }
        current.expectsContinue = false
        if !current.isResponseEnded, let incoming = current.incoming {
            // A copy, for a slice of a few bytes would keep the whole of what was read in memory.
            bytes.withUnsafeReadableBytes { incoming.received($0, now: now) }
        } else {
            current.skippedBytes += bytes.readableBytes
            if current.skippedBytes > limits.drainBytesMax { linger() }
        }
    }

    func requestEnded() {
        guard !current.isIdle else { return }
        current.isRequestEnded = true
        current.incoming?.ended()
        if current.isResponseEnded { exchangeCompleted() }
    }

    /// The input after this point is lost: says so, if the response in progress does not stand in the way, and ends.
    func inputRefused(status: Int) {
        if current.isIdle {
            requestCount += 1
            current.id = requestCount
        }
        current.keepsAlive = false
        current.isRequestEnded = true
        if current.isResponseBegun {
            linger()
        } else {
            respond(to: current.key, HTTPResponseParts(HTTPResponseHead(status: status)), body: ByteBuffer())
        }
    }
}
