import Synchronization

/// Counters of the traffic between nodes. Any thread may count and read.
package final class PeerMetrics: Sendable {
    /// A number that is counted up, and down if it is a gauge. Relaxed: nobody concludes anything from two of them.
    package final class Counter: Sendable {
        private let number = Atomic<Int>(0)

        package var value: Int { number.load(ordering: .relaxed) }
        func add(_ amount: Int = 1) { number.add(amount, ordering: .relaxed) }
    }

    /// `vtag_peer_requests_total{direction="in"|"out"}`: requests that were served, and sent.
    package let requestsIn = Counter()
    package let requestsOut = Counter()
    /// `vtag_peer_bytes_total{direction=…}`: bytes of bodies, of requests and answers alike.
    package let bytesIn = Counter()
    package let bytesOut = Counter()
    /// `vtag_peer_failures_total`: requests that were sent and got no answer.
    package let failures = Counter()
    /// `vtag_peer_connections{direction=…}`, a gauge.
    package let connectionsIn = Counter()
    package let connectionsOut = Counter()
    /// `vtag_peer_dials_total` and `vtag_peer_dial_failures_total`.
    package let dials = Counter()
    package let dialFailures = Counter()
    private let refusals = PeerRefusal.allCases.map { _ in Counter() }

    package init() {}

    /// `vtag_peer_refused_total{reason=…}`.
    package func refused(_ reason: PeerRefusal) -> Int { counter(of: reason).value }

    func countRefusal(_ reason: PeerRefusal) { counter(of: reason).add() }

    private func counter(of reason: PeerRefusal) -> Counter {
        guard let index = PeerRefusal.allCases.firstIndex(of: reason) else {
            preconditionFailure("\(reason) is not counted")
        }
        return refusals[index]
    }
}

extension PeerMetrics {
    package struct Family: Sendable {
        package enum Kind: String, Sendable { case counter, gauge }

        package let name: String
        package let kind: Kind
        package let help: String
        package let samples: [(labels: [(String, String)], value: Int)]
    }

    /// Everything, under the names of Prometheus.
    package var families: [Family] {
        func directions(_ name: String, _ kind: Family.Kind, _ help: String, _ inward: Counter, _ outward: Counter) -> Family
        {
            Family(
                name: name, kind: kind, help: help,
                samples: [([("direction", "in")], inward.value), ([("direction", "out")], outward.value)])
        }
        func single(_ name: String, _ help: String, _ counter: Counter) -> Family {
            Family(name: name, kind: .counter, help: help, samples: [([], counter.value)])
        }
        return [
            directions(
                "vtag_peer_requests_total", .counter, "Requests between nodes, served and sent", requestsIn, requestsOut),
            directions("vtag_peer_bytes_total", .counter, "Bytes of bodies between nodes", bytesIn, bytesOut),
            directions("vtag_peer_connections", .gauge, "Open connections between nodes", connectionsIn, connectionsOut),
            single("vtag_peer_failures_total", "Requests to other nodes that got no answer", failures),
            single("vtag_peer_dials_total", "Connections to other nodes that were tried", dials),
            single("vtag_peer_dial_failures_total", "Connections to other nodes that did not come about", dialFailures),
            Family(
                name: "vtag_peer_refused_total", kind: .counter, help: "Connections and requests of other nodes refused",
                samples: PeerRefusal.allCases.map { ([("reason", $0.rawValue)], refused($0)) }),
        ]
    }
}
