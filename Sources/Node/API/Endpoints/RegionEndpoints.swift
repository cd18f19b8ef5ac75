import HTTPTransport
import JSON
import Model
import NodeRuntime

/// What people decide about regions.
enum RegionEndpoints {
    // MARK: POST /region/promote

    static let promote: Route.Handler = { call in
        let node = call.api.node
        let former: UUID128
        do throws(PromotionRefusal) { former = try await node.promote() } catch {
            throw Problem(error)
        }
        call.api.configuration.startAgain()
        return call.json(202) { json in
            json.beginObject()
            json.member("node", node.identity.nodeID)
            json.key("takes_over_from")
            json.uuid(former)
            json.member("state", "promoting")
            json.endObject()
        }
    }
}

extension Problem {
    fileprivate init(_ refusal: PromotionRefusal) {
        switch refusal {
        case .notFollowing:
            self = .conflict(
                "This node follows no region: it is of a cluster that takes writes itself. Nothing has changed.")
        case .notYet(let words):
            self = .conflict(
                "The node is not promoted, and nothing has changed: \(words). PostgreSQL comes first: pg_ctl promote, or pg_promote()."
            )
        case .unavailable(let words):
            self = .unavailable("The node is not promoted, and nothing has changed: \(words).", retryAfter: 5)
        }
    }
}
