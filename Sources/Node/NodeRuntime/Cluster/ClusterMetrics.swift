import Founding
import PeerTransport

/// What is counted between nodes, under the names of Prometheus.
package enum ClusterMetrics {
    package struct Family: Sendable {
        package let name: String
        package let kind: String
        package let help: String
        package let samples: [(labels: [(String, String)], value: Double)]
    }

    static func families(_ gossip: GossipStatistics) -> [Family] {
        func labelled(_ counts: [String: Int], _ label: String) -> [(labels: [(String, String)], value: Double)] {
            counts.sorted { $0.key < $1.key }.map { ([(label, $0.key)], Double($0.value)) }
        }
        let members = gossip.members.map { ($0.key.name, $0.value) }
        return [
            Family(
                name: "vtag_gossip_frames_total", kind: "counter", help: "Frames of gossip, by direction",
                samples: [
                    ([("direction", "in")], Double(gossip.framesReceived)),
                    ([("direction", "out")], Double(gossip.framesSent)),
                ]),
            Family(
                name: "vtag_gossip_refused_total", kind: "counter",
                help: "Frames and claims that were not believed, by reason",
                samples: labelled(gossip.refused, "reason")),
            Family(
                name: "vtag_gossip_members", kind: "gauge", help: "Members, by what is known of them",
                samples: labelled(Dictionary(members) { first, _ in first }, "status")),
            Family(
                name: "vtag_gossip_conflicts_total", kind: "counter", help: "Two nodes seen under one id or name",
                samples: [([], Double(gossip.conflicts))]),
        ]
    }

    static func families(_ founding: FoundingStatistics) -> [Family] {
        [
            Family(
                name: "vtag_founding_refused_total", kind: "counter",
                help: "Founding messages that were not believed, by reason",
                samples: founding.refused.sorted { $0.key < $1.key }.map { ([("reason", $0.key)], Double($0.value)) })
        ]
    }

    static func families(_ peers: PeerMetrics) -> [Family] {
        peers.families.map { family in
            Family(
                name: family.name, kind: family.kind.rawValue, help: family.help,
                samples: family.samples.map { ($0.labels, Double($0.value)) })
        }
    }
}

extension Node {
    /// What is counted between nodes; nothing where the node is alone.
    package var clusterMetrics: [ClusterMetrics.Family] {
        guard let cluster else { return [] }
        return ClusterMetrics.families(cluster.links.metrics) + ClusterMetrics.families(cluster.gossip.statistics)
            + ClusterMetrics.families(cluster.links.foundingStatistics)
    }
}
