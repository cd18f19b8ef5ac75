import Dispatch
import NIOConcurrencyHelpers
import NIOCore
import PostgresSink
import Sink

/// Where the event loops tell the sink's thread how far the shards are that they lead, and where everybody reads how far the database
/// is. Any thread; telling costs a lock that nobody holds for long.
final class SinkBoard: Sendable {
    /// A shard that is led here.
    struct Office: Hashable, Sendable {
        var term: UInt64
        var appliedIndex: UInt64
        var auditSequence: UInt64
    }

    /// How the way to the database is.
    enum Link: Hashable, Sendable {
        case connecting, up
        case down(SinkTrouble)
    }

    struct Counts: Hashable, Sendable {
        var batches = 0
        var rows = 0
        var connections = 0
        var errors: [SinkTrouble: Int] = [:]
        /// Batches that another leader's fence refused.
        var conflicts = 0
    }

    private struct Led {
        var office: Office
        /// Nil until it is known.
        var progress: SinkProgress?
        var stop: SinkStop?
        /// Since when the database lacks something; what it lacks may be younger.
        var behindSince: NIODeadline?

        var isBehind: Bool {
            progress.map { $0.appliedIndex < office.appliedIndex || $0.auditSequence < office.auditSequence } ?? true
        }
    }

    private struct State {
        var led: [Int: Led] = [:]
        var news: Set<Int> = []
        var isAsleep = false
        var isStopping = false
        var link = Link.connecting
        var counts = Counts()

        /// Whether the sink's thread is to be woken.
        mutating func note(_ group: Int) -> Bool {
            news.insert(group)
            defer { isAsleep = false }
            return isAsleep
        }
    }

    private let state = NIOLockedValueBox(State())
    private let bell = DispatchSemaphore(value: 0)

    // MARK: From the event loops

    /// The group is led here, and has applied so much.
    func leads(_ group: Int, _ office: Office) {
        let wakes = state.withLockedValue { state in
            var led = state.led[group] ?? Led(office: office)
            if led.office.term != office.term { led = Led(office: office) }
            led.office = office
            if led.behindSince == nil, led.isBehind { led.behindSince = .now() }
            state.led[group] = led
            return state.note(group)
        }
        if wakes { bell.signal() }
    }

    /// The group is led here no more.
    func follows(_ group: Int) {
        let wakes = state.withLockedValue { state in
            guard state.led.removeValue(forKey: group) != nil else { return false }
            return state.note(group)
        }
        if wakes { bell.signal() }
    }

    // MARK: From the sink's thread

    /// What is new of which groups, since the last call; nil: not led here.
    func takeNews() -> [(group: Int, office: Office?)] {
        state.withLockedValue { state in
            let groups = state.news.sorted()
            state.news.removeAll(keepingCapacity: true)
            return groups.map { ($0, state.led[$0]?.office) }
        }
    }

    /// Returns when there is news, at `deadline`, or when the sink is to stop.
    func sleep(until deadline: NIODeadline) {
        let mustWait = state.withLockedValue { state in
            guard state.news.isEmpty, !state.isStopping else { return false }
            state.isAsleep = true
            return true
        }
        guard mustWait else { return }
        let wait = max(0, (deadline - .now()).nanoseconds)
        _ = bell.wait(timeout: .now() + .nanoseconds(Int(wait)))
        state.withLockedValue { $0.isAsleep = false }
    }

    /// The database is there. `since`: nothing that it lacks is older.
    func reached(_ group: Int, _ progress: SinkProgress, since: NIODeadline? = nil) {
        state.withLockedValue { state in
            guard var led = state.led[group], led.office.term == progress.term else { return }
            led.progress = progress
            led.stop = nil
            led.behindSince = led.isBehind ? since ?? led.behindSince : nil
            state.led[group] = led
        }
    }

    func stopped(_ group: Int, _ reason: SinkStop) { state.withLockedValue { $0.led[group]?.stop = reason } }

    /// True where that is new.
    func set(_ link: Link) -> Bool {
        state.withLockedValue { state in
            defer { state.link = link }
            return state.link != link
        }
    }

    func count(_ body: (inout Counts) -> Void) { state.withLockedValue { body(&$0.counts) } }

    // MARK: Stop

    func stop() {
        state.withLockedValue { $0.isStopping = true }
        bell.signal()
    }

    var isStopping: Bool { state.withLockedValue { $0.isStopping } }

    // MARK: Queries

    var link: Link { state.withLockedValue { $0.link } }
    var counts: Counts { state.withLockedValue { $0.counts } }

    /// How the groups fare that are led here.
    func reports() -> [Int: SinkReport] {
        state.withLockedValue { state in
            let now = NIODeadline.now()
            return state.led.mapValues { led in
                SinkReport(
                    condition: SinkReport.Condition(led.stop, state.link, isBehind: led.isBehind),
                    // Where nobody knows what the database has, it may lack everything.
                    lagEntries: led.office.appliedIndex - min(led.office.appliedIndex, led.progress?.appliedIndex ?? 0),
                    lagMilliseconds: led.behindSince.map { max(0, (now - $0).nanoseconds / 1_000_000) } ?? 0)
            }
        }
    }
}

/// How far PostgreSQL is behind one shard, as the shard's leader knows it.
package struct SinkReport: Hashable, Sendable {
    package enum Condition: UInt8, CaseIterable, Hashable, Sendable {
        case current = 1
        case behind = 2
        /// The database cannot be reached, or takes nothing.
        case down = 3
        /// It belongs to another cluster.
        case otherCluster = 4
        /// It has what this cluster never had.
        case databaseAhead = 5

        package var name: String {
            switch self {
            case .current: "current"
            case .behind: "behind"
            case .down: "down"
            case .otherCluster: "other_cluster"
            case .databaseAhead: "database_ahead"
            }
        }

        init(_ stop: SinkStop?, _ link: SinkBoard.Link, isBehind: Bool) {
            switch (stop, link) {
            case (.belongsToOther, _): self = .otherCluster
            case (.databaseIsAhead, _): self = .databaseAhead
            case (nil, .down): self = .down
            case (nil, .connecting), (nil, .up): self = isBehind ? .behind : .current
            }
        }
    }

    package let condition: Condition
    /// Entries of the shard's log that the database lacks.
    package let lagEntries: UInt64
    /// The oldest of them was applied so long ago at most.
    package let lagMilliseconds: Int64
}

extension SinkBoard {
    static var troubles: [SinkTrouble] { SinkTrouble.allCases }
}
