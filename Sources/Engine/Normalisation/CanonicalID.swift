package import Model

/// The one spelling under which a resource is stored, whatever form a payload or a person uses.
///
/// - AWS: EC2's own ids alone (`i-0abc…`), everything else as its ARN; see `AWSCanonicalID`.
/// - GCP: the full resource name (`//compute.googleapis.com/projects/…`); see `GCPCanonicalID`.
/// - Azure: the ARM id in lower case; see `AzureCanonicalID`.
package enum CanonicalID {
    /// Text that is no known form of an id stays as it is.
    package static func canonical(provider: Provider, _ text: String) -> String {
        switch provider {
        case .aws: AWSCanonicalID.canonical(text)
        case .gcp: GCPCanonicalID.canonical(text)
        case .azure: AzureCanonicalID.canonical(text)
        }
    }
}
