import Conditions
import HTTPTransport
import JSON
import Model
import NodeRuntime
import Shard
import TaggingRules

/// Aliases that the inventory proposes: to look at, to accept, to reject. Nothing is applied by itself.
enum ProposalEndpoints {
    static let listQuery =
        QueryParameter.paging + [
            QueryParameter("kind"), QueryParameter("tag_key", charactersMax: TagLimits.keyBytesMax), QueryParameter("state"),
        ]

    private enum State: String, CaseIterable { case open, rejected }

    // MARK: GET /tag-schema/proposals

    static let list: Route.Handler = { call in
        let limit = try call.limit()
        let start = try call.cursorPosition().map(offset) ?? 0
        let kind = try call.query.value("kind", as: AliasProposal.Kind.self)
        let key = call.query["tag_key"]
        let rejections = try await call.api.node.governance(call.consistency).rejections
        func next(_ count: Int) -> String? { count > start + limit ? call.cursor(at: bytes(start + limit)) : nil }
        if try call.query.value("state", as: State.self) == .rejected {
            let found = rejections.values.filter { rejection in
                (key.map { $0 == rejection.tagKey } ?? true)
                    && (kind.map { ($0 == .value) == (rejection.value != nil) } ?? true)
            }.sorted { ($1.at, $0.id) < ($0.at, $1.id) }
            return call.json { json in
                json.page(found.dropFirst(start).prefix(limit), next: next(found.count)) { $0.rejection($1) }
            }
        }
        let finding = try await finding(call)
        let found = finding.proposals.filter { proposal in
            rejections[proposal.id] == nil && (key.map { $0 == proposal.tagKey } ?? true)
                && (kind.map { $0 == proposal.kind } ?? true)
        }
        return call.json { json in
            json.page(found.dropFirst(start).prefix(limit), next: next(found.count)) { $0.proposal($1, at: finding.at) }
        }
    }

    private static func finding(_ call: Call) async throws -> LearnedAliases.Finding {
        try await call.api.learned.finding(
            call.api.node, try await call.catalog(), at: call.api.clock.now, call.consistency)
    }

    private static func proposal(_ id: UUID128, _ call: Call) async throws -> AliasProposal? {
        try await finding(call).proposals.first { $0.id == id }
    }

    private static let notProposed = Problem.notFound(
        "There is no such proposal: it was decided, or the inventory does not propose it any more.")

    // MARK: POST /tag-schema/proposals/{id}/accept

    static let accept: Route.Handler = { call in
        let proposed = try call.id("proposal")
        let catalog = try await call.catalog()
        guard let proposal = try await proposal(proposed, call) else {
            // What comes twice, through this node or another one, is answered as it was.
            guard let definition = catalog.definitions.first(where: { $0.hasAccepted(proposed) }) else {
                throw notProposed
            }
            return call.entity(200, tag: EntityTag(index: definition.version)) { $0.value(definition.json) }
        }
        let (command, id) = try acceptance(of: proposal, in: catalog)
        let context = try await call.stamp(body: nil).context()
        if let command {
            let reply = try await call.api.node.submit(command, by: context)
            if let outcome = reply.outcomes.first, let problem = Problem(outcome, noun: "tag definition") { throw problem }
        }
        guard let definition = try await call.catalog().definition(id) else {
            throw Problem.conflict("The tag definition was deleted after the alias was accepted.")
        }
        return call.entity(200, tag: EntityTag(index: definition.version)) { $0.value(definition.json) }
    }

    /// What makes the proposal part of the schema; nil where it is that already.
    private static func acceptance(
        of proposal: AliasProposal, in catalog: Catalog
    ) throws(Problem) -> (SystemCommand?, UUID128) {
        let old = catalog.definitions.first { $0.tagKey == proposal.tagKey }
        let unset = Timestamp(milliseconds: 0)
        let base = old ?? TagDefinition(id: .random(), tagKey: proposal.tagKey, createdAt: unset, updatedAt: unset)
        let new = base.accepting(proposal)
        if let old, old == new { return (nil, old.id) }
        do throws(ValidationErrors) {
            let draft = try TagDefinitionDraft(json: new.json)
            let clashes = draft.conflicts(with: catalog.definitions, replacing: old?.id)
            guard clashes.isEmpty else { throw clashes }
        } catch {
            throw .conflict("The alias cannot be taken: \(error.problems.first?.message ?? "it clashes with the schema").")
        }
        return (old.map { .update(.definition(new), .unchangedSince($0.version)) } ?? .create(.definition(new)), new.id)
    }

