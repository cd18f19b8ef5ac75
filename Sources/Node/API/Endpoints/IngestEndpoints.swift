import HTTPTransport
import JSON
import Model
import NIOCore
import Normalisation
import Shard

/// `POST /ingest/{aws,gcp,azure}`: a provider's own payload, as one document or as one document a line.
enum IngestEndpoints {
    static let query = [
        QueryParameter("account_id"), QueryParameter("region"),
        QueryParameter("operation"), QueryParameter.resource,
    ]
    static let documentType = "application/json"
    static let linesType = "application/x-ndjson"

    /// Longest line of NDJSON in bytes.
    static let lineBytesMax = 4 << 20
    /// Lines are normalised and submitted together up to this many bytes or lines.
    static let batchBytesMax = 512 << 10
    static let batchLinesMax = 2_000
    /// A document above this size is parsed off the event loop, which has other requests to answer.
    static let inlineBytesMax = 64 << 10

    static func ingest(_ provider: Provider) -> Route.Handler {
        { call in
            let hints = IngestHints(
                accountID: call.query["account_id"], region: call.query["region"], operation: call.query["operation"],
                resourceID: call.query["resource_id"])
            var summary = IngestSummary()
            let parts = PartedWrite(call.api.node)
            try await parts.carryOut {
                if Call.mediaType(of: call.request.head) == linesType {
                    try await lines(call, provider, hints, parts, &summary)
                } else {
                    try await document(call, provider, hints, parts, &summary)
                }
            }
            return call.json { summary.write(to: &$0) }
        }
    }

    private static func document(
        _ call: Call, _ provider: Provider, _ hints: IngestHints, _ parts: PartedWrite, _ summary: inout IngestSummary
    ) async throws {
        let buffer = try await call.body(upTo: call.api.configuration.ingestDocumentBytesMax)
        let payload = try await normalised(buffer, provider, hints)
        summary.add(payload, offset: 0)
        try await InventoryWriter(parts, stamp: call.stamp(body: buffer)).submit(payload.observations, into: &summary)
    }

    private static func normalised(
        _ buffer: ByteBuffer, _ provider: Provider, _ hints: IngestHints
    ) async throws -> NormalisedPayload {
        guard buffer.readableBytes > inlineBytesMax else {
            return try normalise(buffer, provider, hints)
        }
        return try await Task(executorPreference: globalConcurrentExecutor) {
            try normalise(buffer, provider, hints)
        }.value
    }

    private static func normalise(
        _ buffer: ByteBuffer, _ provider: Provider, _ hints: IngestHints
    ) throws -> NormalisedPayload {
        try Call.parse(buffer) { payload in
            guard payload.isObject || payload.isArray else {
                throw Problem.invalid([.init("", "expected an object or an array, as the provider prints it")])
            }
            return Normaliser.normalise(payload, provider: provider, hints: hints)
        }
    }

    /// Takes the body line by line; while a batch is being made durable, nothing more is read, so the sender waits. At a line
    /// over the limit the reading ends: what its sender has left is not worth the way.
    private static func lines(
        _ call: Call, _ provider: Provider, _ hints: IngestHints, _ parts: PartedWrite, _ summary: inout IngestSummary
    ) async throws {
        var splitter = LineSplitter(lineBytesMax: lineBytesMax)
        var batch = LineBatch(provider: provider, hints: hints)
        for try await piece in call.request.body {
            splitter.append(piece)
            while let line = splitter.next() {
                batch.append(line)
                if batch.isFull { try await submit(&batch, call, parts, &summary) }
            }
            if splitter.isOverLimit { break }
        }
        if let rest = splitter.finish() { batch.append(rest) }
        try await submit(&batch, call, parts, &summary)
        if splitter.isOverLimit {
            throw Problem.tooLarge(
                "Line \(batch.firstLine), counted from 0, is longer than the \(lineBytesMax) bytes of a line. The lines before it were taken in, those after it were not read: send them without it."
            )
        }
    }

    private static func submit(
        _ batch: inout LineBatch, _ call: Call, _ parts: PartedWrite, _ summary: inout IngestSummary
    ) async throws {
        let full = batch
        batch = full.following
        guard full.lineCount > 0 else { return }
        let result = await Task(executorPreference: globalConcurrentExecutor) { full.normalised() }.value
        summary.add(result)
        try await InventoryWriter(parts, stamp: call.partialStamp(body: full.bytes), batch: full.firstLine)
            .submit(result.observations, from: result.lines, into: &summary)
    }
}

/// Lines that are normalised and submitted together.
private struct LineBatch: Sendable {
    let provider: Provider
    let hints: IngestHints
    private(set) var firstLine = 0
    private(set) var bytes = ByteBuffer()
    private var ends: [Int] = []

    init(provider: Provider, hints: IngestHints) {
        self.provider = provider
        self.hints = hints
    }

    var lineCount: Int { ends.count }
    var isFull: Bool {
        bytes.readableBytes >= IngestEndpoints.batchBytesMax || ends.count >= IngestEndpoints.batchLinesMax
    }

    /// An empty batch that goes on counting where this one ends.
    var following: LineBatch {
        var next = LineBatch(provider: provider, hints: hints)
        next.firstLine = firstLine + ends.count
        return next
    }

    mutating func append(_ line: ByteBuffer) {
        bytes.writeImmutableBuffer(line)
        ends.append(bytes.writerIndex)
    }

    func normalised() -> LineResults {
        var results = LineResults()
        let parser = JSONParser(bytesMax: IngestEndpoints.lineBytesMax, depthMax: Call.jsonDepthMax)
        bytes.withUnsafeReadableBytes { raw in
            var start = 0
            for (position, end) in ends.enumerated() {
                let line = firstLine + position
                defer { start = end }
                let text = UnsafeRawBufferPointer(rebasing: raw[start..<end])
                guard text.contains(where: { $0 > UInt8(ascii: " ") }) else { continue }
                do {
                    results.add(
                        try parser.withDocument(text) { Normaliser.normalise($0, provider: provider, hints: hints) },
                        line: line)
                } catch {
                    results.reject(line, (error as? JSONError)?.message ?? "not JSON that is accepted")
                }
            }
        }
        return results
    }
}

/// What the lines of one batch say.
struct LineResults: Sendable {
    private(set) var observations: [Observation] = []
    /// Where each observation is from.
    private(set) var lines: [Int] = []
    private(set) var errors: [IngestSummary.ItemError] = []
    private(set) var errorCount = 0

    mutating func reject(_ line: Int, _ detail: String) {
        errorCount += 1
        if errors.count < IngestSummary.errorsMax { errors.append(.init(index: line, detail: detail)) }
    }

    mutating func add(_ payload: NormalisedPayload, line: Int) {
        observations.append(contentsOf: payload.observations)
        lines.append(contentsOf: repeatElement(line, count: payload.observations.count))
        for reject in payload.rejects { self.reject(line, reject.detail) }
        errorCount += payload.rejectedCount - payload.rejects.count
    }
}
