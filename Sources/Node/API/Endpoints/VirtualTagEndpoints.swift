import Conditions
import HTTPTransport
import JSON
import Model
import NIOCore
import NodeRuntime
import Normalisation
import Shard
import TaggingRules

/// Tags that people and scripts set.
enum VirtualTagEndpoints {
    /// Most tags in one application.
    static let tagsMax = 50
    /// Most items of one bulk request.
    static let itemsMax = 1_000
    /// Longest body of a bulk request in bytes.
    static let bulkBytesMax = 8 << 20

    // MARK: GET /resources/{id}/virtual-tags

    static let listQuery = [QueryParameter("at")]

    static let list: Route.Handler = { call in
        let id = ResourceID(try call.id("resource"))
        if call.query["at"] != nil { return try await HistoryEndpoints.tags(of: id, call) }
        guard let record = try await call.record(of: id) else {
            throw Problem.notFound("There is no resource with this id.")
        }
        return call.entity(tag: EntityTag(index: record.changedIndex)) { $0.tags(of: record) }
    }

    // MARK: POST /virtual-tags/apply

    static let apply: Route.Handler = { call in
        let (value, body) = try await call.document()
        var errors = ValidationErrors()
        let reader = ObjectReader(value, at: .root, accepting: ["resource_id", "tags"], into: &errors)
        let name = reader?.requiredText("resource_id", bytes: 1...ResourceReference.bytesMax, into: &errors)
        let tags = reader.flatMap { TagReader.tags(of: $0, into: &errors) }
        guard errors.isEmpty, let name, let tags else { throw Problem(errors) }
        let (id, reply) = try await submit(tags, to: ResourceReference(name), call, try await call.stamp(body: body))
        if let outcome = reply.outcomes.first, let problem = Problem(outcome, noun: "resource") { throw problem }
        // As they were when the request was carried out.
        guard let record = try reply.tags?.record else { throw Problem.insideError }
        let catalog = try await call.catalogHere()
        let forms = Set(tags.map { TagKeyForm.form(of: catalog.ruleSet.normaliser.key($0.key)) })
        var warnings = ValidationErrors()
        catalog.warn(of: tags, at: .root.appending("tags"), into: &warnings)
        return call.entity(201, tag: EntityTag(index: record.changedIndex)) { json in
            json.beginObject()
            json.key("resource_id")
            json.uuid(id.uuid)
            json.key("tags")
            json.beginArray()
            for tag in record.tags where forms.contains(TagKeyForm.form(of: tag.key)) { json.tag(tag, of: id) }
            json.endArray()
            json.key("warnings")
            json.value(warnings.json)
            json.endObject()
        }
    }

    /// Throws 404 when there is no such resource, unless the request came before: then it is answered as it was.
    private static func submit(
        _ tags: [Tag], to reference: ResourceReference, _ call: Call, _ stamp: WriteStamp
    ) async throws -> (ResourceID, ShardReply) {
        // An id of ours goes straight to its shard, which knows whether there is such a resource.
        if UUID128(reference.text) == nil, let id = try await reference.resolve(call) {
            return (id, try await submit(tags, to: id, call, stamp))
        }
        for id in UUID128(reference.text) == nil && stamp.idempotency == nil ? [] : reference.candidates {
            let reply = try await submit(tags, to: id, call, stamp)
            if reply.outcomes.first?.succeeded == true { return (id, reply) }
        }
        throw Problem.notFound("There is no resource \"\(reference.text.shortened)\".")
    }

    private static func submit(
        _ tags: [Tag], to id: ResourceID, _ call: Call, _ stamp: WriteStamp
    ) async throws -> ShardReply {
        try await call.submit(.applyTags([TagApplication(resource: id, tags: tags)]), to: id.slot, stamp.context())
    }

    // MARK: PUT and DELETE /virtual-tags/{id}

    static let put: Route.Handler = { call in
        let id = try call.id("virtual tag")
        let (value, body) = try await call.document()
        var errors = ValidationErrors()
        let reader = ObjectReader(value, at: .root, accepting: ["tag_value"], into: &errors)
        let text = reader?.required("tag_value", into: &errors)
            .flatMap {
                ObjectReader.text($0, at: .root.appending("tag_value"), bytes: 0...TagLimits.valueBytesMax, into: &errors)
            }
        guard errors.isEmpty, let text else { throw Problem(errors) }
        let precondition = try ConditionalRequest.precondition(of: call.request.head)
        let reply = try await call.submit(
            .setTag(id, value: text, precondition), to: id.slot, try await call.stamp(body: body).context())
        if let outcome = reply.outcomes.first, let problem = Problem(outcome, noun: "virtual tag") { throw problem }
        guard let record = try reply.tags?.record,
            let tag = record.tags.first(where: { PartID.virtualTag(of: record.resource.id, key: $0.key) == id })
        else { throw Problem.notFound("There is no virtual tag with this id any more.") }
        let objection = try await call.catalogHere().objection(to: Tag(tag.key, text))
        var warnings = ValidationErrors()
        if let objection { warnings.add(objection, at: .root.appending("tag_value")) }
        return call.entity(tag: EntityTag(index: record.changedIndex)) {
            $0.tag(tag, of: record.resource.id, warnings: warnings)
        }
    }

    static let delete: Route.Handler = { call in
        let id = try call.id("virtual tag")
        let precondition = try ConditionalRequest.precondition(of: call.request.head)
        let reply = try await call.submit(
            .deleteTag(id, precondition), to: id.slot, try await call.stamp(body: nil).context())
        if let outcome = reply.outcomes.first, let problem = Problem(outcome, noun: "virtual tag") { throw problem }
        return call.empty(204)
    }
}

extension Catalog {
    /// Notes what the schema does not permit of tags that somebody sets. They are set all the same: the schema may be behind
    /// what people know, and compliance shows the violation.
    func warn(of tags: [Tag], at place: JSONPointer, into warnings: inout ValidationErrors) {
        for tag in tags where warnings.problems.count < ValidationErrors.problemsMax {
            if let objection = objection(to: tag) { warnings.add(objection, at: place) }
        }
    }
}

/// Reads `"tags": [{"key", "value"}]`; of a key that is given twice the last one counts.
enum TagReader {
    static func tags(of reader: ObjectReader, into errors: inout ValidationErrors) -> [Tag]? {
        guard let elements = reader.required("tags", into: &errors) else { return nil }
        let place = reader.place(of: "tags")
        guard let elements = elements.array, (1...VirtualTagEndpoints.tagsMax).contains(elements.count) else {
            errors.add("expected an array of 1 to \(VirtualTagEndpoints.tagsMax) tags", at: place)
            return nil
        }
        var tags: [Tag] = []
        for (position, element) in elements.enumerated() {
            let here = place.appending(position)
            guard let reader = ObjectReader(element, at: here, accepting: ["key", "value"], into: &errors),
                let key = reader.requiredText("key", bytes: 1...TagLimits.keyBytesMax, into: &errors),
                let value = reader.requiredText("value", bytes: 0...TagLimits.valueBytesMax, into: &errors)
            else { continue }
            if let problem = TagLimits.problem(key: key, value: value) { errors.add(problem, at: here) }
            tags.append(Tag(key, value))
        }
        return TagList(tags).tags
    }
}
