import HTTPTransport
import JSON
import NIOCore
import NodeRuntime
import Placement

/// What whoever runs the node asks for: is it well, what does it do, what can it do.
enum OperationsEndpoints {
    /// The process answers.
    static let live: Route.Handler = { call in
        call.json { $0.state("live") }
    }

    /// The node has its data and takes requests.
    static let ready: Route.Handler = { call in
        guard !call.api.isStopping else {
            throw Problem.unavailable("The node is not ready: it is stopping.")
        }
        if let board = call.api.region?.board, !board.isLoaded { throw Problem.loading(board.progress) }
        guard !call.api.node.refusesForSpace else {
            throw Problem.unavailable(
                "The node is not ready: its disk is full and writes are refused; reads go on. Free some space.",
                retryAfter: 30)
        }
        if let succession = await call.api.node.succession() { throw Problem.superseded(by: succession.successor) }
        guard !call.api.node.isCutOff else {
            throw Problem.unavailable(
                "The node is not ready: it hears nothing from a majority of the cluster. Reads with Read-Consistency: stale go on."
            )
        }
        return call.json { $0.state("ready") }
    }

    static let openAPI: Route.Handler = { call in
        call.bytes(contentType: "application/yaml", Array(OpenAPIDocument.text.utf8))
    }
}

extension JSONWriter {
    fileprivate mutating func state(_ text: String) {
        beginObject()
        member("status", text)
        endObject()
    }
}
