/// When a key set that lives at a URL is fetched again: by its age, and when a token names a key that it does not have.
///
/// A value without a clock: times are milliseconds since 1970 and come as arguments.
struct KeyRotation: Equatable, Sendable {
    /// Between two fetches that unknown keys ask for, and before a failed one is tried again, in milliseconds: what tokens say
    /// can make this node a burden to nobody.
    static let pauseMilliseconds: Int64 = 30_000
    /// How long a set counts whose source does not say, and the bounds of what sources may say, in seconds.
    static let ageSecondsDefault: Int64 = 300
    static let ageSecondsMin: Int64 = 60
    static let ageSecondsMax: Int64 = 86_400

    private enum State: Equatable {
        case resting
        case fetching
    }

    private var state = State.resting
    private var startedAt = Int64.min
    /// When the next fetch is due by age, or after a failure.
    private(set) var dueAt: Int64

    /// - Parameter dueAt: of the first fetch.
    init(dueAt: Int64) { self.dueAt = dueAt }

    // MARK: Events

    /// A token names a key that the set does not have. True: fetch now, and tell what comes of it.
    mutating func keyWasUnknown(at now: Int64) -> Bool {
        guard state == .resting, mayFetch(at: now) else { return false }
        return start(at: now)
    }

    /// Time has passed. True: fetch now.
    mutating func timePassed(at now: Int64) -> Bool {
        guard state == .resting, now >= dueAt else { return false }
        return start(at: now)
    }

    /// - Parameter maxAgeSeconds: what the answer's Cache-Control allows.
    mutating func fetched(maxAgeSeconds: Int64?, at now: Int64) {
        state = .resting
        let age = min(max(maxAgeSeconds ?? Self.ageSecondsDefault, Self.ageSecondsMin), Self.ageSecondsMax)
        dueAt = now.addingClamped(age * 1000)
    }

    mutating func fetchFailed(at now: Int64) {
        state = .resting
        dueAt = now.addingClamped(Self.pauseMilliseconds)
    }

    // MARK: Queries

    /// Whether waiting may bring a key that is unknown now: a fetch is under way, or may begin.
    func isWorthWaiting(at now: Int64) -> Bool { state == .fetching || mayFetch(at: now) }

    private func mayFetch(at now: Int64) -> Bool { now >= startedAt.addingClamped(Self.pauseMilliseconds) }

    private mutating func start(at now: Int64) -> Bool {
        state = .fetching
        startedAt = now
        return true
    }
}
