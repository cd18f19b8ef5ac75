import Cypher
import CypherSyntax
package import CypherValues
import JSON
import Model
package import PropertyGraph
package import Shard

/// A query of a named graph, as a request brings it, and as one node asks it of another.
package struct NamedGraphRequest: Sendable {
    static let path = "/graph/query"

    /// How answers spell rows: as the members of a JSON array, or a line for each.
    package enum Rows: UInt8, Sendable {
        case array
        case lines

        package var separator: UInt8 { self == .array ? UInt8(ascii: ",") : UInt8(ascii: "\n") }
    }

    package let graph: String
    package let text: String
    package let parameters: CypherMap
    package let form: ValueForm
    package let rows: Rows
    package let limits: GraphQueryLimits
    package let consistency: ReadConsistency
    /// Who asks, and how the answer to a write may be found again.
    package let context: WriteContext

    package init(
        graph: String, text: String, parameters: CypherMap, form: ValueForm, rows: Rows, limits: GraphQueryLimits,
        consistency: ReadConsistency, context: WriteContext
    ) {
        self.graph = graph
        self.text = text
        self.parameters = parameters
        self.form = form
        self.rows = rows
        self.limits = limits
        self.consistency = consistency
        self.context = context
    }

    /// Rows as bytes: whole ones, with separators between them.
    func rendered(_ rows: [[CypherValue]]) -> [UInt8] {
        GraphRows.bytes(of: rows, form, separator: self.rows.separator)
    }
}

/// Rows of a query in JSON.
package enum GraphRows {
    /// Longest answer that is not streamed, in bytes.
    package static let answerBytesMax = 64 << 20

    package static func bytes(of rows: [[CypherValue]], _ form: ValueForm, separator: UInt8) -> [UInt8] {
        var bytes: [UInt8] = []
        for row in rows {
            var json = JSONWriter(reserving: 256)
            json.beginArray()
            for value in row { json.value(value, as: form) }
            json.endArray()
            if !bytes.isEmpty { bytes.append(separator) }
            bytes += json.bytes
        }
        return bytes
    }
}

/// All that a query answered.
struct NamedGraphAnswer: Sendable {
    var rows: [UInt8] = []
    var rowCount = 0
    var milliseconds: Int64 = 0
    var counts = MutationCounts()
    var plan: PlanDescription?

    var end: GraphQueryEnd {
        GraphQueryEnd(rows: rowCount, milliseconds: milliseconds, plan: plan, counts: counts)
    }
}

/// What came of a query, as one node tells another; that it could not be asked at all is a `NodeError`.
enum NamedGraphOutcome: Sendable {
    case answered(NamedGraphAnswer)
    case failed(CypherError)
    case refused(NamedGraphError)
    /// Too many ask the graph there.
    case full
}

/// Why a named graph cannot be asked or changed.
package enum NamedGraphError: Error, Hashable, Sendable {
    case noGraph(String)
    /// Others changed it again and again meanwhile. Nothing of the request happened.
    case changedMeanwhile
    /// Which limit is reached, for people. Nothing of the request happened.
    case limit(String)
    /// The rows have more bytes than an answer may. Nothing of the request happened.
    case answerTooLarge
}

// MARK: - Between nodes

extension NamedGraphRequest {
    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: text.utf8.count + 512)
        writer.string(graph)
        writer.string(text)
        writer.map(parameters)
        switch form {
        case .own: writer.byte(0)
        case .plain: writer.byte(1)
        case .typed: writer.byte(2)
        }
        writer.byte(rows.rawValue)
        writer.varint(UInt64(limits.milliseconds))
        writer.varint(UInt64(limits.budget.memoryBytesMax))
        writer.byte(consistency == .stale ? 1 : 0)
        writer.blob(context.encoded)
        return writer.bytes
    }

    /// Throws `CodecError` for bytes that `encoded` did not make, and for limits that no client may set.
    init(decoding bytes: [UInt8]) throws(CodecError) {
        self = try bytes.decoded { reader throws(CodecError) in
            let (graph, text) = (try reader.string(), try reader.string())
            let parameters = try reader.map()
            let form: ValueForm
            switch try reader.byte() {
            case 0: form = .own
            case 1: form = .plain
            case 2: form = .typed
            case let kind: throw CodecError("unknown form \(kind) of values")
            }
            guard let rows = Rows(rawValue: try reader.byte()) else { throw CodecError("unknown form of rows") }
            var limits = GraphQueryLimits()
            let (milliseconds, memory) = (try reader.varint(), try reader.varint())
            guard milliseconds <= GraphQueryLimits.millisecondsMax, memory <= GraphQueryLimits.memoryBytesMax else {
                throw CodecError("a query with limits that nobody may set")
            }
            limits.milliseconds = Int64(milliseconds)
            limits.budget.memoryBytesMax = Int(memory)
            let consistency: ReadConsistency = try reader.byte() == 1 ? .stale : .linearizable
            return Self(
                graph: graph, text: text, parameters: parameters, form: form, rows: rows, limits: limits,
                consistency: consistency, context: try WriteContext(decoding: try reader.blob()))
        }
    }
}

