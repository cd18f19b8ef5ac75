/// Somebody's order that parts of the audit history stay, however old they are.
package struct LegalHold: Hashable, Sendable {
    /// Most holds at a time.
    package static let countMax = 200
    /// Most values of one part of a scope.
    package static let valuesMax = 500
    /// Longest name, value and reason, in bytes.
    package static let nameBytesMax = 256
    package static let reasonBytesMax = 2_000

    package let id: UUID128
    /// No two holds share it.
    package let name: String
    package let reason: String
    package let scope: Scope
    package var placedBy: String
    package var placedAt: Timestamp

    /// Which entries it names: those to which every part applies that is given; a part applies if one of its values does.
    package struct Scope: Hashable, Sendable {
        package var resources: [ResourceID] = []
        /// Accounts that the resources belong to. What is about a resource that is gone is held, too: nobody knows any more
        /// which account it was of.
        package var accounts: [String] = []
        package var actors: [String] = []
        /// Keys of tags, names of rules, definitions and policies; case and separators do not count, as for tags.
        package var tagKeys: [String] = []
        /// The earliest time, included.
        package var from: Timestamp?
        /// The latest time, not included.
        package var to: Timestamp?

        package init() {}

        package var isEmpty: Bool {
            resources.isEmpty && accounts.isEmpty && actors.isEmpty && tagKeys.isEmpty && from == nil && to == nil
        }
    }

    package init(id: UUID128, name: String, reason: String, scope: Scope, placedBy: String, placedAt: Timestamp) {
        self.id = id
        self.name = name
        self.reason = reason
        self.scope = scope
        self.placedBy = placedBy
        self.placedAt = placedAt
    }
}

/// All holds that are in force, made ready to be asked of many entries.
package struct LegalHolds: Sendable {
    private struct Form: Sendable {
        let resources: Set<ResourceID>
        let accounts: Set<String>
        let actors: Set<String>
        let tagKeys: Set<String>
        let from: Timestamp?
        let to: Timestamp?
    }

    private let forms: [Form]

    package init(_ holds: some Sequence<LegalHold>) {
        forms = holds.map { hold in
            Form(
                resources: Set(hold.scope.resources), accounts: Set(hold.scope.accounts),
                actors: Set(hold.scope.actors), tagKeys: Set(hold.scope.tagKeys.map(Self.form(of:))),
                from: hold.scope.from, to: hold.scope.to)
        }
    }

    package var isEmpty: Bool { forms.isEmpty }

    /// `Cost-Center`, `cost_center` and `costcenter` are one key. A key of separators alone is its own form.
    private static func form(of key: String) -> String {
        let kept = key.unicodeScalars.filter { !"-_ .:/\t\n\r".unicodeScalars.contains($0) }
        return kept.isEmpty ? key : String(String.UnicodeScalarView(kept)).lowercased()
    }

    /// Whether some hold names the entry.
    ///
    /// - Parameter account: of a resource, as far as it is known; asked where the answer hangs on it alone.
    package func names(
        resource: ResourceID?, actor: String, tagKey: String, at: Timestamp, account: (ResourceID) throws -> String?
    ) rethrows -> Bool {
        for form in forms {
            guard form.from.map({ $0 <= at }) ?? true, form.to.map({ at < $0 }) ?? true,
                form.actors.isEmpty || form.actors.contains(actor),
                form.tagKeys.isEmpty || form.tagKeys.contains(Self.form(of: tagKey)),
                form.resources.isEmpty || resource.map(form.resources.contains) ?? false
            else { continue }
            guard !form.accounts.isEmpty else { return true }
            guard let resource else { continue }
            guard let known = try account(resource), !form.accounts.contains(known) else { return true }
        }
        return false
    }
}
