package import Model
import NIOConcurrencyHelpers

/// How far this region is with what it follows: told by the follower's thread, read by everybody. Any thread.
package final class RegionBoard: Sendable {
    /// How the way from the database is. What is told of it is for people.
    package enum Condition: Hashable, Sendable {
        case loading
        case following
        /// It cannot be read, or tells nothing that can be followed; what is here is served, and grows old.
        case stalled(reason: String)

        package var name: String {
            switch self {
            case .loading: "loading"
            case .following: "following"
            case .stalled: "stalled"
            }
        }
    }

    package struct Shard: Hashable, Sendable {
        /// Everything up to this entry of the shard's log is here.
        package let asOfIndex: UInt64
        package let stalenessMilliseconds: Int64
    }

    package struct Counts: Hashable, Sendable {
        package var turns = 0
        package var rows = 0
        package var deletions = 0
        package var connections = 0
        package var errors = 0
    }

    /// The database that is read, without secrets.
    package let database: String
    private let now: @Sendable () -> Timestamp
    private let state: NIOLockedValueBox<State>

    private struct State {
        var incarnation: UUID128
        /// By group; nil: not loaded yet.
        var shards: [(asOfIndex: UInt64, currentAt: Timestamp)?]
        var condition = Condition.loading
        /// Why single shards stay behind.
        var troubles: [Int: String] = [:]
        var counts = Counts()
        var loaded = 0
    }

    init(database: String, incarnation: UUID128, groups: Int, now: @escaping @Sendable () -> Timestamp) {
        self.database = database
        self.now = now
        state = NIOLockedValueBox(State(incarnation: incarnation, shards: Array(repeating: nil, count: groups)))
    }

    // MARK: From the follower's thread

    /// The group has that entry here, and was all that there is at `currentAt`.
    func reached(_ group: Int, _ asOfIndex: UInt64, currentAt: Timestamp) {
        state.withLockedValue { state in
            if state.shards[group] == nil { state.loaded += 1 }
            state.shards[group] = (asOfIndex, currentAt)
            state.troubles[group] = nil
        }
    }

    /// Another cluster writes to the database.
    func replaced(by incarnation: UUID128) { state.withLockedValue { $0.incarnation = incarnation } }

    /// True where that is new.
    func set(_ condition: Condition) -> Bool {
        state.withLockedValue { state in
            defer { state.condition = condition }
            return state.condition != condition
        }
    }

    /// True where that is new.
    func stays(_ group: Int, behind reason: String) -> Bool {
        state.withLockedValue { $0.troubles.updateValue(reason, forKey: group) != reason }
    }

    func count(_ body: (inout Counts) -> Void) { state.withLockedValue { body(&$0.counts) } }

    // MARK: Queries

    /// The cluster that is followed.
    package var incarnation: UUID128 { state.withLockedValue { $0.incarnation } }
    package var condition: Condition { state.withLockedValue { $0.condition } }
    package var counts: Counts { state.withLockedValue { $0.counts } }
    /// Why shards stay behind while others go on, by group.
    package var troubles: [Int: String] { state.withLockedValue { $0.troubles } }

    /// Once it is true it stays so: what is here is served, however old it is.
    package var isLoaded: Bool { state.withLockedValue { $0.loaded == $0.shards.count } }

    package var progress: (loaded: Int, of: Int) { state.withLockedValue { ($0.loaded, $0.shards.count) } }

    /// Nil while it is not loaded.
    package func shard(_ group: Int) -> Shard? {
        let found = state.withLockedValue { $0.shards.indices.contains(group) ? $0.shards[group] : nil }
        return found.map { Shard(asOfIndex: $0.asOfIndex, stalenessMilliseconds: age(of: $0.currentAt)) }
    }

    /// All shards, and how old the one may be that is furthest behind.
    package var asOf: (revision: Revision, stalenessMilliseconds: Int64) {
        let shards = state.withLockedValue { $0.shards }
        var revision = Revision()
        var oldest: Timestamp?
        for (group, shard) in shards.enumerated() {
            guard let shard else { continue }
            revision.note(group, shard.asOfIndex)
            oldest = min(oldest ?? shard.currentAt, shard.currentAt)
        }
        return (revision, oldest.map(age) ?? 0)
    }

    /// Clocks differ a little: what seems to be of the future is new.
    private func age(of moment: Timestamp) -> Int64 { max(0, now().milliseconds - moment.milliseconds) }
}
