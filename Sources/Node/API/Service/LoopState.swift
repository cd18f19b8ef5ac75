import NIOCore

/// What the API keeps for one event loop, touched there alone.
final class LoopState {
    var verifier: TokenVerifier
    var tokens = TokenCache()
    var metrics: RequestMetrics
    /// Shared by all event loops; nil: there is no limit.
    private let rates: RateTable?

    init(verifier: TokenVerifier, rates: RateTable?, routes: Int) {
        self.verifier = verifier
        self.rates = rates
        metrics = RequestMetrics(routes: routes)
    }

    /// Takes new keys; what was verified with the old ones is verified again.
    func replace(_ verifier: TokenVerifier) {
        self.verifier = verifier
        tokens.removeAll()
    }

    /// The caller of an Authorization header's bytes.
    @inline(__always)
    func caller(header: UnsafeRawBufferPointer, at now: Int64) throws(TokenError) -> Caller {
        if let known = tokens.caller(for: header, at: now) { return known }
        guard let token = Self.bearerToken(header) else { throw .missing }
        let principal = try verifier.verify(token, at: now)
        let caller = Caller(principal: principal, bucket: rates?.bucket(of: principal.subject, at: now))
        tokens.insert(caller, for: header)
        return caller
    }

    /// What follows `Bearer ` (in any case, RFC 9110 section 11.1).
    private static func bearerToken(_ header: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let scheme = "bearer ".utf8
        guard header.count > scheme.count,
            zip(header, scheme).allSatisfy({ $0 | 0x20 == $1 || $0 == $1 })
        else { return nil }
        return UnsafeRawBufferPointer(rebasing: header[scheme.count...])
    }
}

/// The states of all event loops. A linear search: there are as many as the machine has cores.
struct LoopStates: Sendable {
    private let states: [(loop: ObjectIdentifier, state: NIOLoopBound<LoopState>)]
    let loops: [any EventLoop]

    /// Makes the states on their loops.
    init(_ loops: [any EventLoop], _ make: @escaping @Sendable () -> LoopState) async throws {
        var states: [(ObjectIdentifier, NIOLoopBound<LoopState>)] = []
        for loop in loops {
            let state = try await loop.submit { NIOLoopBound(make(), eventLoop: loop) }.get()
            states.append((ObjectIdentifier(loop), state))
        }
        self.states = states
        self.loops = loops
    }

    /// The state of the loop that this is called on.
    @inline(__always)
    func here(_ loop: any EventLoop) -> LoopState {
        let wanted = ObjectIdentifier(loop)
        for (loop, state) in states where loop == wanted { return state.value }
        preconditionFailure("A request came on an event loop that the API was not told of")
    }

    /// Runs `body` on every loop with its state, one after the other.
    func forEach<Result: Sendable>(_ body: @escaping @Sendable (LoopState) -> Result) async throws -> [Result] {
        var results: [Result] = []
        for (position, loop) in loops.enumerated() {
            let state = states[position].state
            results.append(try await loop.submit { body(state.value) }.get())
        }
        return results
    }
}
