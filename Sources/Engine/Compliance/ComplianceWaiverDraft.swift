package import Conditions
package import JSON
package import Model

/// A waiver as somebody sends it: checked, not stored yet.
package struct ComplianceWaiverDraft: Hashable, Sendable {
    package static let reasonBytesMax = 4096
    /// Most policies that one waiver names.
    package static let policiesMax = 100

    package var name: String
    package var reason: String
    package var scope: Condition?
    package var policies: [UUID128]
    package var expiresAt: Timestamp

    private static let fields = ["waiver_name", "reason", "scope", "policies", "expires_at"]
    private static let readOnly = ["id", "version", "approver", "created_at", "updated_at"]

    /// Reads the fields above; without `scope` the waiver is for all resources. `policies` are names or ids. Throws all that
    /// is wrong.
    ///
    /// - Parameters:
    ///   - known: the policies there are, that of the schema among them.
    ///   - now: when a waiver must have time left.
    ///   - replaced: the waiver that it takes the place of, whose expiry may be past and whose policies may be gone.
    package init(
        json: JSONValue, known: [CompliancePolicy], now: Timestamp, replacing replaced: ComplianceWaiver? = nil
    ) throws(ValidationErrors) {
        var errors = ValidationErrors()
        guard
            let reader = ObjectReader(json, at: .root, accepting: Self.fields, ignoring: Self.readOnly, into: &errors)
        else { throw errors }
        let name = reader.name("waiver_name", into: &errors)
        let reason = reader.requiredText("reason", bytes: 1...Self.reasonBytesMax, into: &errors)
        scope = reader.value("scope").flatMap { Condition(json: $0, at: reader.place(of: "scope"), into: &errors) }
        policies = Self.policies(reader, known, replaced?.policies ?? [], into: &errors)
        let expiresAt = Self.expiry(reader, now, replaced?.expiresAt, into: &errors)
        guard let name, let reason, let expiresAt, errors.isEmpty else { throw errors }
        if reason.allSatisfy(\.isWhitespace) {
            throw ValidationErrors("the reason is blank", at: reader.place(of: "reason"))
        }
        self.name = name
        self.reason = reason
        self.expiresAt = expiresAt
    }

    private static func policies(
        _ reader: ObjectReader, _ known: [CompliancePolicy], _ former: [UUID128], into errors: inout ValidationErrors
    ) -> [UUID128] {
        guard reader.required("policies", into: &errors) != nil,
            let written = reader.texts("policies", count: 1...policiesMax, bytes: 1...2048, into: &errors)
        else { return [] }
        let byName = Dictionary(known.map { ($0.name, $0.id) }, uniquingKeysWith: { first, _ in first })
        let ids = Set(known.map(\.id)).union(former)
        var found: [UUID128] = []
        for (position, name) in written.enumerated() {
            let place = reader.place(of: "policies").appending(position)
            guard let id = byName[name] ?? UUID128(name).flatMap({ ids.contains($0) ? $0 : nil }) else {
                errors.add(
                    "there is no policy \"\(name.shortened)\"\(Suggestion.clause(for: name, among: known.map(\.name)))",
                    at: place)
                continue
            }
            if found.contains(id) { errors.add("the policy is given twice", at: place) }
            found.append(id)
        }
        return found
    }

    private static func expiry(
        _ reader: ObjectReader, _ now: Timestamp, _ former: Timestamp?, into errors: inout ValidationErrors
    ) -> Timestamp? {
        guard let text = reader.requiredText("expires_at", bytes: 1...64, into: &errors) else { return nil }
        let place = reader.place(of: "expires_at")
        guard let time = Timestamp(text), Timestamp.textRange.contains(time) else {
            errors.add("\"\(text.shortened)\" is no date or time as in RFC 3339", at: place)
            return nil
        }
        if time <= now, time != former {
            errors.add("the waiver has expired already; it is \(now) now", at: place)
            return nil
        }
        return time
    }
}

extension ComplianceWaiver {
    /// A stored waiver as the API shows it.
    package var json: JSONValue {
        .object([
            .init("id", .string(id.description)),
            .init("waiver_name", .string(name)),
            .init("reason", .string(reason)),
            .init("scope", scope?.json ?? .null),
            .init("policies", .array(policies.map { .string($0.description) })),
            .init("expires_at", .string(expiresAt.description)),
            .init("approver", .string(approver)),
            .init("version", .int(Int(version))),
            .init("created_at", .string(createdAt.description)),
            .init("updated_at", .string(updatedAt.description)),
        ])
    }
}
