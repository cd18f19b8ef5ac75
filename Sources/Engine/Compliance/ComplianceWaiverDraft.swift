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
    /// Names or ids, as they were written.
    package var policies: [String]
    package var expiresAt: Timestamp

    private static let fields = ["waiver_name", "reason", "scope", "policies", "expires_at"]
    private static let readOnly = ["id", "version", "warnings", "approver", "created_at", "updated_at"]

    /// Reads the fields above; without `scope` the waiver is for all resources. Throws all that is wrong.
    package init(json: JSONValue) throws(ValidationErrors) {
        var errors = ValidationErrors()
        guard
            let reader = ObjectReader(json, at: .root, accepting: Self.fields, ignoring: Self.readOnly, into: &errors)
        else { throw errors }
        let name = reader.name("waiver_name", into: &errors)
        let reason = reader.requiredText("reason", bytes: 1...Self.reasonBytesMax, into: &errors)
        scope = reader.value("scope").flatMap { Condition(json: $0, at: reader.place(of: "scope"), into: &errors) }
        policies = Self.policies(reader, into: &errors)
        let expiresAt = Self.expiry(reader, into: &errors)
        guard let name, let reason, let expiresAt, errors.isEmpty else { throw errors }
        if reason.unicodeScalars.allSatisfy(\.properties.isWhitespace) {
            throw ValidationErrors("the reason is blank", at: reader.place(of: "reason"))
        }
        self.name = name
        self.reason = reason
        self.expiresAt = expiresAt
    }

    private static func policies(_ reader: ObjectReader, into errors: inout ValidationErrors) -> [String] {
        guard reader.required("policies", into: &errors) != nil,
            let written = reader.texts(
                "policies", count: 1...policiesMax, bytes: 1...(ObjectReader.nameCharactersMax * 16), into: &errors)
        else { return [] }
        for (position, name) in written.enumerated() {
            let place = reader.place(of: "policies").appending(position)
            if written[..<position].contains(name) { errors.add("the policy is given twice", at: place) }
            if name.unicodeScalars.count > ObjectReader.nameCharactersMax {
                errors.add("the name is longer than \(ObjectReader.nameCharactersMax) characters", at: place)
            }
        }
        return written
    }

    private static func expiry(_ reader: ObjectReader, into errors: inout ValidationErrors) -> Timestamp? {
        guard let text = reader.requiredText("expires_at", bytes: 1...64, into: &errors) else { return nil }
        guard let time = Timestamp(text) else {
            errors.add("\"\(text.shortened)\" is no date or time as in RFC 3339", at: reader.place(of: "expires_at"))
            return nil
        }
        return max(Timestamp.textRange.lowerBound, min(time, Timestamp.textRange.upperBound))
    }

    /// The ids of the policies, or what is wrong with which of them.
    ///
    /// - Parameters:
    ///   - known: the policies there are, that of the schema among them.
    ///   - former: the policies of the waiver that this one takes the place of: they may be gone.
    package func policyIDs(among known: [CompliancePolicy], or former: [UUID128] = []) throws(ValidationErrors) -> [UUID128]
    {
        let byName = Dictionary(known.map { ($0.name, $0.id) }, uniquingKeysWith: { first, _ in first })
        let ids = Set(known.map(\.id)).union(former)
        var errors = ValidationErrors()
        var found: [UUID128] = []
        for (position, name) in policies.enumerated() {
            let place = JSONPointer.root.appending("policies").appending(position)
            guard let id = byName[name] ?? UUID128(name).flatMap({ ids.contains($0) ? $0 : nil }) else {
                errors.add(
                    "there is no policy \"\(name.shortened)\"\(Suggestion.clause(for: name, among: known.map(\.name)))",
                    at: place)
                continue
            }
            if found.contains(id) { errors.add("the policy is given twice", at: place) }
            found.append(id)
        }
        guard errors.isEmpty else { throw errors }
        return found
    }
}

extension ComplianceWaiver {
    /// What is odd about the waiver, as pointers into its document.
    package var warnings: ValidationErrors {
        guard isExpired else { return ValidationErrors() }
        return ValidationErrors("the waiver has expired: it allows nothing", at: .root.appending("expires_at"))
    }

    /// A stored waiver as the API shows it.
    package var json: JSONValue {
        .object([
            .init("id", .string(id.description)),
            .init("waiver_name", .string(name)),
            .init("reason", .string(reason)),
            .init("scope", scope?.json ?? .null),
            .init("policies", .array(policies.map { .string($0.description) })),
            .init("expires_at", .string(expiresAt.description)),
            .init("warnings", warnings.json),
            .init("approver", .string(approver)),
            .init("version", .int(Int(version))),
            .init("created_at", .string(createdAt.description)),
            .init("updated_at", .string(updatedAt.description)),
        ])
    }
}
