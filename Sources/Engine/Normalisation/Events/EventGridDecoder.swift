import JSON
import Model

/// Event Grid's own schema (`eventType`, `eventTime`) and CloudEvents 1.0 (`type`, `time`).
enum EventGridDecoder {
    static func decode(_ event: JSONView) -> EventOutcome {
        guard event.isObject else { return .malformed(detail: "expected an object for each event") }
        let isCloudEvent = event["specversion"] != nil
        guard let type = event[isCloudEvent ? "type" : "eventType"]?.nonEmptyString else {
            return .malformed(detail: isCloudEvent ? "the event has no `type`" : "the event has no `eventType`")
        }
        guard let messageID = event["id"]?.nonEmptyString else { return .malformed(detail: "the event has no `id`") }
        let occurredAt = event[isCloudEvent ? "time" : "eventTime"]?.string.flatMap { Timestamp($0) }
        let data = event["data"]
        let observation: Observation?
        switch type {
        case "Microsoft.EventGrid.SubscriptionValidationEvent":
            guard let code = data?["validationCode"]?.nonEmptyString else {
                return .malformed(detail: "the validation event has no `data.validationCode`")
            }
            return .validation(.answer(code: code))
        case "Microsoft.Resources.ResourceWriteSuccess": observation = changed(event, data, isDeleted: false)
        case "Microsoft.Resources.ResourceDeleteSuccess": observation = changed(event, data, isDeleted: true)
        case "Microsoft.ResourceNotifications.Resources.CreatedOrUpdated": observation = notified(data, isDeleted: false)
        case "Microsoft.ResourceNotifications.Resources.Deleted": observation = notified(data, isDeleted: true)
        default: return .ignored(reason: "events of type `\(type.prefix(100))` change nothing in the inventory")
        }
        guard let observation else { return .malformed(detail: "the event does not say which resource it is about") }
        let origin = event["source"]?.string ?? event["topic"]?.string ?? ""
        return .changes(
            ChangeEvent(messageID: messageID, origin: origin, occurredAt: occurredAt, observations: [observation]))
    }

    /// These events name the resource and say nothing of its new state.
    private static func changed(_ event: JSONView, _ data: JSONView?, isDeleted: Bool) -> Observation? {
        guard let id = data?["resourceUri"]?.nonEmptyString ?? event["subject"]?.nonEmptyString, id.hasPrefix("/") else {
            return nil
        }
        var name = AzureName(AzureCanonicalID.canonical(id))
        // Tags are written as an extension of their resource; to delete that is to remove the tags.
        let ofTags = "/providers/microsoft.resources/tags/default"
        let isOfTags = name.id.hasSuffix(ofTags)
        if isOfTags { name = AzureName(String(name.id.dropLast(ofTags.count))) }
        return Observation(
            isDeleted && !isOfTags ? .deleted : .partial, provider: .azure, resourceID: name.id, resourceType: name.type,
            name: name.parts.last.map(String.init), accountID: name.subscription,
            nativeTags: isDeleted && isOfTags ? TagList() : nil)
    }

    /// Resource notifications bring the resource along.
    private static func notified(_ data: JSONView?, isDeleted: Bool) -> Observation? {
        guard let info = data?["resourceInfo"] else { return nil }
        let fields = AzureFields(info)
        var reader = AzureReader(hints: IngestHints())
        guard var observation = reader.observation(fields) else { return nil }
        if isDeleted {
            return Observation(
                .deleted, provider: .azure, resourceID: observation.resourceID, resourceType: observation.resourceType)
        }
        if fields.properties == nil {
            observation.kind = .partial
            observation.metadata = nil
            observation.statedTypes = RelationshipTypes(.inSubscription, .inResourceGroup, .partOf)
        }
        return observation
    }
}
