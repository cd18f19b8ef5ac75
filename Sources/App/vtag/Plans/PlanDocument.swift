import JSON

/// The body of `POST /plans`: what makes the server's definitions say what the files say.
struct PlanDocument: Sendable {
    enum Action: String, Sendable { case create, update, delete }

    struct Change: Sendable {
        let kind: DefinitionKind
        let action: Action
        let name: String
        /// As the server has it; nil for what is new.
        let existing: JSONValue?
        /// As a file has it; nil for what goes.
        let definition: Definition?

        fileprivate var json: JSONValue {
            var members: [JSONValue.Member] = [
                .init("kind", .string(kind.planWord)), .init("action", .string(action.rawValue)),
            ]
            if let existing {
                if let id = existing["id"] { members.append(.init("id", id)) }
                // Somebody may have changed it since it was read.
                if let version = existing["version"] { members.append(.init("version", version)) }
            }
            if let definition { members.append(.init("definition", definition.value)) }
            return .object(members)
        }
    }

    /// Which of what the files do not name goes.
    enum Pruning: Sendable {
        case all
        /// What has a name that begins so.
        case prefixes([String])

        fileprivate func takes(_ name: String) -> Bool {
            switch self {
            case .all: true
            case .prefixes(let prefixes): prefixes.contains { name.hasPrefix($0) }
            }
        }

        fileprivate var isNone: Bool { if case .prefixes(let prefixes) = self { prefixes.isEmpty } else { false } }
    }

    private(set) var changes: [Change] = []
    /// What the files say and the server, too.
    private(set) var unchanged: [(kind: DefinitionKind, name: String)] = []

    /// Compares with what the server has of these kinds.
    init(
        _ folder: DefinitionFolder, _ kinds: [DefinitionKind] = DefinitionKind.planned, pruning: Pruning, _ client: Client
    ) async throws {
        for kind in kinds {
            let definitions = folder.definitions(of: kind)
            guard !pruning.isNone || !definitions.isEmpty else { continue }
            var existing: [String: JSONValue] = [:]
            for item in try await client.all(kind.collection) {
                if let name = item[kind.key]?.string { existing[name] = item }
            }
            for definition in definitions {
                guard let name = definition.value[kind.key]?.string else { continue }
                let item = existing.removeValue(forKey: name)
                if let item, Application.says(item, definition.value, members: kind.members) {
                    unchanged.append((kind, name))
                } else {
                    let action = item == nil ? Action.create : .update
                    changes.append(
                        Change(kind: kind, action: action, name: name, existing: item, definition: definition))
                }
            }
            for (name, item) in existing.sorted(by: { $0.key < $1.key }) where pruning.takes(name) {
                changes.append(Change(kind: kind, action: .delete, name: name, existing: item, definition: nil))
            }
        }
    }

    var isEmpty: Bool { changes.isEmpty }

    /// Makes the plan. A refusal names the lines of the files that it is about.
    func send(description: String = "", figures: Bool, _ client: Client) async throws -> JSONValue {
        let body = JSONValue.object([
            .init("description", .string(description)), .init("figures", .bool(figures)),
            .init("changes", .array(changes.map(\.json))),
        ])
        let answer = try await client.exchange(
            Request(
                method: "POST", target: Target("plans").text, headers: [("content-type", "application/json")],
                body: .bytes(body.serialised)))
        guard answer.status == 201 else { throw Problem(answer).failure(locating: place) }
        return try answer.json()
    }

    /// Makes all changes at once, or none of them.
    ///
    /// - Parameter isRehearsal: changes nothing, and only tells what would become of each.
    func carryOut(description: String, isRehearsal: Bool = false, _ client: Client) async throws -> Done {
        var done = Done()
        for change in changes { done[change.kind, change.name] = change.action == .create ? .created : .updated }
        guard !isRehearsal, !isEmpty else { return done }
        let plan = try await send(description: description, figures: false, client)
        TagsCommand.report(plan)
        // What is spelt otherwise may mean the same to the server.
        let real = Set((plan["changes"]?.array ?? []).map { [$0.cell("kind"), $0.cell("name")] })
        for change in changes where !real.contains([change.kind.planWord, change.name]) {
            done[change.kind, change.name] = .unchanged
        }
        done.execution = try await Plans.apply(plan.cell("id"), client)["execution_id"]?.string
        return done
    }

    /// What became of the files' definitions.
    struct Done: Sendable {
        private var outcomes: [[String]: Application.Outcome] = [:]
        /// Applies them to the resources, in the background.
        fileprivate(set) var execution: String?

        fileprivate(set) subscript(kind: DefinitionKind, name: String) -> Application.Outcome {
            get { outcomes[[kind.planWord, name]] ?? .unchanged }
            set { outcomes[[kind.planWord, name]] = newValue }
        }
    }

    /// `FILE:LINE: what` for a pointer into the body.
    func place(_ pointer: String) -> String? {
        let parts = pointer.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: true)
        guard parts.count >= 2, parts[0] == "changes", let position = Int(parts[1]), changes.indices.contains(position)
        else { return nil }
        let change = changes[position]
        let rest = parts.count < 3 ? "" : String(parts[2])
        guard let definition = change.definition else { return "\(change.kind.noun) \(Terminal.clean(change.name))" }
        let prefix = "definition"
        guard rest.hasPrefix(prefix) else { return definition.place("") }
        return definition.place(String(rest.dropFirst(prefix.count)))
    }
}

/// Plans on the server.
enum Plans {
    /// Applies one. Throws with what has changed since, where it is stale.
    static func apply(_ id: String, _ client: Client) async throws -> JSONValue {
        let answer = try await client.exchange(Request(method: "POST", target: Target("plans", id, "apply").text))
        guard answer.status == 200 else {
            let drifts = (try? answer.json())?["changed_since"]?.array ?? []
            let lines = drifts.map { drift in
                let versions = [drift.cell("from_version"), drift.cell("to_version")].map { $0.isEmpty ? "none" : $0 }
                return "\n  \(drift.cell("kind")) \(Terminal.clean(drift.cell("name"))): \(drift.cell("change")), "
                    + "version \(versions[0]) → \(versions[1])"
            }
            let failure = Problem(answer).failure
            throw Failure(failure.status, failure.message + lines.joined())
        }
        return try answer.json()
    }
}
