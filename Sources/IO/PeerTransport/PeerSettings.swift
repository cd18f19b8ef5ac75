package import Logging
package import Membership

/// What listener and pools of a node have in common.
package struct PeerSettings: Sendable {
    /// nil for clear text, which goes over loopback only.
    package var tls: PeerTLS?
    package var cluster: PeerCluster
    /// The versions of the protocol between nodes that this one speaks.
    package var protocols = ProtocolRange.current
    /// Paths that are open to nodes that belong to no cluster yet, and on which a node that belongs to none takes requests.
    package var foundingPaths: Set<String> = ["/founding"]
    package var limits = PeerLimits()
    package var metrics: PeerMetrics
    package var logger: Logger

    package init(tls: PeerTLS?, cluster: PeerCluster, metrics: PeerMetrics = PeerMetrics(), logger: Logger) {
        self.tls = tls
        self.cluster = cluster
        self.metrics = metrics
        self.logger = logger
    }
}
