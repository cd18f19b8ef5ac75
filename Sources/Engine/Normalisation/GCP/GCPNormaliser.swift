import JSON
import Model

/// Google Cloud's payloads: Cloud Asset Inventory (exports, search results, feed messages) and the answers of list calls.
enum GCPNormaliser {
    static func normalise(_ payload: JSONView, hints: IngestHints, into result: inout NormalisedPayload) {
        var reader = GCPReader(hints: hints)
        reader.read(payload, into: &result)
    }
}

/// Walks one payload.
struct GCPReader {
    let hints: IngestHints
    /// `pubsub` of `pubsub.topics.list`.
    let service: String?
    /// `topics` of `pubsub.topics.list`.
    let collection: String?
    var targets = TargetCache(.gcp)
    /// Project ids by number, from the projects of this payload.
    var projectIDs: [String: String] = [:]
    /// The type that was told last, and what it was told from.
    var lastType: (host: Substring, collection: Substring, type: String)?

    init(hints: IngestHints) {
        self.hints = hints
        let parts = (hints.operation ?? "").split(separator: ".")
        service = parts.count >= 2 ? String(parts[0]) : nil
        collection = parts.count >= 3 ? String(parts[parts.count - 2]) : nil
    }

    mutating func read(_ payload: JSONView, into result: inout NormalisedPayload) {
        if payload.isArray {
            items(payload, key: nil, into: &result)
        } else if let list = payload["items"], list.isArray || list.isObject {
            if list.isArray { items(list, key: nil, into: &result) } else { scopes(list, into: &result) }
        } else if let collection, let list = payload[dynamic: collection], list.isArray {
            items(list, key: collection, into: &result)
        } else if isItem(payload) {
            result.items += 1
            observe(payload, key: nil, into: &result)
        } else {
            lists(payload, into: &result)
        }
    }

    /// `{"zones/z": {"instances": […]}, …}` of an aggregated list; scopes without resources carry a warning in their place.
    private mutating func scopes(_ scopes: JSONView, into result: inout NormalisedPayload) {
        for (_, scope) in scopes.members {
            for (key, list) in scope.members where list.isArray { items(list, key: key.string, into: &result) }
        }
    }

    /// Every list of objects in an answer that holds nothing but lists.
    private mutating func lists(_ payload: JSONView, into result: inout NormalisedPayload) {
        guard payload.isObject else {
            result.items += 1
            result.reject(result.items - 1, "expected an object or an array of resources")
            return
        }
        var found = false
        for (key, list) in payload.members where list.isArray {
            found = true
            if !Self.isSideList(key) { items(list, key: key.string, into: &result) }
        }
        let isEmptyAnswer = payload.members.allSatisfy { key, _ in Self.isEnvelope(key) }
        guard !found, !isEmptyAnswer else { return }
        result.items += 1
        result.reject(
            result.items - 1,
            "no resource was recognised \(payload.membersInWords); looked for an asset (`assetType` or `asset`), a resource "
                + "(`name` beside `kind`, `selfLink` or `id`), or a list of these; name the call with ?operation= "
                + "(for instance compute.instances.list)")
    }

    private mutating func items(_ list: JSONView, key: String?, into result: inout NormalisedPayload) {
        for item in list.elements { learnProject(item) }
        for item in list.elements {
            result.items += 1
            observe(item, key: key, into: &result)
        }
    }

    private mutating func observe(_ item: JSONView, key: String?, into result: inout NormalisedPayload) {
        guard item.isObject else {
            return result.reject(result.items - 1, "expected an object that describes a resource")
        }
        var refusal = ""
        if let observation = observation(item, key: key, refusal: &refusal) {
            result.observations.append(observation)
        } else {
            result.reject(result.items - 1, refusal)
        }
    }

    /// One resource in whichever of the forms it comes.
    mutating func observation(_ item: JSONView, key: String?, refusal: inout String) -> Observation? {
        if let asset = item["asset"], asset.isObject {
            let observation = self.asset(asset, refusal: &refusal)
            return item["deleted"]?.bool == true ? observation.map(Self.deletion) : observation
        }
        if item["assetType"]?.isString == true || item["asset_type"]?.isString == true {
            return asset(item, refusal: &refusal)
        }
        return described(item, key: key, refusal: &refusal)
    }

    static func deletion(_ observation: Observation) -> Observation {
        Observation(.deleted, provider: .gcp, resourceID: observation.resourceID, resourceType: observation.resourceType)
    }

    private mutating func learnProject(_ item: JSONView) {
        let data = item.at("resource", "data") ?? item
        guard let number = data["projectNumber"], let id = data["projectId"]?.nonEmptyString else { return }
        if let number = number.nonEmptyString ?? number.int.map({ $0.description }) { projectIDs[number] = id }
    }

    private func isItem(_ payload: JSONView) -> Bool {
        if payload["assetType"] != nil || payload["asset_type"] != nil || payload["asset"] != nil { return true }
        if payload["name"]?.isString == true || payload["datasetReference"] != nil || payload["projectId"] != nil {
            return true
        }
        if payload["tableReference"] != nil || payload["priority"] != nil { return true }
        if payload.at("metadata", "name")?.isString == true { return true }
        // The self link of a list answer is that of its collection.
        return payload["selfLink"]?.isString == true && !(payload["kind"]?.string?.hasSuffix("List") ?? false)
    }

    /// Lists beside the resources in an answer.
    private static func isSideList(_ key: JSONView) -> Bool {
        key.equals("unreachable") || key.equals("failedLocations") || key.equals("warnings") || key.equals("missingZones")
            || key.equals("failedLocation") || key.equals("unreachables")
    }

    private static func isEnvelope(_ key: JSONView) -> Bool {
        key.equals("kind") || key.equals("etag") || key.equals("id") || key.equals("selfLink") || key.equals("nextPageToken")
            || key.equals("totalSize") || key.equals("totalItems") || key.equals("items") || key.equals("warning")
            || key.equals("apiVersion") || key.equals("metadata") || key.equals("readTime")
    }
}
