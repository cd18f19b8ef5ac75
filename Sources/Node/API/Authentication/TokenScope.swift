import Conditions
import JSON
import Model

/// What a token is limited to: its claim `vtag_scope`, `{"accounts":[…],"providers":[…],"condition":CONDITION}`, all of which
/// must hold for a resource. A name of its own, as `scope` is OAuth's (RFC 8693 section 4.2).
///
/// Whatever cannot be read as a limit makes the token worthless, not free.
struct TokenScope {
    static let claim = "vtag_scope"
    /// Most accounts that a token names.
    static let accountsMax = 500
    /// Highest cost of a scope's regular expressions (`PatternCost`): thousands of tokens are remembered.
    static let patternCostMax = 1_000

    let condition: Condition

    var compiled: ResourceScope { ResourceScope(condition) }

    /// Nil where the token has no limit. Throws `TokenError` with the reason.
    init?(claims: JSONValue) throws(TokenError) {
        if case .object? = claims["scope"] {
            throw .refused("the token's \"scope\" is an object; limits to resources are called \"\(Self.claim)\"")
        }
        guard let value = claims[Self.claim] else { return nil }
        do throws(ValidationErrors) { try self.init(json: value) } catch {
            let first = error.problems.first
            let place = first.map { "\($0.pointer)" } ?? ""
            throw .refused("the token's \"\(Self.claim)\"\(place): \(first?.message ?? "cannot be read")")
        }
    }

    /// Throws all that is wrong.
    init(json: JSONValue) throws(ValidationErrors) {
        var errors = ValidationErrors()
        guard
            let reader = ObjectReader(json, at: .root, accepting: ["accounts", "providers", "condition"], into: &errors)
        else { throw errors }
        for name in ["accounts", "providers", "condition"] where json[name]?.isNull == true {
            errors.add("is null; leave it out, or give values", at: reader.place(of: name))
        }
        var parts: [Condition] = []
        if json["accounts"] != nil {
            let accounts = reader.texts("accounts", count: 1...Self.accountsMax, bytes: 1...256, into: &errors)
            parts.append(.test(FieldTest(.accountID, .isIn, .list(accounts ?? []))))
        }
        if json["providers"] != nil {
            let names = reader.texts("providers", count: 1...Provider.allCases.count, bytes: 1...64, into: &errors) ?? []
            for (position, name) in names.enumerated() where Provider(rawValue: name) == nil {
                errors.add(
                    "\"\(name)\" is no provider\(Suggestion.clause(for: name, among: Provider.allCases.map(\.rawValue)))",
                    at: reader.place(of: "providers").appending(position))
            }
            parts.append(.test(FieldTest(.provider, .isIn, .list(names))))
        }
        if let value = json["condition"], !value.isNull {
            if let condition = Condition(json: value, at: reader.place(of: "condition"), into: &errors) {
                if condition.patternCost > Self.patternCostMax {
                    errors.add(
                        "the regular expressions cost about \(condition.patternCost); \(Self.patternCostMax) are accepted",
                        at: reader.place(of: "condition"))
                }
                parts.append(condition)
            }
        }
        if parts.isEmpty, errors.isEmpty { errors.add("names no accounts, providers or condition", at: .root) }
        guard errors.isEmpty else { throw errors }
        condition = parts.count == 1 ? parts[0] : .all(parts)
    }
}
