package import Model
package import Placement

/// What the system shard can be asked to change.
package enum SystemCommand: Sendable {
    /// Versions and times are set when it is taken. A name that is in use is a conflict.
    case create(CatalogItem)
    /// Replaces the item of the same kind and id.
    case update(CatalogItem, Precondition)
    case delete(CatalogItem.Kind, UUID128, Precondition)
    /// Judges all rows again under the catalogue as it is.
    case reapply
    /// Starts and ends the rules, and ends the waivers, whose time has come: once for each, whoever asks, and never back,
    /// whatever the clock says. Of very many, some: to be asked again while `SystemState.nextBoundary` has passed.
    case passTime
    /// Keeps a day of the score in the place of the same day's earlier one, or a rejection.
    case keep(GovernanceItem)
    /// Forgets a rejection.
    case forget(UUID128)
    /// Keeps a plan, whose author and times are set when it is taken; the oldest go where there is no room. Taken twice it is kept once.
    case keepPlan(CatalogPlan)
    case dropPlan(UUID128)
    /// Makes all of the plan's changes, or none where the catalogue is another one by now. Taken twice it is done once.
    case applyPlan(UUID128)
    /// Founds the cluster, or changes its replication factor.
    case configure(ClusterSettings)
    /// A new member, active from now on; or what a known one says of itself now: its state stays, its name may not change.
    /// A name that a member which is present has already is a conflict.
    case putMember(Member)
    /// A node came back under its name with an empty disk: the member with the replica id `old` is dead, the new one active.
    case replaceMember(old: UInt64, Member)
    case setMemberState(UInt64, Member.State)
    /// Forgets a member that is not active and that no placement names.
    case removeMember(UInt64)
    /// One outcome per placement; each must say the revision after the one that it replaces, and name members that are no
    /// edge nodes.
    case place([ShardPlacement])
    /// For how long the audit history is kept, what of it is held, and its clean-ups.
    case retention(RetentionCommand)
    /// Takes effect where there is none yet.
    case setCursorKey(CursorKey)
    /// Another cluster took over. Takes effect where none had yet.
    case supersede(Succession)
}

extension SystemCommand {
    /// It does no harm to carry it out twice, and the second answer says that it was done.
    package var isRepeatable: Bool {
        switch self {
        case .keepPlan, .applyPlan, .supersede: true
        case .create, .update, .delete, .reapply, .passTime, .keep, .forget, .dropPlan, .configure, .putMember,
            .replaceMember, .setMemberState, .removeMember, .place, .setCursorKey, .retention:
            false
        }
    }
    /// It changes what rows are judged by, or what is kept of them: nothing that a cluster does any more that was superseded. It
    /// still minds its members.
    package var isForWhoeverIsInCharge: Bool {
        switch self {
        case .create, .update, .delete, .reapply, .passTime, .keep, .forget, .keepPlan, .dropPlan, .applyPlan, .retention:
            true
        case .configure, .putMember, .replaceMember, .setMemberState, .removeMember, .place, .setCursorKey, .supersede: false
        }
    }
}
