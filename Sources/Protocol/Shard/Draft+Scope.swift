import Conditions
import Model

/// What a caller is limited to, asked of the newest state: it is decided where the write is decided, so nothing that happens
/// meanwhile slips through.
struct ScopeGuard {
    private let scope: ResourceScope
    private let context: EvaluationContext

    init?(_ scope: ResourceScope?) {
        guard let scope else { return nil }
        self.scope = scope
        context = EvaluationContext()
    }

    func admits(_ record: ResourceRecord?) -> Bool { scope.admits(record, in: context) }
}

extension Shard.Draft {
    /// Carries out an item that may make its resource. What lies outside the caller's scope before the item or after it is
    /// refused, in the same words whether it is there or not.
    mutating func admitting(
        _ observation: Observation,
        _ carryOut: (inout Self) throws(CodecError) -> Outcome
    ) throws(CodecError) -> Outcome {
        guard let caller else { return try carryOut(&self) }
        let isDeletion = observation.kind == .deleted
        let before = try current(observation.id)
        if before != nil, !caller.admits(before) {
            // A deletion of what is not there changes nothing, and says so.
            return isDeletion ? .unchanged : .notPermitted
        }
        let outcome = try staying(observation.id, caller, carryOut)
        // As of a resource outside, nothing is told of one that is not there.
        if before == nil, case .preconditionFailed = outcome { return .notPermitted }
        return outcome
    }

    /// Carries out an item on a resource that is there; outside the caller's scope it is not.
    mutating func finding(
        _ id: ResourceID?, _ carryOut: (inout Self) throws(CodecError) -> Outcome
    ) throws(CodecError) -> Outcome {
        guard let caller else { return try carryOut(&self) }
        let before: ResourceRecord? = if let id { try current(id) } else { nil }
        guard caller.admits(before), let id else { return .notFound }
        return try staying(id, caller, carryOut)
    }

    /// The resource that carries the tag; for callers with a scope only, others need not know.
    func ownerForScope(ofTag id: UUID128) throws(CodecError) -> ResourceID? {
        caller == nil ? nil : try currentTag(id)?.0.resource.id
    }

    /// Takes the item back if it leaves its resource outside: nobody moves a resource out of their own sight.
    private mutating func staying(
        _ id: ResourceID, _ caller: ScopeGuard, _ carryOut: (inout Self) throws(CodecError) -> Outcome
    ) throws(CodecError) -> Outcome {
        let before = mark(id)
        let outcome = try carryOut(&self)
        // What is gone after a deletion is nowhere; after that of a tag the resource is there.
        guard outcome == .created || outcome == .updated || outcome == .deleted, let after = try current(id),
            !caller.admits(after)
        else { return outcome }
        restore(before)
        return .notPermitted
    }
}
