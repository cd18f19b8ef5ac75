import HTTPTransport
import JSON
import Model
import NIOCore

/// What a run asks of a Virtual Tagger before and after the load: patiently, at one target after the other.
struct ClusterAccess: Sendable {
    let client: HTTPClient
    let targets: [LoadTarget]
    let inventory: LoadInventory
    let token: String?

    /// Resources in one payload of the preparation.
    static let payloadItems = 500
    /// How long one attempt may take.
    private static let attempt = TimeAmount.seconds(20)
    private static let pauseMilliseconds = 200
    /// Requests of this kind that run at once.
    private static let together = 16

    // MARK: Before

    /// Makes the resources. Throws `LoadFailure`.
    func makeResources(within patience: Microseconds) async throws {
        for start in stride(from: 0, to: inventory.ids.count, by: Self.payloadItems) {
            var json = JSONWriter(reserving: 64 << 10)
            VTagProtocol.volumes(
                start..<min(start + Self.payloadItems, inventory.ids.count), of: inventory, size: 1, to: &json)
            let answer = try await ask(.post, VTagProtocol.ingestPath, json.bytes, key: "make-\(start)", patience)
            guard answer["error_count"]?.int == 0 else {
                throw LoadFailure(.usage, "the resources of the run could not be made: \(Self.text(answer))")
            }
        }
        let path = "/resources/\(inventory.ids[0])/virtual-tags"
        _ = try await ask(.get, path, [], key: nil, patience)
    }

    /// Makes the rule that rule changes change, and returns its id.
    func makeRule(within patience: Microseconds) async throws -> String {
        var json = JSONWriter()
        VTagProtocol.rule(of: inventory.run, version: 0, to: &json)
        let answer = try await ask(.post, "/tag-rules", json.bytes, key: "rule", patience)
        guard let id = answer["id"]?.string else {
            throw LoadFailure(.usage, "the rule of the run could not be made: \(Self.text(answer))")
        }
        return id
    }

    /// How many shards the target says it has; nil when it does not say.
    func shards(within patience: Microseconds) async throws -> Int? {
        let count = try await ask(.get, "/cluster", [], key: nil, patience)["shards"]?.array?.count
        return count.flatMap { $0 > 0 ? $0 : nil }
    }

    // MARK: After

    func removeRule(_ id: String, within patience: Microseconds) async throws {
        _ = try await ask(.delete, "/tag-rules/\(id)", [], key: "rule-removed", patience)
    }

    /// Reads every resource once more, linearizably.
    func readAll(
        _ resources: [Int], wire: VTagProtocol, clock: LoadClock, within patience: Microseconds,
        _ body: @escaping @Sendable ([RegisterRead], Microseconds, Microseconds) -> Void
    ) async throws {
        try await forEach(resources) { resource in
            let call = clock.now
            let bytes = try await bytes(wire.read(resource), patience)
            let operation = PlannedOperation(kind: .pointRead, number: 0, resources: [resource], size: 1)
            let judgement = wire.judge(status: 200, body: bytes, of: operation)
            guard judgement.outcome == .succeeded else {
                throw LoadFailure(.unreachable, "a last read failed: \(judgement.outcome.reason ?? "")")
            }
            return { body(judgement.reads, call, clock.now) }
        }
    }

    /// The audit trail of each register of these resources, oldest first.
    func trails(of resources: [Int], within patience: Microseconds) async throws -> [LoadInventory.Register: [TrailEntry]] {
        let all = Trails()
        try await forEach(resources) { resource in
            let newestFirst = try await trail(of: resource, patience)
            return { all.add(newestFirst) }
        }
        return all.oldestFirst
    }

