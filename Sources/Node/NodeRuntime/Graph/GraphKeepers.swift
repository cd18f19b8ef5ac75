import Conditions
import Logging
import NIOConcurrencyHelpers
import NIOCore

/// The graphs of the inventory that this node keeps: one of all resources, and one for each limit of tokens that asks.
///
/// A limited token's graph is made of the rows within its limit alone, as on a node that never heard of the others: nothing outside is
/// seen, counted or walked through, whatever a query does.
final class GraphKeepers: Sendable {
    /// Graphs of limited tokens at the same time.
    static let scopedMax = 8
    /// Nobody's graph is let go of for another's sooner than so long after it was last asked.
    private static let keptTime = TimeAmount.seconds(60)

    private struct Kept {
        let keeper: GraphKeeper
        var lastAsked: NIODeadline
    }

    private struct State {
        var kept: [ResourceScope: Kept] = [:]
        var lastNumber = 0
        var isStopped = false
    }

    private let leaders: LeaderSearch
    private let distant: DistantRows?
    private let logger: Logger
    private let whole: GraphKeeper
    private let state = NIOLockedValueBox(State())

    init(_ leaders: LeaderSearch, _ distant: DistantRows?, logger: Logger) {
        self.leaders = leaders
        self.distant = distant
        self.logger = logger
        whole = GraphKeeper(leaders, distant, of: nil, number: 0, logger: logger)
    }

    /// Throws `GraphRefusal.tooManyScopes` where as many others are in use.
    func keeper(of scope: ResourceScope?) throws -> GraphKeeper {
        guard let scope else { return whole }
        let now = NIODeadline.now()
        let (keeper, dropped) = try state.withLockedValue { state -> (GraphKeeper, GraphKeeper?) in
            if let kept = state.kept[scope] {
                state.kept[scope]?.lastAsked = now
                return (kept.keeper, nil)
            }
            guard !state.isStopped else { throw NodeError.stopping }
            var dropped: GraphKeeper?
            if state.kept.count >= Self.scopedMax {
                guard let oldest = state.kept.min(by: { $0.value.lastAsked < $1.value.lastAsked }),
                    now - oldest.value.lastAsked > Self.keptTime
                else { throw GraphRefusal.tooManyScopes }
                dropped = state.kept.removeValue(forKey: oldest.key)?.keeper
            }
            state.lastNumber += 1
            let keeper = GraphKeeper(leaders, distant, of: scope, number: state.lastNumber, logger: logger)
            state.kept[scope] = Kept(keeper: keeper, lastAsked: now)
            return (keeper, dropped)
        }
        if let dropped { Task { await dropped.stop() } }
        return keeper
    }

    func stop() async {
        let kept = state.withLockedValue { state in
            state.isStopped = true
            defer { state.kept = [:] }
            return state.kept.values.map(\.keeper)
        }
        for keeper in kept + [whole] { await keeper.stop() }
    }
}

/// Why there is no graph to ask at the moment.
package enum GraphRefusal: Error, Hashable, Sendable {
    /// It is in the making, and was not ready in time; how much of it is there.
    case inTheMaking(percent: Int)
    /// Tokens with as many different limits as graphs are kept for are asking.
    case tooManyScopes
}
