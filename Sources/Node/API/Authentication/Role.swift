package import Conditions

/// What a caller may do. Each role may do all that those before it may.
package enum Role: String, CaseIterable, Comparable, Sendable {
    /// Reads everything.
    case viewer
    /// Sets and removes virtual tags, and tries rules out.
    case tagger
    /// Changes rules, schema and policies, and brings inventory in.
    case governor
    /// Everything, deleting resources included.
    case admin

    package var rank: Int {
        switch self {
        case .viewer: 0
        case .tagger: 1
        case .governor: 2
        case .admin: 3
        }
    }

    package static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }
}

/// Who is asking, as a verified token says it.
package struct Principal: Equatable, Sendable {
    /// The token's `sub`: the actor of audit entries.
    package let subject: String
    package let role: Role
    /// From this moment on the token counts no more (`exp`, leeway included).
    package let expiresAt: Int64
    /// Before this moment it does not count yet (`nbf`, leeway included).
    package let notBefore: Int64
    /// The resources that exist for the token (`vtag_scope`); nil: all.
    package let scope: ResourceScope?

    package init(
        subject: String, role: Role, expiresAt: Int64, notBefore: Int64 = .min, scope: ResourceScope? = nil
    ) {
        self.subject = subject
        self.role = role
        self.expiresAt = expiresAt
        self.notBefore = notBefore
        self.scope = scope
    }

    /// - Parameter now: milliseconds since 1970.
    func isValid(at now: Int64) -> Bool { now < expiresAt && now >= notBefore }
}
