import JSON
import Model
import Normalisation
import Shard

/// What an ingest request is answered with.
struct IngestSummary: Sendable {
    struct ItemError: Equatable, Sendable {
        /// Position among the payload's items, or of the line, from 0.
        let index: Int
        let detail: String
    }

    /// Most errors that are listed; all are counted.
    static let errorsMax = 1_000

    /// Resources that the payload describes, repeated ones counted each time.
    var resources = 0
    var relationships = 0
    var created = 0
    var updated = 0
    var unchanged = 0
    var deleted = 0
    private(set) var errors: [ItemError] = []
    private(set) var errorCount = 0

    /// Of a resource outside of what the caller is limited to: the same words whether it is there or not.
    static let refusal = "not permitted: the resource lies outside what the token is limited to (\"vtag_scope\")"

    /// Observations outside of what the caller is limited to.
    private(set) var refusedCount = 0

    /// Counts what came of observations; `positions` are those of the payload's items, or lines, that they are from.
    mutating func count(_ outcomes: [Outcome], at positions: [Int]) {
        count(outcomes)
        for (outcome, position) in zip(outcomes, positions) where outcome == .notPermitted {
            refusedCount += 1
            fail(position, Self.refusal)
        }
    }

    mutating func fail(_ index: Int, _ detail: String) {
        errorCount += 1
        if errors.count < Self.errorsMax { errors.append(ItemError(index: index, detail: detail)) }
    }

    mutating func add(_ payload: NormalisedPayload, offset: Int) {
        count(payload.observations)
        for reject in payload.rejects { fail(offset + reject.index, reject.detail) }
        errorCount += payload.rejectedCount - payload.rejects.count
    }

    mutating func add(_ lines: LineResults) {
        count(lines.observations)
        for error in lines.errors where errors.count < Self.errorsMax { errors.append(error) }
        errorCount += lines.errorCount
    }

    mutating func count(_ observations: [Observation]) {
        resources += observations.count
        for observation in observations { relationships += observation.relationships.count }
    }

    private mutating func count(_ outcomes: [Outcome]) {
        for outcome in outcomes {
            switch outcome {
            case .created: created += 1
            case .updated: updated += 1
            case .deleted: deleted += 1
            case .unchanged: unchanged += 1
            case .notFound, .preconditionFailed, .invalid, .conflict, .notPermitted: break
            }
        }
    }

    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("resources", resources)
        json.member("relationships", relationships)
        json.member("created", created)
        json.member("updated", updated)
        json.member("unchanged", unchanged)
        json.member("deleted", deleted)
        json.key("errors")
        json.beginArray()
        for error in errors {
            json.beginObject()
            json.member("index", error.index)
            json.member("detail", error.detail)
            json.endObject()
        }
        json.endArray()
        json.member("error_count", errorCount)
        json.member("errors_truncated", errorCount > errors.count)
        json.endObject()
    }
}
