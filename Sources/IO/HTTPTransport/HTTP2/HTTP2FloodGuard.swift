import NIOCore

/// Counts the frames that cost a server more than they cost their sender, in windows of a second.
struct HTTP2FloodGuard {
    enum Kind: Int, CaseIterable {
        case reset, ping, settings, priority, emptyData, windowUpdate, unknown
    }

    private var windowStart: NIODeadline
    private var remaining: [Int]
    private let allowances: [Int]

    private static let window = TimeAmount.seconds(1)
    /// A receiver grants window for its stream and for the connection, once a frame at most.
    private static let windowUpdatesPerDataFrame = 2

    init(limits: HTTPLimits, now: NIODeadline) {
        allowances = Kind.allCases.map { kind in
            switch kind {
            case .reset: limits.resetsPerSecondMax
            case .ping: limits.pingsPerSecondMax
            case .settings: limits.settingsPerSecondMax
            case .priority: limits.prioritiesPerSecondMax
            case .emptyData: limits.emptyDataFramesPerSecondMax
            case .windowUpdate: limits.windowUpdatesPerSecondMax
            case .unknown: limits.unknownFramesPerSecondMax
            }
        }
        remaining = allowances
        windowStart = now
    }

    /// A frame of that kind came, or a stream was reset. Returns whether that is within the limit.
    mutating func observed(_ kind: Kind) -> Bool {
        remaining[kind.rawValue] -= 1
        return remaining[kind.rawValue] >= 0
    }

    /// A DATA frame was sent, so the peer has reason to update its windows.
    @inline(__always)
    mutating func dataFrameSent() {
        remaining[Kind.windowUpdate.rawValue] += Self.windowUpdatesPerDataFrame
    }

    mutating func ticked(now: NIODeadline) {
        guard now - windowStart >= Self.window else { return }
        windowStart = now
        for kind in Kind.allCases { remaining[kind.rawValue] = max(remaining[kind.rawValue], allowances[kind.rawValue]) }
    }
}
