package import JSON
package import Model

/// What one pushed message says.
package enum EventOutcome: Hashable, Sendable {
    case changes(ChangeEvent)
    /// The sender asks whether this endpoint wants its events.
    case validation(EventValidation)
    /// Well-formed, but nothing that the inventory keeps.
    case ignored(reason: String)
    /// Not what the sender's documentation describes.
    case malformed(detail: String)
}

/// A change that a provider reports.
package struct ChangeEvent: Hashable, Sendable {
    /// The sender's id of the message: the same when it delivers the message again.
    package let messageID: String
    /// Within which `messageID` is unique: the source, topic or subscription; empty when the envelope names none.
    package let origin: String
    /// When it happened, where the message says so. Messages may overtake each other.
    package let occurredAt: Timestamp?
    package let observations: [Observation]

    package init(messageID: String, origin: String = "", occurredAt: Timestamp?, observations: [Observation]) {
        self.origin = origin
        self.messageID = messageID
        self.occurredAt = occurredAt
        self.observations = observations
    }
}

/// How a sender's question is answered.
package enum EventValidation: Hashable, Sendable {
    /// Event Grid: answer 200 with `{"validationResponse": code}`.
    case answer(code: String)
    /// Amazon SNS: whoever runs this node must visit the link; the node does not call out by itself.
    case visit(link: String)
}

/// Decodes the bodies of `POST /events/…`. Pure.
///
/// `nested` parses JSON that lies inside a message as text; it must not be the parser that lends `body`.
package enum EventDecoder {
    /// An EventBridge API destination, or the same event by way of Amazon SNS.
    package static func eventBridge(_ body: JSONView, nested: JSONParser) -> EventOutcome {
        switch body["Type"]?.string {
        case "SubscriptionConfirmation"?, "UnsubscribeConfirmation"?:
            guard let link = body["SubscribeURL"]?.nonEmptyString else {
                return .malformed(detail: "the subscription's confirmation has no `SubscribeURL`")
            }
            return .validation(.visit(link: link))
        case "Notification"? where body["Message"]?.isString == true:
            let message = body["Message"]?.utf8.map(Array.init) ?? []
            let outcome = try? nested.withDocument(message) { EventBridgeDecoder.decode($0) }
            return outcome ?? .ignored(reason: "the notification's `Message` is not an event in JSON")
        default: return EventBridgeDecoder.decode(body)
        }
    }

    /// A Pub/Sub push request with a message of a Cloud Asset Inventory feed.
    package static func pubSub(_ body: JSONView, nested: JSONParser) -> EventOutcome {
        PubSubDecoder.decode(body, nested: nested)
    }

    /// Event Grid, in its own schema or as CloudEvents 1.0; one outcome for each event of the request.
    package static func eventGrid(_ body: JSONView) -> [EventOutcome] {
        body.isArray ? body.elements.map(EventGridDecoder.decode) : [EventGridDecoder.decode(body)]
    }
}
