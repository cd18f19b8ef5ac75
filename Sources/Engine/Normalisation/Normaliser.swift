package import JSON
package import Model

/// What the request says of a payload beside the payload itself (`?account_id=&region=&operation=&resource_id=`).
package struct IngestHints: Hashable, Sendable {
    /// AWS account, GCP project or Azure subscription.
    package var accountID: String?
    package var region: String?
    /// Service and call as the provider's command line spells them: `ec2.describe-volumes`, `compute.instances.list`.
    package var operation: String?
    /// The resource that an answer without a name (`get-bucket-tagging`) is about, in any of its forms.
    package var resourceID: String?

    package init(
        accountID: String? = nil, region: String? = nil, operation: String? = nil, resourceID: String? = nil
    ) {
        self.accountID = accountID
        self.region = region
        self.operation = operation
        self.resourceID = resourceID
    }
}

/// What one payload says.
package struct NormalisedPayload: Hashable, Sendable {
    /// An item that is no resource, and why, in words for the person who sent it.
    package struct Reject: Hashable, Sendable {
        /// Position among the payload's items, from 0.
        package let index: Int
        package let detail: String

        package init(index: Int, detail: String) {
            self.index = index
            self.detail = detail
        }
    }

    /// How many rejects are kept in words; all are counted.
    package static let rejectsMax = 1_000

    /// Resources that the payload names, refused ones included.
    package var items = 0
    package var observations: [Observation] = []
    /// The first `rejectsMax` of them.
    package private(set) var rejects: [Reject] = []
    /// All of them.
    package private(set) var rejectedCount = 0

    package init() {}

    package mutating func reject(_ index: Int, _ detail: @autoclosure () -> String) {
        rejectedCount += 1
        guard rejects.count < Self.rejectsMax else { return }
        rejects.append(Reject(index: index, detail: detail()))
    }
}

/// Turns a provider's own payload into observations. Pure: the same payload and hints give the same observations.
package enum Normaliser {
    /// Accepts whatever parses as JSON: what is of no use becomes a reject, never an error.
    package static func normalise(_ payload: JSONView, provider: Provider, hints: IngestHints) -> NormalisedPayload {
        var result = NormalisedPayload()
        switch provider {
        case .aws: AWSNormaliser.normalise(payload, hints: hints, into: &result)
        case .gcp: GCPNormaliser.normalise(payload, hints: hints, into: &result)
        case .azure: AzureNormaliser.normalise(payload, hints: hints, into: &result)
        }
        return result
    }
}

extension JSONView {
    /// Most members that a message names.
    private static let membersNamedMax = 5

    /// `among the members foo, bar`, for the message that nothing in an object was recognised.
    var membersInWords: String {
        let names = members.prefix(Self.membersNamedMax).compactMap { $0.key.string?.prefix(40) }
        let more = count > names.count ? " …" : ""
        return "among the members \(names.map { "`\($0)`" }.joined(separator: ", "))\(more)"
    }
}
