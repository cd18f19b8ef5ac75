import HTTPTransport
import JSON
import Logging
import Model
import NIOCore
import Normalisation
import Shard

/// `POST /events/{eventbridge,pubsub,eventgrid}`: changes in the providers' push formats, with their handshakes.
///
/// Providers deliver at least once. A message's id is its idempotency key, so that a repeated one changes nothing.
enum EventEndpoints {
    /// Longest accepted request in bytes; the providers' own limits are at or below it.
    static let bytesMax = 1 << 20

    /// RFC 6750 section 2.3: senders such as Amazon SNS cannot send header fields of ours.
    static let query = [QueryParameter("access_token", charactersMax: TokenVerifier.tokenBytesMax)]

    /// Amazon SNS sends JSON as text.
    static let eventBridgeTypes = ["application/json", "text/plain"]
    static let pubSubTypes = ["application/json"]
    static let eventGridTypes = ["application/json", cloudEvent, cloudEventBatch]
    private static let cloudEvent = "application/cloudevents+json"
    private static let cloudEventBatch = "application/cloudevents-batch+json"

    // MARK: POST

    static let eventBridge: Route.Handler = { call in
        try await take(call, sender: "eventbridge") { [EventDecoder.eventBridge($0, nested: $1)] }
    }

    static let pubSub: Route.Handler = { call in
        try await take(call, sender: "pubsub") { [EventDecoder.pubSub($0, nested: $1)] }
    }

    static let eventGrid: Route.Handler = { call in
        let type = Call.mediaType(of: call.request.head)
        return try await take(call, sender: "eventgrid") { body, _ in
            if type == cloudEvent, body.isArray { return [.malformed(detail: "expected one CloudEvent, found an array")] }
            if type == cloudEventBatch, !body.isArray { return [.malformed(detail: "expected an array of CloudEvents")] }
            return EventDecoder.eventGrid(body)
        } isBatch: {
            type != cloudEvent && $0.isArray
        }
    }

    // MARK: OPTIONS /events/eventgrid

    /// The handshake of CloudEvents' "HTTP 1.1 Web Hooks for Event Delivery", section 4: this endpoint takes events from
    /// whoever asks, as each delivery brings its token.
    static let allowOrigin: Route.Handler = { call in
        guard let origin = call.request.head.headers["webhook-request-origin"], !origin.isEmpty else {
            return call.empty(204, headers: [.init(name: "allow", value: "OPTIONS, POST")])
        }
        return call.empty(
            200,
            headers: [
                .init(name: "allow", value: "OPTIONS, POST"), .init(name: "webhook-allowed-origin", value: origin),
                .init(name: "webhook-allowed-rate", value: call.request.head.headers["webhook-request-rate"] ?? "*"),
            ])
    }

    // MARK: Private

    /// - Parameter isBatch: whether the body holds several events, each with an outcome of its own.
    private static func take(
        _ call: Call, sender: String, _ decode: (JSONView, JSONParser) -> [EventOutcome],
        isBatch: (JSONView) -> Bool = { _ in false }
    ) async throws -> HTTPResponse {
        let body = try await call.body(upTo: bytesMax)
        let (outcomes, isBatch) = try Call.parse(body) {
            (decode($0, JSONParser(bytesMax: bytesMax, depthMax: Call.jsonDepthMax)), isBatch($0))
        }
        var summary = EventSummary()
        let parts = PartedWrite(call.api.node)
        for (index, outcome) in outcomes.enumerated() {
            switch outcome {
            case .validation(.answer(let code)): return call.json { $0.validationResponse(code) }
            case .validation(.visit(let link)): return try visit(link, call)
            case .ignored(let reason): summary.ignore(index, reason)
            case .malformed(let detail): summary.fail(index, detail)
            case .changes(let event):
                let refused = summary.changes.refusedCount
                let stamp = WriteStamp(
                    actor: call.principal.subject, requestID: call.requestID,
                    idempotency: key(of: event, sender: sender, caller: call.principal.subject),
                    scope: call.principal.scope)
                try await parts.carryOut {
                    try await InventoryWriter(parts, stamp: stamp).submit(event.observations, into: &summary.changes)
                }
                if summary.changes.refusedCount > refused {
                    summary.fail(index, IngestSummary.refusal)
                } else {
                    summary.accepted += 1
                }
            }
        }
        // A batch that was refused for one bad event would come again and again, and its good events with it.
        if !isBatch, let error = summary.errors.first { throw Problem.invalid([.init("", error.detail)]) }
        return call.json { summary.write(to: &$0) }
    }

    /// The node does not call out by itself: whoever runs it visits the link, which is in the answer and in the log.
    private static func visit(_ link: String, _ call: Call) throws -> HTTPResponse {
        call.api.logger.notice(
            "A subscription of Amazon SNS waits to be confirmed: visit its link",
            metadata: ["request.id": "\(call.requestID)", "events.link": "\(link.prefix(2048))"])
        return call.json { json in
            json.beginObject()
            json.member("status", "confirmation_required")
            json.member("subscribe_url", link)
            json.endObject()
        }
    }

    private static func key(of event: ChangeEvent, sender: String, caller: String) -> WriteContext.Idempotency {
        let text = [caller, sender, event.origin, event.messageID].joined(separator: "\u{0}")
        let key = IdempotencyKey(high: StableHash.hash(text, seed: 11), low: StableHash.hash(text, seed: 12))
        return WriteContext.Idempotency(key: key, bodyDigest: 0)
    }
}

/// What a request with events is answered with.
private struct EventSummary {
    var accepted = 0
    var changes = IngestSummary()
    private(set) var ignored: [(index: Int, detail: String)] = []
    private(set) var errors: [(index: Int, detail: String)] = []

    mutating func ignore(_ index: Int, _ reason: String) { ignored.append((index, reason)) }
    mutating func fail(_ index: Int, _ detail: String) { errors.append((index, detail)) }

    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("accepted", accepted)
        json.member("created", changes.created)
        json.member("updated", changes.updated)
        json.member("unchanged", changes.unchanged)
        json.member("deleted", changes.deleted)
        write("ignored", ignored, to: &json)
        write("errors", errors, to: &json)
        json.endObject()
    }

    private func write(_ name: StaticString, _ items: [(index: Int, detail: String)], to json: inout JSONWriter) {
        json.key(name)
        json.beginArray()
        for item in items.prefix(IngestSummary.errorsMax) {
            json.beginObject()
            json.member("index", item.index)
            json.member("detail", item.detail)
            json.endObject()
        }
        json.endArray()
    }
}

extension JSONWriter {
    fileprivate mutating func validationResponse(_ code: String) {
        beginObject()
        member("validationResponse", code)
        endObject()
    }
}
