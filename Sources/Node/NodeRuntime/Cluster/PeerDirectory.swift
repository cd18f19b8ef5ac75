import Consensus
import Founding
import Membership
import NIOConcurrencyHelpers
import PeerTransport
import Placement

/// Where each replica of the cluster is reached, from all that this node has been told. Any thread.
final class PeerDirectory: Sendable {
    struct Endpoint: Hashable, Sendable {
        let address: PeerAddress
        /// Whom its certificate must name.
        let name: PeerName?
    }

    private struct Sources {
        var founders: [ReplicaID: Endpoint] = [:]
        /// Committed in the system shard.
        var members: [ReplicaID: Endpoint] = [:]
        /// From gossip: the newest there is.
        var present: [ReplicaID: Endpoint] = [:]
        /// Names of the committed members that are not gone for good.
        var memberNames: Set<PeerName> = []

        func isKnown(_ name: PeerName) -> Bool {
            memberNames.contains(name) || present.values.contains { $0.name == name }
                || memberNames.isEmpty && founders.values.contains { $0.name == name }
        }
    }

    private let sources = NIOLockedValueBox(Sources())

    init() {}

    subscript(_ replica: ReplicaID) -> Endpoint? {
        sources.withLockedValue { $0.present[replica] ?? $0.members[replica] ?? $0.founders[replica] }
    }

    /// Whether the node with that certificate belongs to the cluster: as a committed member, or to gossip's knowledge, which may
    /// be newer. A certificate that still counts is not enough: its node may have been removed. In clear text, on loopback,
    /// everybody is believed.
    func isKnown(_ peer: PeerName?) -> Bool {
        guard let peer else { return true }
        return sources.withLockedValue { $0.isKnown(peer) }
    }

    func founded(_ founding: ClusterFounding) {
        let founders = founding.founders.map {
            (ReplicaID($0.replica), Endpoint(address: $0.peer, name: PeerName($0.name)))
        }
        sources.withLockedValue { $0.founders = Dictionary(founders) { first, _ in first } }
    }

    func committed(_ cluster: ClusterState) {
        let members = cluster.members.values.compactMap { member in
            PeerAddress(text: member.peerAddress).map {
                (ReplicaID(member.replica), Endpoint(address: $0, name: PeerName(member.name)))
            }
        }
        let names = cluster.members.values.filter(\.state.isPresent).compactMap { PeerName($0.name) }
        sources.withLockedValue { sources in
            sources.members = Dictionary(members) { first, _ in first }
            sources.memberNames = Set(names)
        }
    }

    func heard(_ view: MembershipView) {
        let present = view.present.map {
            (ReplicaID($0.replica), Endpoint(address: $0.peer, name: PeerName($0.name)))
        }
        sources.withLockedValue { $0.present = Dictionary(present) { first, _ in first } }
    }
}

extension PeerAddress {
    /// Nil unless `text` is `host:port`.
    package init?(text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
        let host = text[..<colon]
        guard !host.isEmpty, host.utf8.count <= MembershipLimits.hostBytesMax else { return nil }
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? host.dropFirst().dropLast() : host
        self.init(host: String(bare), port: port)
    }
}
