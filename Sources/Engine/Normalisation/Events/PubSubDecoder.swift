import JSON
import Model

/// Pub/Sub push requests (https://cloud.google.com/pubsub/docs/push) that carry a feed of Cloud Asset Inventory.
enum PubSubDecoder {
    static func decode(_ body: JSONView, nested: JSONParser) -> EventOutcome {
        // With payload unwrapping the body is the message's data.
        if let asset = body["asset"] {
            guard asset.isObject else { return .malformed(detail: "`asset` is no object") }
            return changes(body, messageID: nil, origin: "", publishedAt: nil)
        }
        guard let message = body["message"], message.isObject else {
            return .malformed(detail: "the body has no object `message`")
        }
        guard let messageID = message["messageId"]?.nonEmptyString ?? message["message_id"]?.nonEmptyString else {
            return .malformed(detail: "the message has no `messageId`")
        }
        guard let field = message["data"], !field.isNull else { return .ignored(reason: "the message has no data") }
        if field.utf8?.isEmpty == true { return .ignored(reason: "the message has no data") }
        guard let data = field.utf8.flatMap(Base64.decode) else { return .malformed(detail: "`message.data` is not Base64") }
        let publishedAt = (message["publishTime"] ?? message["publish_time"])?.string.flatMap { Timestamp($0) }
        let outcome = try? nested.withDocument(data) {
            changes($0, messageID: messageID, origin: body["subscription"]?.string ?? "", publishedAt: publishedAt)
        }
        // A new feed begins with a greeting in plain text.
        return outcome ?? .ignored(reason: "the message's data is not JSON")
    }

    /// A feed's `TemporalAsset`: `asset`, `deleted`, `window`.
    private static func changes(
        _ data: JSONView, messageID: String?, origin: String, publishedAt: Timestamp?
    ) -> EventOutcome {
        guard data["asset"]?.isObject == true || data["assetType"] != nil else {
            return .ignored(reason: "the message is not of a Cloud Asset Inventory feed")
        }
        var reader = GCPReader(hints: IngestHints())
        var refusal = ""
        guard let observation = reader.observation(data, key: nil, refusal: &refusal) else {
            return .malformed(detail: refusal)
        }
        let occurredAt = data.at("window", "startTime")?.string.flatMap { Timestamp($0) } ?? publishedAt
        let window = data.at("window", "startTime")?.string ?? ""
        return .changes(
            ChangeEvent(
                messageID: messageID ?? "\(observation.resourceID)@\(window)", origin: origin, occurredAt: occurredAt,
                observations: [observation]))
    }
}