    private func trail(
        of resource: Int, _ patience: Microseconds
    ) async throws -> [(LoadInventory.Register, TrailEntry)] {
        var entries: [(LoadInventory.Register, TrailEntry)] = []
        var cursor: String?
        repeat {
            let path =
                "/audit/trail?resource_id=\(inventory.ids[resource])&limit=1000" + (cursor.map { "&cursor=\($0)" } ?? "")
            let page = try await ask(.get, path, [], key: nil, patience)
            guard let items = page["items"]?.array else {
                throw LoadFailure(.unreachable, "the audit trail has no items: \(Self.text(page))")
            }
            for item in items {
                guard let key = item["tag_key"]?.string, let register = inventory.register(resource, named: key) else {
                    continue
                }
                let entry = TrailEntry(
                    before: SeenValue(item["old_value"]?.string, in: inventory.run),
                    after: SeenValue(item["new_value"]?.string, in: inventory.run))
                entries.append((register, entry))
            }
            cursor = page["next_cursor"]?.string
        } while cursor != nil
        return entries
    }

    // MARK: Private helpers

    private func forEach(
        _ resources: [Int], _ body: @escaping @Sendable (Int) async throws -> () -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<Self.together {
                group.addTask {
                    for position in stride(from: lane, to: resources.count, by: Self.together) {
                        try await body(resources[position])()
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func ask(
        _ method: HTTPMethod, _ path: String, _ body: [UInt8], key: String?, _ patience: Microseconds
    ) async throws -> JSONValue {
        var request = WireRequest(method: method, path: path, headers: VTagProtocol.headers(token: token), body: body)
        if !body.isEmpty { request.headers.append("content-type", "application/json") }
        if let key { request.headers.append("idempotency-key", "load-\(inventory.run)-\(key)") }
        let answer = try await bytes(request, patience)
        if answer.isEmpty { return .null }
        do {
            return try JSONValue(parsing: answer)
        } catch {
            throw LoadFailure(.unreachable, "\(path) was answered with something that is no JSON")
        }
    }

    /// The body of a 2xx answer, asked for until there is one or patience ends.
    private func bytes(_ request: WireRequest, _ patience: Microseconds) async throws -> [UInt8] {
        let clock = LoadClock()
        var attempt = 0
        while true {
            let target = targets[attempt % targets.count]
            attempt += 1
            let outcome = await Self.attempt(request, at: target, client)
            switch outcome {
            case .answer(let bytes): return bytes
            case .refusal(let why): throw LoadFailure(.usage, "\(target.url)\(request.path): \(why)")
            case .failure(let why):
                guard clock.now < patience else {
                    throw LoadFailure(.unreachable, "\(target.url)\(request.path): \(why), after \(attempt) attempts")
                }
            }
            try await Task.sleep(for: .milliseconds(Self.pauseMilliseconds))
        }
    }

    private enum AttemptResult {
        case answer([UInt8])
        /// Asking again would be answered the same.
        case refusal(String)
        case failure(String)
    }

    private static func attempt(_ request: WireRequest, at target: LoadTarget, _ client: HTTPClient) async -> AttemptResult {
        var outgoing = HTTPClientRequest(
            method: request.method, origin: target.origin, target: target.prefix + request.path, headers: request.headers,
            deadline: .now() + attempt)
        if !request.body.isEmpty { outgoing.body = .bytes(ByteBuffer(bytes: request.body)) }
        do {
            let response = try await client.execute(outgoing)
            let body = try await response.body.collect(upTo: OperationSender.answerBytesMax)
            let bytes = Array(body.readableBytesView)
            let detail = response.status < 300 ? "" : VTagProtocol.problem(in: bytes).detail
            switch AttemptOutcome.of(status: response.status, detail: detail) {
            case nil, .succeeded?: return .answer(bytes)
            case .refused(let why)?: return .refusal(why)
            case .notTaken(let why)?, .unknown(let why)?: return .failure(why)
            }
        } catch {
            return .failure("\(error)")
        }
    }

    private static func text(_ value: JSONValue) -> String { String(decoding: value.serialised.prefix(300), as: UTF8.self) }
}
