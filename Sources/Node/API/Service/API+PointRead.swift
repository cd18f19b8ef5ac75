import HTTPTransport
import Model
import NIOCore
import NodeRuntime

/// `GET /resources/{id}/virtual-tags` without a detour: no task, no routing, no decoding, when the caller is known and the
/// resource's shard lives on the connection's event loop.
extension API {
    private static let prefix = StaticText("/resources/")
    private static let suffix = StaticText("/virtual-tags")
    private static let idBytes = 36

    /// Answers the request if it is a point read that can be answered here and now. Whatever is unusual (another method, a
    /// query, an unknown token, an unknown id, a request id to echo) is left to the general way, which finds the right words.
    @inline(__always)
    func answerPointRead(_ exchange: HTTPExchange, _ state: LoopState) -> Bool {
        guard case .get = exchange.head.method, let id = exchange.head.withPathBytes(Self.resourceOfTagsPath),
            exchange.head.withQueryBytes({ $0.isEmpty }), !exchange.head.headers.contains("x-request-id"),
            !exchange.head.headers.contains("read-consistency"), !exchange.head.headers.contains("min-revision")
        else { return false }
        var fields = pointReadHeaders
        if let region {
            guard region.board.isLoaded, let asOf = region.fields(of: node.shard(of: id.slot)) else { return false }
            fields.append(FollowingRegion.staleness, asOf.staleness)
            fields.append(FollowingRegion.index, asOf.index)
        }
        let now = clock.milliseconds
        // A token that is limited to some resources asks the row first: the general way does.
        let known = exchange.head.headers.withValue(of: "authorization") { header in
            state.tokens.caller(for: header, at: now)
        }
        guard let caller = known ?? nil, caller.principal.scope == nil else { return false }
        let bucket = caller.bucket
        if let bucket, !bucket.take(at: now) { return false }
        let read = node.readLocally(id, on: exchange.eventLoop) { row in
            answer(exchange, with: row, of: id, state, fields)
        }
        let isAnswered =
            switch read {
            case .found(let isAnswered): isAnswered
            case .missing: false
            case .elsewhere: confirmPointRead(exchange, id, bucket, fields)
            }
        if !isAnswered { bucket?.giveBack() }
        return isAnswered
    }

    /// Answers once it is sure that nothing newer was acknowledged; without a task, too.
    private func confirmPointRead(
        _ exchange: HTTPExchange, _ id: ResourceID, _ bucket: RateBucket?, _ fields: HTTPFields
    ) -> Bool {
        let waiting = NIOLoopBound(exchange, eventLoop: exchange.eventLoop)
        return node.confirmRow(id, on: exchange.eventLoop) { result in
            let exchange = waiting.value
            let isAnswered =
                if case .success(let row?) = result {
                    row.withUnsafeBytes {
                        self.answer(exchange, with: $0, of: id, self.loops.here(exchange.eventLoop), fields)
                    }
                } else {
                    false
                }
            guard !isAnswered else { return }
            bucket?.giveBack()
            self.respondInGeneral(to: exchange)
        }
    }

    @inline(__always)
    private func answer(
        _ exchange: HTTPExchange, with row: UnsafeRawBufferPointer, of id: ResourceID, _ state: LoopState,
        _ fields: HTTPFields
    ) -> Bool {
        guard let index = try? StoredTagsRenderer.changedIndex(of: row) else { return false }
        let tag = EntityTag(index: index)
        state.metrics.pointRead()
        if ConditionalRequest.ifNoneMatch(of: exchange.head)?.contains(tag) == true {
            var headers = fields
            headers.append("etag", tag.text)
            exchange.respond(status: 304, headers: headers)
            return true
        }
        exchange.respond(contentType: "application/json", entityTag: tag.text, headers: fields) { body in
            // A row that cannot be read was refused when it was applied.
            try? StoredTagsRenderer.write(tagsOf: id, row: row, to: &body)
        }
        return true
    }

    /// The id in `/resources/{id}/virtual-tags`; nil for any other path.
    @inline(__always)
    private static func resourceOfTagsPath(_ path: UnsafeRawBufferPointer) -> ResourceID? {
        guard path.count == prefix.count + idBytes + suffix.count, prefix.begins(path),
            suffix.begins(UnsafeRawBufferPointer(rebasing: path[(prefix.count + idBytes)...])),
            let uuid = UUID128(utf8: UnsafeRawBufferPointer(rebasing: path[prefix.count..<prefix.count + idBytes]))
        else { return nil }
        return ResourceID(uuid)
    }
}

/// Text in the program's image, compared byte by byte.
private struct StaticText: Sendable {
    private let text: StaticString
    let count: Int

    init(_ text: StaticString) {
        self.text = text
        count = text.utf8CodeUnitCount
    }

    @inline(__always)
    func begins(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= count else { return false }
        for position in 0..<count where bytes[position] != text.utf8Start[position] { return false }
        return true
    }
}
