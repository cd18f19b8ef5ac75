import JSON
import Model

/// EventBridge events (https://docs.aws.amazon.com/eventbridge/latest/ref/overview-event-structure.html).
enum EventBridgeDecoder {
    static func decode(_ event: JSONView) -> EventOutcome {
        guard event.isObject, let kind = event["detail-type"]?.nonEmptyString else {
            return .malformed(detail: "the body has no `detail-type`, which every EventBridge event has")
        }
        guard let messageID = event["id"]?.nonEmptyString else { return .malformed(detail: "the event has no `id`") }
        guard let detail = event["detail"], detail.isObject else {
            return .malformed(detail: "the event has no object `detail`")
        }
        let scope = Scope(account: event["account"]?.nonEmptyString, region: event["region"]?.nonEmptyString)
        var observations: [Observation] = []
        switch kind {
        case "Tag Change on Resource": observations = tagChange(event, detail, scope)
        case "EC2 Instance State-change Notification":
            guard detail["state"]?.equals("terminated") == true else {
                return .ignored(reason: "an instance's state matters only when it is terminated")
            }
            if let id = detail["instance-id"]?.nonEmptyString { observations = [scope.deleted(id, type: "ec2.instance")] }
        case "EBS Volume Notification":
            guard detail["event"]?.equals("deleteVolume") == true else {
                return .ignored(reason: "a volume's events matter only when it is deleted")
            }
            observations =
                event["resources"]?.elements.compactMap { $0.nonEmptyString }
                .map { scope.deleted($0, type: "ec2.volume") } ?? []
        case "Config Configuration Item Change": observations = configuration(detail, scope)
        case "AWS API Call via CloudTrail", "AWS Service Event via CloudTrail":
            if let code = detail["errorCode"]?.nonEmptyString {
                return .ignored(reason: "the call failed with `\(code.prefix(100))`")
            }
            guard let found = CloudTrailDecoder.observations(detail, scope) else {
                let name = detail["eventName"]?.string ?? "?"
                return .ignored(reason: "calls of `\(name.prefix(100))` change nothing that the inventory keeps")
            }
            observations = found
        default: return .ignored(reason: "events of type `\(kind.prefix(100))` change nothing in the inventory")
        }
        guard !observations.isEmpty else { return .malformed(detail: "the event does not say which resource it is about") }
        return .changes(
            ChangeEvent(
                messageID: messageID, origin: "\(event["source"]?.string ?? "") \(event["account"]?.string ?? "")",
                occurredAt: event["time"]?.string.flatMap { Timestamp($0) }, observations: observations
            ))
    }

    /// Where an event happened.
    struct Scope {
        let account: String?
        let region: String?

        func partial(_ id: String, type: String? = nil) -> Observation {
            let id = CanonicalID.canonical(provider: .aws, id)
            return Observation(
                .partial, provider: .aws, resourceID: id, resourceType: AWSIdentity.type(ofID: id) ?? type,
                accountID: account, region: region)
        }

        func deleted(_ id: String, type: String? = nil) -> Observation {
            let id = CanonicalID.canonical(provider: .aws, id)
            return Observation(
                .deleted, provider: .aws, resourceID: id, resourceType: AWSIdentity.type(ofID: id) ?? type)
        }
    }

    /// Carries all tags as they are after the change.
    private static func tagChange(_ event: JSONView, _ detail: JSONView, _ scope: Scope) -> [Observation] {
        guard let tags = TagShapes.tags(detail["tags"]) else { return [] }
        var type: String?
        if let service = detail["service"]?.nonEmptyString, let kind = detail["resource-type"]?.nonEmptyString {
            type = "\(service).\(kind)"
        }
        return (event["resources"]?.elements.compactMap { $0.nonEmptyString } ?? []).map { id in
            var observation = scope.partial(id, type: type)
            observation.nativeTags = tags
            observation.name = tags["Name"]
            return observation
        }
    }

    private static func configuration(_ detail: JSONView, _ scope: Scope) -> [Observation] {
        guard let item = detail["configurationItem"], item.isObject else { return [] }
        var payload = NormalisedPayload()
        AWSNormaliser.normalise(
            item, hints: IngestHints(accountID: scope.account, region: scope.region), into: &payload)
        let status = item["configurationItemStatus"]?.string ?? ""
        guard status.hasPrefix("ResourceDeleted") else { return payload.observations }
        return payload.observations.map {
            Observation(.deleted, provider: .aws, resourceID: $0.resourceID, resourceType: $0.resourceType)
        }
    }
}
