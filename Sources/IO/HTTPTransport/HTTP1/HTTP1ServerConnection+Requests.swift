import NIOCore

/// Requests as they arrive, one at a time.
extension HTTP1ServerConnection {
    /// Begins the request whose head is in `incomingHead`.
    func requestBegan(_ framing: HTTP1Framing) {
        requestCount += 1
        current.id = requestCount
        current.isHTTP10 = framing.isHTTP10
        current.isHead = incomingHead.method == .head
        current.keepsAlive = framing.keepsAlive
        current.isRequestChunked = framing.isChunked
        current.declaredBytes = framing.declaredBytes
        if let declared = framing.declaredBytes, declared > limits.bodyBytesMax {
            current.keepsAlive = false
            return refuse(current.key, .bodyTooLarge(limit: limits.bodyBytesMax))
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

    func dataReceived(_ bytes: ByteBuffer) {
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
    func inputRefused(_ refusal: HTTPRefusal) {
        if current.isIdle {
            requestCount += 1
            current.id = requestCount
        }
        current.keepsAlive = false
        current.isRequestEnded = true
        if current.isResponseBegun {
            linger()
        } else {
            refuse(current.key, refusal)
        }
    }
}