    // MARK: POST /tag-schema/proposals/{id}/reject, …/reconsider

    static let reject: Route.Handler = { call in
        let proposed = try call.id("proposal")
        if let earlier = try await call.api.node.governance().rejections[proposed] {
            return call.json { $0.rejection(earlier) }
        }
        guard let proposal = try await proposal(proposed, call) else { throw notProposed }
        let rejection = AliasRejection(
            id: proposal.id, tagKey: proposal.tagKey, value: proposal.value, alias: proposal.alias, rejectedBy: "",
            at: Timestamp(milliseconds: 0))
        let reply = try await call.api.node.submit(
            .keep(.rejection(rejection)), by: try await call.stamp(body: nil).context())
        if let outcome = reply.outcomes.first, let problem = Problem(outcome, noun: "proposal") { throw problem }
        guard let kept = try await call.api.node.governance().rejections[proposal.id] else {
            throw Problem.conflict("The rejection was taken back after it was made.")
        }
        return call.json { $0.rejection(kept) }
    }

    static let reconsider: Route.Handler = { call in
        let id = try call.id("proposal")
        let reply = try await call.api.node.submit(.forget(id), by: try await call.stamp(body: nil).context())
        if let outcome = reply.outcomes.first, let problem = Problem(outcome, noun: "rejected proposal") { throw problem }
        return call.empty(204)
    }

    // MARK: Cursors

    private static func bytes(_ offset: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt32(clamping: offset).bigEndian) { Array($0) }
    }

    private static func offset(_ bytes: [UInt8]) throws(Problem) -> Int {
        guard bytes.count == 4 else { throw .badCursor }
        return bytes.reduce(0) { $0 << 8 | Int($1) }
    }
}

extension JSONWriter {
    fileprivate mutating func proposal(_ proposal: AliasProposal, at learned: Timestamp) {
        beginObject()
        key("id")
        uuid(proposal.id)
        member("state", "open")
        member("kind", proposal.kind.rawValue)
        member("tag_key", proposal.tagKey)
        optional("tag_value", proposal.value)
        member("alias", proposal.alias)
        key("confidence")
        double((proposal.confidence * 100).rounded() / 100)
        key("evidence")
        beginObject()
        key("reasons")
        beginArray()
        for reason in proposal.reasons {
            beginObject()
            member("reason", reason.name)
            switch reason {
            case .slips(let count): member("distance", count)
            case .sharedValues(let part):
                key("part")
                double(part)
            case .sameForm, .abbreviation, .sameWords: break
            }
            endObject()
        }
        endArray()
        member("alias_resources", proposal.aliasResources)
        member("resources", proposal.resources)
        member("together", proposal.together)
        member("together_different", proposal.togetherDifferent)
        key("shared_values")
        beginArray()
        for value in proposal.shared { string(value) }
        endArray()
        key("samples")
        beginArray()
        for sample in proposal.samples { uuid(sample.uuid) }
        endArray()
        endObject()
        key("learned_at")
        time(learned)
        endObject()
    }

    fileprivate mutating func rejection(_ rejection: AliasRejection) {
        beginObject()
        key("id")
        uuid(rejection.id)
        member("state", "rejected")
        member("kind", (rejection.value == nil ? AliasProposal.Kind.key : .value).rawValue)
        member("tag_key", rejection.tagKey)
        optional("tag_value", rejection.value)
        member("alias", rejection.alias)
        member("rejected_by", rejection.rejectedBy)
        key("rejected_at")
        time(rejection.at)
        endObject()
    }
}
