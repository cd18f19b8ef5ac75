import HTTPTransport
import NIOCore

/// Carries out operations: attempt after attempt, at one target after the other, until one is answered or time is up.
struct OperationSender: Sendable {
    struct Result: Sendable {
        var judgement: Judgement
        var attempts: Int
    }

    /// Longest answer in bytes.
    static let answerBytesMax = 64 << 20
    /// Longest pause between two attempts.
    static let pauseMax: Microseconds = 500_000

    let client: HTTPClient
    let chooser: TargetChooser
    let wire: any TargetProtocol
    let policy: RequestPolicy
    let clock: LoadClock

    /// - Parameter turn: decides which target is asked first.
    func send(_ operation: PlannedOperation, turn: UInt64) async -> Result {
        let request = wire.request(for: operation)
        let deadline = clock.now + policy.timeout
        var pause = policy.pause
        var mayHaveHappened: String?
        var attempt = 0
        while true {
            let (position, target) = chooser.target(turn: turn, attempt: attempt)
            attempt += 1
            let now = clock.now
            let judgement = await self.attempt(
                request, operation, at: target, until: min(deadline, now + policy.attemptTimeout))
            switch judgement.outcome {
            case .succeeded: return Result(judgement: judgement, attempts: attempt)
            case .refused:
                // A refusal of this attempt says nothing of the one before, whose outcome nobody knows.
                let outcome = mayHaveHappened.map(AttemptOutcome.unknown) ?? judgement.outcome
                return Result(judgement: Judgement(outcome), attempts: attempt)
            case .unknown(let reason):
                if operation.kind.changesAnything { mayHaveHappened = reason }
                chooser.failed(position)
            case .notTaken: chooser.failed(position)
            }
            guard attempt < policy.attemptsMax, clock.now + pause < deadline, !Task.isCancelled else {
                let outcome = mayHaveHappened.map(AttemptOutcome.unknown) ?? judgement.outcome
                return Result(judgement: Judgement(outcome), attempts: attempt)
            }
            try? await clock.sleep(until: clock.now + pause)
            pause = min(pause * 2, Self.pauseMax)
        }
    }

    private func attempt(
        _ request: WireRequest, _ operation: PlannedOperation, at target: LoadTarget, until deadline: Microseconds
    ) async -> Judgement {
        var outgoing = HTTPClientRequest(
            method: request.method, origin: target.origin, target: target.prefix + request.path, headers: request.headers,
            deadline: clock.deadline(deadline))
        if !request.body.isEmpty { outgoing.body = .bytes(ByteBuffer(bytes: request.body)) }
        do {
            let response = try await client.execute(outgoing)
            let body = try await response.body.collect(upTo: Self.answerBytesMax)
            return wire.judge(status: response.status, body: Array(body.readableBytesView), of: operation)
        } catch let error as HTTPClientError {
            return Judgement(error.wasNotSent ? .notTaken(error.code.rawValue) : .unknown(error.code.rawValue))
        } catch {
            return Judgement(.unknown("cancelled"))
        }
    }
}

extension HTTPClientError {
    /// Whether the request certainly did not reach the target's service.
    fileprivate var wasNotSent: Bool {
        switch code {
        case .invalidURL, .nameNotResolved, .connectionRefused, .connectTimedOut, .connectFailed, .tlsFailed,
            .tooManyWaiting, .refusedByPeer:
            true
        case .deadlineExceeded, .streamReset, .connectionLost, .responseHeadersTooLarge, .responseBodyTooLarge,
            .protocolViolation, .requestBodyFailed, .bodyAlreadyTaken, .shutDown:
            false
        }
    }
}
