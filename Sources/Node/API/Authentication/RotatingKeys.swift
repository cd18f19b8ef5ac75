package import Logging
import Synchronization

/// Keys that live at a URL: fetched again by age and when a token names an unknown one; while that fails, the old ones stay.
///
/// The last set that could be used is kept in a file, so that a node starts while its keys' source is away.
package final class RotatingKeys: Sendable {
    package typealias Fetch = @Sendable () async throws -> KeyEndpoint.Published

    private struct State {
        var rotation: KeyRotation
        /// The fetch that is under way; true: it brought keys.
        var fetch: Task<Bool, Never>?
        var changed: (@Sendable (KeySet) async -> Void)?
        /// What came while nobody watched.
        var missed: KeySet?
    }

    private let fetch: Fetch
    private let source: String
    private let keptAt: String
    private let clock: WallClock
    private let logger: Logger
    private let state: Mutex<State>

    /// - Parameters:
    ///   - source: for the log.
    ///   - keptAt: the path of the file that keeps the last set; only its owner may read it.
    package init(source: String, keptAt: String, clock: WallClock = .system, logger: Logger, fetch: @escaping Fetch) {
        self.fetch = fetch
        self.source = source
        self.keptAt = keptAt
        self.clock = clock
        self.logger = logger
        state = Mutex(State(rotation: KeyRotation(dueAt: clock.milliseconds)))
    }

    package convenience init(_ endpoint: KeyEndpoint, keptAt: String, logger: Logger) {
        self.init(source: endpoint.url, keptAt: keptAt, logger: logger) { try await endpoint.fetch() }
    }

    // MARK: Events

    /// The keys to start with: as they are published, else as they were when they last could be had. Throws where neither is.
    package func load() async throws -> KeySet {
        _ = state.withLock { $0.rotation.timePassed(at: clock.milliseconds) }
        do {
            let published = try await fetchAndKeep()
            state.withLock { $0.rotation.fetched(maxAgeSeconds: published.maxAgeSeconds, at: clock.milliseconds) }
            return published.keys
        } catch {
            state.withLock { $0.rotation.fetchFailed(at: clock.milliseconds) }
            guard let bytes = try? SecretFile.read(keptAt), let keys = try? await KeySet(jwks: bytes) else { throw error }
            logger.warning(
                "The keys for tokens cannot be fetched; those of the last time count",
                metadata: ["keys.source": "\(source)", "error": "\(error)"])
            return keys
        }
    }

    /// Fetches by age until the task is cancelled. `changed` is called with what comes, whatever asked for it.
    package func watch(_ changed: @escaping @Sendable (KeySet) async -> Void) async {
        let missed = state.withLock { state in
            state.changed = changed
            defer { state.missed = nil }
            return state.missed
        }
        if let missed { await changed(missed) }
        while true {
            let wait = state.withLock { $0.rotation.dueAt } - clock.milliseconds
            // A fetch that unknown keys asked for moves the time; it is looked at again every minute.
            do { try await Task.sleep(for: .milliseconds(min(max(wait, 100), 60_000))) } catch { return }
            let task = state.withLock { state in
                state.rotation.timePassed(at: clock.milliseconds) ? begin(&state) : nil
            }
            _ = await task?.value
        }
    }

    /// A token names a key that is not known. Returns once a fetch is over that may have brought it; at once where there is
    /// none to wait for.
    func keyWasUnknown() async {
        let task = state.withLock { state in
            state.fetch ?? (state.rotation.keyWasUnknown(at: clock.milliseconds) ? begin(&state) : nil)
        }
        _ = await task?.value
    }

    /// Whether waiting may bring an unknown key.
    var isWorthWaiting: Bool { state.withLock { $0.rotation.isWorthWaiting(at: clock.milliseconds) } }

    // MARK: Private

    private func begin(_ state: inout State) -> Task<Bool, Never> {
        let task = Task {
            do {
                let published = try await fetchAndKeep()
                // Over only when they are in force: whoever met an unknown key before that still finds something to wait for.
                let changed = self.state.withLock { state in
                    if state.changed == nil { state.missed = published.keys }
                    return state.changed
                }
                await changed?(published.keys)
                self.state.withLock { state in
                    state.rotation.fetched(maxAgeSeconds: published.maxAgeSeconds, at: clock.milliseconds)
                    state.fetch = nil
                }
                logger.info("The keys for tokens were fetched", metadata: ["keys.source": "\(source)"])
                return true
            } catch {
                self.state.withLock { state in
                    state.rotation.fetchFailed(at: clock.milliseconds)
                    state.fetch = nil
                }
                logger.error(
                    "The keys for tokens cannot be fetched; the old ones stay",
                    metadata: ["keys.source": "\(source)", "error": "\(error)"])
                return false
            }
        }
        state.fetch = task
        return task
    }

    private func fetchAndKeep() async throws -> KeyEndpoint.Published {
        let published = try await fetch()
        do { try SecretFile.write(published.document, to: keptAt) } catch {
            logger.warning("The keys for tokens cannot be kept", metadata: ["error": "\(error)"])
        }
        return published
    }
}
