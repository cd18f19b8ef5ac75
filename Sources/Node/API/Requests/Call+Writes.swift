import COpenSSL
import Conditions
import HTTPTransport
import JSON
import Model
import NIOCore
import NodeRuntime
import Shard

extension Call {
    /// Longest accepted `Idempotency-Key` in bytes.
    static let idempotencyKeyBytesMax = 255

    /// Who asks, and how the answer is found again if the request comes twice.
    ///
    /// - Parameter body: what the digest that guards an idempotency key covers beside the path and the query.
    ///
    /// A key is first reserved on a shard of its own, so that the same key with another request is refused before anything
    /// of that is written, whichever shards the two concern.
    func stamp(body: ByteBuffer?) async throws -> WriteStamp {
        let stamp = try partialStamp(body: body)
        if let idempotency = stamp.idempotency {
            let home = Slot(idempotency.key.high).shard(of: api.node.shardCount)
            _ = try await api.node.submit(.reserveKey, shard: home, by: stamp.context(part: WriteStamp.reservation))
        }
        return stamp
    }

    /// The same for one part of a request whose whole body is never seen at once.
    func partialStamp(body: ByteBuffer?) throws(Problem) -> WriteStamp {
        WriteStamp(
            actor: principal.subject, requestID: requestID, idempotency: try idempotency(body: body),
            scope: principal.scope)
    }

    /// The key is scoped to the caller; the digest covers what makes the request what it is.
    private func idempotency(body: ByteBuffer?) throws(Problem) -> WriteContext.Idempotency? {
        let keys = request.head.headers.values(of: "idempotency-key")
        guard let key = keys.first else { return nil }
        guard keys.count == 1, (1...Self.idempotencyKeyBytesMax).contains(key.utf8.count),
            key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            throw .badRequest(
                "Idempotency-Key must be one field of 1 to \(Self.idempotencyKeyBytesMax) visible ASCII characters.")
        }
        let name = Self.digest([Array(principal.subject.utf8), Array(key.utf8)])
        let what = Self.digest([
            Array(route.method.name.utf8), Array(route.template.utf8), Array(parameters.joined(separator: "/").utf8),
            Array(query.canonical.utf8), body.map { Array($0.readableBytesView) } ?? [],
            Array(conditions.utf8), principal.scope?.condition.json.serialised ?? [],
        ])
        return WriteContext.Idempotency(key: IdempotencyKey(high: name.0, low: name.1), bodyDigest: what.0)
    }

    /// The preconditions of the request: with another one it is another request.
    private var conditions: String {
        ["if-match", "if-none-match"].flatMap { name in
            request.head.headers.values(of: name).map { "\(name):\($0)\n" }
        }.joined()
    }

    /// The first 128 bits of SHA-256 over the parts, each with its length before it.
    private static func digest(_ parts: [[UInt8]]) -> (UInt64, UInt64) {
        var message: [UInt8] = []
        message.reserveCapacity(parts.reduce(0) { $0 + $1.count + 8 })
        for part in parts {
            withUnsafeBytes(of: UInt64(part.count).littleEndian) { message.append(contentsOf: $0) }
            message.append(contentsOf: part)
        }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Int(SHA256_DIGEST_LENGTH)) { digest in
            _ = SHA256(message, message.count, digest.baseAddress)
            let raw = UnsafeRawBufferPointer(digest)
            return (
                raw.loadUnaligned(as: UInt64.self), raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            )
        }
    }

    /// The body as a value, for documents that people write: rules, policies, tags.
    func document() async throws -> (value: JSONValue, body: ByteBuffer) {
        guard case .json(let limit) = route.body else { preconditionFailure("\(route.template) takes no JSON body") }
        let buffer = try await body(upTo: limit)
        return (try Self.parse(buffer) { JSONValue($0) }, buffer)
    }
}

/// What the commands of one request have in common.
struct WriteStamp: Sendable {
    let actor: String
    let requestID: String
    let idempotency: WriteContext.Idempotency?
    let scope: ResourceScope?

    /// The part that stands for the request as a whole.
    static let reservation = UInt64.max

    /// - Parameters:
    ///   - part: tells the commands of one request apart whose answers are remembered each on its own.
    ///   - contents: what the command holds, where that does not follow from the request's body alone: an answer is given
    ///     again only to the same contents.
    func context(part: UInt64 = 0, contents: UInt64 = 0) -> WriteContext {
        guard let idempotency, part != 0 || contents != 0 else {
            return WriteContext(actor: actor, requestID: requestID, idempotency: idempotency, scope: scope)
        }
        let key = IdempotencyKey(
            high: StableHash.mix(idempotency.key.high &+ part), low: StableHash.mix(idempotency.key.low ^ part))
        return WriteContext(
            actor: actor, requestID: requestID,
            idempotency: WriteContext.Idempotency(
                key: key,
                bodyDigest: contents == 0 ? idempotency.bodyDigest : StableHash.mix(idempotency.bodyDigest ^ contents)),
            scope: scope)
    }
}

extension Problem {
    init(_ errors: ValidationErrors) {
        self = .invalid(errors.problems.map { FieldError($0.pointer, $0.message) })
    }

    /// What an item's outcome is to the caller of a request that was about this item alone; nil for success.
    init?(_ outcome: Outcome, noun: String) {
        switch outcome {
        case .created, .updated, .unchanged, .deleted: return nil
        case .notFound: self = .notFound("There is no \(noun) with this id.")
        case .preconditionFailed: self = .stale
        case .invalid(let detail): self = .invalid([FieldError("", detail)])
        case .conflict(let detail): self = .conflict(detail)
        case .notPermitted: self = .outsideScope
        }
    }
}
