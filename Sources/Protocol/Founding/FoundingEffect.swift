package import Membership

/// What the runtime is to do, in order. If writing fails, nothing that comes behind it may be done.
package enum FoundingEffect: Equatable, Sendable {
    /// Ask the node at this address, and give its answer to `answered`. A failure needs no report.
    case send([UInt8], to: PeerAddress)
    /// The answer to the message that `received` was called with.
    case answer([UInt8])
    /// Write to disk, in the place of what was there.
    case persist(FoundingPledge)
    /// Write to disk: the node belongs to this cluster for good.
    case commit(ClusterFounding)
    /// This node is one of those that founded the cluster.
    case founded(ClusterFounding)
    /// There is a cluster already; some of its members are at `peers`.
    case joined(ClusterFounding, peers: [PeerAddress])
    /// For a person, who may have to do something about it.
    case notice(FoundingNotice)
    /// A message was not believed. No state was touched.
    case refused(FoundingRefusal)
}

/// Why there is no cluster yet, or something that cannot be meant so.
package enum FoundingNotice: Hashable, Sendable, CustomStringConvertible {
    /// Too few nodes are there.
    case waitingForNodes(present: [String], expected: Int)
    /// No node of a cluster was found, and this node may not found one.
    case waitingForCluster
    /// This node is promised to a founding that others have not answered.
    case waitingForPromises(of: [String], cluster: ClusterID)
    /// The node was started with other settings, so it does not count.
    case otherTerms(name: String, theirs: FoundingTerms, ours: FoundingTerms)
    /// Two nodes go by one name.
    case sharedName(String, PeerAddress, PeerAddress)
    /// Another process has this node's data directory, or a copy of it.
    case sharedIdentity(PeerAddress)
    /// A node is there that belongs to a cluster whose majority is not.
    case sleepingCluster(name: String, ClusterID)
    /// Nodes of two clusters are there.
    case twoClusters(name: String, ClusterID, other: String, ClusterID)
    /// This node's data directory is of one cluster, the other node's is of another.
    case foreignCluster(name: String, PeerAddress, theirs: ClusterID, ours: ClusterID)

    package var description: String {
        switch self {
        case .waitingForNodes(let present, let expected):
            "\(present.count) of \(expected) nodes that are to found the cluster are there: \(present.joined(separator: ", "))"
        case .waitingForCluster:
            "no node of a cluster answers at the addresses of --join; without --bootstrap-expect this node founds none"
        case .waitingForPromises(let names, let cluster):
            "the founding of cluster \(cluster.text) waits for \(names.joined(separator: ", ")); if a data directory "
                + "among these was lost, empty the data directories of all founders: nothing is stored in them yet"
        case .otherTerms(let name, let theirs, let ours):
            "node \"\(name)\" was started for a cluster of \(theirs.text), this node for one of \(ours.text); "
                + "start all nodes with the same settings"
        case .sharedName(let name, let one, let other):
            "two nodes are called \"\(name)\", at \(one) and at \(other); give each its own --node-id"
        case .sharedIdentity(let address):
            "the node at \(address) has a copy of this node's data directory; start it with an empty one"
        case .sleepingCluster(let name, let cluster):
            "node \"\(name)\" has data of cluster \(cluster.text), most of whose members do not answer; start them to join "
                + "that cluster, or empty the node's data directory to found a new one"
        case .twoClusters(let name, let cluster, let other, let otherCluster):
            "node \"\(name)\" is of cluster \(cluster.text) and node \"\(other)\" is of cluster \(otherCluster.text); "
                + "name members of one cluster only in --join"
        case .foreignCluster(let name, let address, let theirs, let ours):
            "node \"\(name)\" at \(address) is of cluster \(theirs.text), but this node's data directory is of cluster "
                + "\(ours.text); start this node with an empty data directory to join that cluster, or correct --join"
        }
    }

    /// The value of a metric's label.
    package var label: String {
        switch self {
        case .waitingForNodes: "waiting_for_nodes"
        case .waitingForCluster: "waiting_for_cluster"
        case .waitingForPromises: "waiting_for_promises"
        case .otherTerms: "other_terms"
        case .sharedName: "shared_name"
        case .sharedIdentity: "shared_identity"
        case .sleepingCluster: "sleeping_cluster"
        case .twoClusters: "two_clusters"
        case .foreignCluster: "foreign_cluster"
        }
    }
}

/// A message that was not believed.
package enum FoundingRefusal: Hashable, Sendable, CustomStringConvertible {
    case malformed(FoundingDamage)
    /// The certificate says another name than the message.
    case wrongName(certificate: String, message: String)

    package var description: String {
        switch self {
        case .malformed(let damage): "the bytes are no message: \(damage)"
        case .wrongName(let certificate, let message):
            "the certificate is of node \"\(certificate)\", the message of node \"\(message)\""
        }
    }

    /// The value of a metric's label.
    package var label: String {
        switch self {
        case .malformed: "malformed"
        case .wrongName: "wrong_name"
        }
    }
}

extension FoundingTerms {
    fileprivate var text: String {
        "\(founders) nodes, \(shards) shards and \(replicationFactor) replicas\(isRestored ? ", restored from PostgreSQL" : "")"
    }
}

extension ClusterID {
    /// 32 hexadecimal digits.
    package var text: String {
        func hex(_ word: UInt64) -> String {
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }
        return hex(high) + hex(low)
    }

    /// Nil unless `text` is 32 hexadecimal digits.
    package init?(text: String) {
        let digits = Array(text.utf8)
        guard digits.count == 32, digits.allSatisfy({ ($0 | 0x20) != 0x2B && $0 != 0x2D }),
            let high = UInt64(text.prefix(16), radix: 16), let low = UInt64(text.suffix(16), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }
}