extension GraphQueryLimits {
    /// The most that a client may give a query.
    static let millisecondsMax: UInt64 = 120_000
    static let memoryBytesMax: UInt64 = 1 << 30
}

extension NamedGraphOutcome {
    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 512)
        switch self {
        case .answered(let answer):
            writer.byte(0)
            writer.blob(answer.encoded)
        case .failed(let error):
            writer.byte(1)
            writer.string(error.class.rawValue)
            writer.string(error.phase.rawValue)
            writer.string(error.detail.rawValue)
            writer.string(error.message)
            writer.byte(error.span == nil ? 0 : 1)
            if let span = error.span {
                writer.zigzag(Int64(span.offset))
                writer.zigzag(Int64(span.length))
            }
        case .refused(.noGraph(let name)):
            writer.byte(2)
            writer.string(name)
        case .refused(.changedMeanwhile): writer.byte(3)
        case .refused(.limit(let text)):
            writer.byte(4)
            writer.string(text)
        case .refused(.answerTooLarge): writer.byte(5)
        case .full: writer.byte(6)
        }
        return writer.bytes
    }

    /// Throws `CodecError` for bytes that `encoded` did not make.
    init(decoding bytes: [UInt8]) throws(CodecError) {
        self = try bytes.decoded { reader throws(CodecError) in
            switch try reader.byte() {
            case 0: return .answered(try NamedGraphAnswer(decoding: try reader.blob()))
            case 1: return .failed(try reader.cypherError())
            case 2: return .refused(.noGraph(try reader.string()))
            case 3: return .refused(.changedMeanwhile)
            case 4: return .refused(.limit(try reader.string()))
            case 5: return .refused(.answerTooLarge)
            case 6: return .full
            case let kind: throw CodecError("unknown outcome \(kind) of a query")
            }
        }
    }
}

extension NamedGraphAnswer {
    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: rows.count + 128)
        writer.blob(rows)
        writer.varint(rowCount)
        writer.varint(UInt64(max(0, milliseconds)))
        for path in MutationCounts.fields { writer.varint(counts[keyPath: path.field]) }
        writer.byte(plan == nil ? 0 : 1)
        if let plan { writer.plan(plan) }
        return writer.bytes
    }

    /// Throws `CodecError` for bytes that `encoded` did not make.
    init(decoding bytes: [UInt8]) throws(CodecError) {
        self = try bytes.decoded { reader throws(CodecError) in
            var answer = Self()
            answer.rows = try reader.blob()
            answer.rowCount = Int(clamping: try reader.varint())
            answer.milliseconds = Int64(clamping: try reader.varint())
            for path in MutationCounts.fields { answer.counts[keyPath: path.field] = Int(clamping: try reader.varint()) }
            if try reader.byte() == 1 { answer.plan = try reader.plan(depth: 0) }
            return answer
        }
    }
}

extension MutationCounts {
    /// What is counted, as answers name it.
    package static var fields: [(name: String, field: WritableKeyPath<MutationCounts, Int>)] {
        [
            ("nodes_created", \.nodesCreated), ("nodes_deleted", \.nodesDeleted),
            ("relationships_created", \.relationshipsCreated), ("relationships_deleted", \.relationshipsDeleted),
            ("properties_set", \.propertiesSet), ("labels_added", \.labelsAdded), ("labels_removed", \.labelsRemoved),
            ("indexes_added", \.indexesAdded), ("indexes_removed", \.indexesRemoved),
        ]
    }

    /// How much a transaction does.
    var sum: Int { Self.fields.reduce(0) { $0 + self[keyPath: $1.field] } }
}

extension ByteWriter {
    fileprivate mutating func plan(_ plan: PlanDescription) {
        string(plan.name)
        string(plan.details)
        varint(plan.rows.map { $0 + 1 } ?? 0)
        varint(plan.requests.map { $0 + 1 } ?? 0)
        varint(plan.inputs.count)
        for input in plan.inputs { self.plan(input) }
    }
}

extension ByteReader {
    private static let planDepthMax = 20_000

    fileprivate mutating func plan(depth: Int) throws(CodecError) -> PlanDescription {
        guard depth < Self.planDepthMax else { throw CodecError("a plan is too deep") }
        let (name, details) = (try string(), try string())
        let (rows, requests) = (try varint(), try varint())
        var inputs: [PlanDescription] = []
        for _ in 0..<(try count()) { inputs.append(try plan(depth: depth + 1)) }
        return PlanDescription(
            name: name, details: details, rows: rows == 0 ? nil : Int(clamping: rows - 1),
            requests: requests == 0 ? nil : Int(clamping: requests - 1), inputs: inputs)
    }

    fileprivate mutating func cypherError() throws(CodecError) -> CypherError {
        guard let kind = CypherError.Class(rawValue: try string()), let phase = CypherError.Phase(rawValue: try string()),
            let detail = CypherError.Detail(rawValue: try string())
        else { throw CodecError("an error of an unknown kind") }
        let message = try string()
        guard try byte() == 1 else { return CypherError(kind, phase, detail, message) }
        let (offset, length) = (try zigzag(), try zigzag())
        return CypherError(kind, phase, detail, message, at: Span(offset: Int(offset), length: Int(length)))
    }
}
