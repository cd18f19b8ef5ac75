package import Model

/// Keys of native tags that a provider writes for itself. They say nothing that people meant, so they stay out of the
/// virtual layer; conditions and copies still read them as `native_tags.KEY`.
package enum ReservedKeys {
    /// What a reserved key begins with, in lower case, by provider.
    ///
    /// - AWS: `aws:` is refused to everyone else (AWS General Reference, "Tag naming limits"). `AmazonECSManaged` and
    ///   `AmazonFSx.` mark what those services made; `elasticbeanstalk:` and `eks:` likewise.
    /// - Google: `goog-` is reserved for its services (Resource Manager, "Requirements for labels"); `gke-` and `k8s-io-`
    ///   are GKE's on nodes and disks.
    /// - Azure: `hidden-` and `link:` steer the portal's display; `ms-resource-usage` and `aks-managed-` mark what a
    ///   service made.
    private static func prefixes(of provider: Provider) -> [StaticString] {
        switch provider {
        case .aws: ["aws:", "amazonecsmanaged", "amazonfsx.", "elasticbeanstalk:", "eks:"]
        case .gcp: ["goog-", "gke-", "k8s-io-"]
        case .azure: ["hidden-", "link:", "ms-resource-usage", "aks-managed-"]
        }
    }

    package static func contains(_ key: String, of provider: Provider) -> Bool {
        let lower = key.lowercased()
        return prefixes(of: provider).contains { lower.hasPrefix($0.description) }
    }
}
