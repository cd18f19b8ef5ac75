import Conditions
import HTTPTransport
import JSON
import Model
import NodeRuntime
import Shard

/// Legal holds: parts of the audit history that no clean-up removes.
enum HoldEndpoints {
    // MARK: GET /audit/holds

    static let list: Route.Handler = { call in
        let limit = try call.limit()
        let after = try call.cursorPosition().map(ResourceEndpoints.cursorID)
        let holds = try await call.api.node.governance(call.consistency).retention.holds.values
            .filter { hold in after.map { $0.uuid < hold.id } ?? true }.sorted { $0.id < $1.id }
        let page = holds.prefix(limit)
        let next =
            holds.count > limit
            ? page.last.map { call.cursor(at: ResourceEndpoints.position(ResourceID($0.id))) } : nil
        return call.json { $0.page(page, next: next) { $0.hold($1) } }
    }

    // MARK: GET /audit/holds/{id}

    static let get: Route.Handler = { call in
        let id = try call.id("hold")
        guard let hold = try await call.api.node.governance(call.consistency).retention.holds[id] else {
            throw Problem.notFound("There is no hold with this id.")
        }
        return call.entity(tag: tag) { $0.hold(hold) }
    }

    /// A hold is placed and released, never changed.
    private static let tag = EntityTag(index: 1)

    // MARK: POST /audit/holds

    /// Answers once no clean-up can remove any more what the hold names.
    static let place: Route.Handler = { call in
        let (value, body) = try await call.document()
        let hold = try await hold(value, call)
        let node = call.api.node
        let reply = try await node.submit(.retention(.place(hold)), by: try await call.stamp(body: body).context())
        if let outcome = reply.outcomes.first, let problem = Problem(outcome, noun: "hold") { throw problem }
        do { try await node.fenceCleaning(at: reply.index) } catch { throw Problem.notFenced("hold") }
        guard let placed = try await node.governance().retention.holds[reply.subject ?? hold.id] else {
            throw Problem.conflict("The hold was released after it was placed.")
        }
        let location = Problem.Header(name: "location", value: "/audit/holds/\(placed.id)")
        return call.entity(201, tag: tag, headers: [location]) { $0.hold(placed) }
    }

    private static func hold(_ value: JSONValue, _ call: Call) async throws -> LegalHold {
        var errors = ValidationErrors()
        guard
            let reader = ObjectReader(
                value, at: .root, accepting: ["hold_name", "reason", "scope"], ignoring: ["id", "placed_by", "placed_at"],
                into: &errors)
        else { throw Problem(errors) }
        let name = reader.name("hold_name", into: &errors)
        let reason = reader.requiredText("reason", bytes: 1...LegalHold.reasonBytesMax, into: &errors)
        if reason?.unicodeScalars.allSatisfy(\.properties.isWhitespace) == true {
            errors.add("the reason is blank", at: reader.place(of: "reason"))
        }
        let form = reader.required("scope", into: &errors).flatMap {
            ScopeForm($0, at: reader.place(of: "scope"), into: &errors)
        }
        guard errors.isEmpty, let name, let reason, let form else { throw Problem(errors) }
        return LegalHold(
            id: .random(), name: name, reason: reason, scope: try await form.scope(call), placedBy: call.principal.subject,
            placedAt: call.api.clock.now)
    }

    // MARK: DELETE /audit/holds/{id}

    static let release: Route.Handler = { call in
        let id = try call.id("hold")
        switch try ConditionalRequest.precondition(of: call.request.head) {
        case .none, .exists, .unchangedSince(tag.index): break
        case .absent, .unchangedSince: throw Problem.stale
        }
        let reply = try await call.api.node.submit(
            .retention(.release(id)), by: try await call.stamp(body: nil).context())
        if let outcome = reply.outcomes.first, let problem = Problem(outcome, noun: "hold") { throw problem }
        return call.empty(204)
    }
}

/// A hold's scope as it is written; resources may be named by the provider's ids.
private struct ScopeForm {
    private var scope = LegalHold.Scope()
    private let resources: [String]

    init?(_ value: JSONValue, at place: JSONPointer, into errors: inout ValidationErrors) {
        let known = errors.problems.count
        guard
            let reader = ObjectReader(
                value, at: place, accepting: ["resources", "accounts", "actors", "tag_keys", "from", "to"], into: &errors)
        else { return nil }
        func texts(_ name: String, _ bytesMax: Int, _ errors: inout ValidationErrors) -> [String] {
            reader.texts(name, count: 1...LegalHold.valuesMax, bytes: 1...bytesMax, into: &errors) ?? []
        }
        resources = texts("resources", ResourceReference.bytesMax, &errors)
        scope.accounts = texts("accounts", LegalHold.nameBytesMax, &errors)
        scope.actors = texts("actors", LegalHold.nameBytesMax, &errors)
        scope.tagKeys = texts("tag_keys", LegalHold.nameBytesMax * 2, &errors)
        scope.from = Self.time("from", reader, &errors)
        scope.to = Self.time("to", reader, &errors)
        if let from = scope.from, let to = scope.to, to <= from {
            errors.add("the end is not after the beginning", at: reader.place(of: "to"))
        }
        if errors.problems.count == known, resources.isEmpty, scope.isEmpty {
            errors.add("name what is held; for everything, give a \"from\" of 1970-01-01", at: place)
        }
        if errors.problems.count > known { return nil }
    }

    private static func time(_ name: String, _ reader: ObjectReader, _ errors: inout ValidationErrors) -> Timestamp? {
        guard let text = reader.text(name, bytes: 1...64, into: &errors) else { return nil }
        guard let time = Timestamp(text) else {
            errors.add("\"\(text.shortened)\" is no date or time as in RFC 3339", at: reader.place(of: name))
            return nil
        }
        return max(Timestamp.textRange.lowerBound, min(time, Timestamp.textRange.upperBound))
    }

    /// A name that no resource bears stands for all that it may have been the name of.
    func scope(_ call: Call) async throws -> LegalHold.Scope {
        var scope = scope
        var ids: Set<ResourceID> = []
        for name in resources {
            let reference = ResourceReference(name)
            if let id = UUID128(name) {
                ids.insert(ResourceID(id))
            } else if let id = try await reference.resolve(call) {
                ids.insert(id)
            } else {
                ids.formUnion(reference.candidates)
            }
        }
        scope.resources = ids.sorted()
        return scope
    }
}

extension JSONWriter {
    fileprivate mutating func hold(_ hold: LegalHold) {
        beginObject()
        key("id")
        uuid(hold.id)
        member("hold_name", hold.name)
        member("reason", hold.reason)
        key("scope")
        beginObject()
        if !hold.scope.resources.isEmpty { texts("resources", hold.scope.resources.map(\.description)) }
        if !hold.scope.accounts.isEmpty { texts("accounts", hold.scope.accounts) }
        if !hold.scope.actors.isEmpty { texts("actors", hold.scope.actors) }
        if !hold.scope.tagKeys.isEmpty { texts("tag_keys", hold.scope.tagKeys) }
        if let from = hold.scope.from { optional("from", from) }
        if let to = hold.scope.to { optional("to", to) }
        endObject()
        member("placed_by", hold.placedBy)
        key("placed_at")
        time(hold.placedAt)
        endObject()
    }

    private mutating func texts(_ name: StaticString, _ values: [String]) {
        key(name)
        beginArray()
        for value in values { string(value) }
        endArray()
    }
}
