import CypherSyntax
import JSON
import NodeRuntime

extension Problem {
    /// A query's error, in the terms of openCypher's kit, with the place in its text.
    init(_ error: CypherError, in text: String) {
        let kind: StaticString
        let status: Int
        switch error.class {
        case .limitExceeded: (status, kind) = (422, "query-limit")
        case .cancelled: (status, kind) = (503, "unavailable")
        default: (status, kind) = (400, "query-failed")
        }
        self.init(status, kind, "The query cannot be carried out", detail: error.rendered(in: text))
        var members: [JSONValue.Member] = [
            .init(
                "opencypher",
                .object([
                    .init("class", .string(error.class.rawValue)), .init("phase", .string(error.phase.rawValue)),
                    .init("detail", .string(error.detail.rawValue)),
                ]))
        ]
        if let span = error.span {
            let position = SourcePosition(offset: Int(span.offset), in: text)
            members.append(.init("line", .int(position.line)))
            members.append(.init("column", .int(position.column)))
        }
        self.members = members
    }

    init(_ refusal: GraphRefusal) {
        switch refusal {
        case .inTheMaking(let percent):
            self = .unavailable(
                "The graph is in the making: \(percent) % of it is there. It is made when it is first asked for; try again.",
                retryAfter: 5)
        case .tooManyScopes:
            self = .unavailable(
                "Tokens with too many different limits (\"vtag_scope\") ask the graph; a graph is kept for each. Try again later.",
                retryAfter: 60)
        }
    }

    static func noGraph(_ name: String) -> Problem {
        Problem(
            404, "no-graph", "Not found",
            detail:
                "There is no graph \"\(name)\"; PUT /graphs/NAME makes one, and without \"graph\" a query goes to the inventory's."
        )
    }

    init(_ error: NamedGraphError) {
        switch error {
        case .noGraph(let name): self = .noGraph(name)
        case .changedMeanwhile:
            self = .conflict("The graph was changed again and again meanwhile; nothing of the query happened. Try again.")
        case .limit(let detail): self.init(422, "graph-limit", "A limit of the graph is reached", detail: detail + ".")
        case .answerTooLarge: self = .graphAnswerTooLarge
        }
    }

    static let graphIsReadOnly = Problem(
        422, "graph-is-read-only", "The graph is read-only",
        detail:
            "The inventory's graph follows the resources: change these (/ingest, /resources, /virtual-tags), and it changes with them. For a graph of your own: PUT /graphs/NAME, then \"graph\": \"NAME\"."
    )

    static let graphAnswerTooLarge = Problem(
        422, "answer-too-large", "The answer is too large",
        detail:
            "The rows have more than \(GraphRows.answerBytesMax >> 20) MiB. Return less, add a LIMIT, or ask for application/x-ndjson, which is streamed."
    )
}
