import HTTPTransport
import JSON
import Model
import NIOCore
import Normalisation

/// `POST /ingest/focus`: FOCUS cost and usage rows as CSV, of any length in bounded memory.
enum FocusEndpoint {
    static let mediaType = "text/csv"
    static let query: [QueryParameter] = []

    static let ingest: Route.Handler = { call in
        var reader = FocusReader(upload: UInt64.random(in: 1 ... .max))
        var summary = IngestSummary()
        var drains = 0
        let parts = PartedWrite(call.api.node)
        for try await piece in call.request.body {
            do throws(FocusError) { try reader.push(piece) } catch { throw unreadable(error) }
            guard reader.isFull else { continue }
            try await commit(reader.drain(), drains, call, parts, &summary)
            drains += 1
        }
        do throws(FocusError) { try reader.finish() } catch { throw unreadable(error) }
        try await commit(reader.drain(), drains, call, parts, &summary)
        let rows = reader.summary
        return call.json { write(rows, summary, to: &$0) }
    }

    private static func commit(
        _ costs: [CostObservation], _ drains: Int, _ call: Call, _ parts: PartedWrite, _ summary: inout IngestSummary
    ) async throws {
        summary.resources += costs.count
        // The sums of one upload add up, so an answer must not be replayed into another upload: no idempotency key.
        let stamp = WriteStamp(
            actor: call.principal.subject, requestID: call.requestID, idempotency: nil, scope: call.principal.scope)
        try await parts.carryOut {
            try await InventoryWriter(parts, stamp: stamp, batch: drains).submit(costs, into: &summary)
        }
    }

    private static func unreadable(_ error: FocusError) -> Problem {
        Problem(
            400, "malformed-csv", "Malformed CSV",
            detail: "The body is not a FOCUS export that can be read: \(error.message).")
    }

    private static func write(_ rows: FocusSummary, _ summary: IngestSummary, to json: inout JSONWriter) {
        json.beginObject()
        json.member("rows", rows.rows)
        json.member("attributed_rows", rows.attributedRows)
        json.member("unattributed_rows", rows.unattributedRows)
        json.member("resources", summary.resources)
        json.member("created", summary.created)
        json.member("updated", summary.updated)
        json.member("unchanged", summary.unchanged)
        json.key("unattributed")
        json.beginArray()
        for entry in rows.unattributed.prefix(IngestSummary.errorsMax) {
            json.beginObject()
            json.costLine(entry.line)
            json.member("rows", entry.rows)
            json.endObject()
        }
        json.endArray()
        json.key("errors")
        json.beginArray()
        for reject in rows.rejects.prefix(IngestSummary.errorsMax) {
            json.beginObject()
            json.member("index", reject.line)
            json.member("detail", reject.detail)
            json.endObject()
        }
        // Of resources, by their position among those of the upload.
        let shown = min(rows.rejects.count, IngestSummary.errorsMax)
        let refusals = summary.errors.prefix(IngestSummary.errorsMax - shown)
        for refused in refusals {
            json.beginObject()
            json.member("index", refused.index)
            json.member("detail", refused.detail)
            json.endObject()
        }
        json.endArray()
        json.member("error_count", rows.rejectedRows + summary.errorCount)
        json.member("errors_truncated", rows.rejectedRows + summary.errorCount > shown + refusals.count)
        json.endObject()
    }
}

extension FocusReader {
    /// Takes the next piece of the body. A piece takes a fraction of a millisecond: reading stays on the event loop.
    fileprivate mutating func push(_ piece: ByteBuffer) throws(FocusError) {
        // `withUnsafeReadableBytes` rethrows untyped; carry the typed error out by hand.
        let result: Result<Void, FocusError> = piece.withUnsafeReadableBytes { bytes in
            Result { () throws(FocusError) in try push(bytes) }
        }
        try result.get()
    }

    fileprivate mutating func drain() -> [CostObservation] { drain(with: JSONParser(bytesMax: 1 << 20)) }
}
