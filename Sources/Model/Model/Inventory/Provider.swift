/// A cloud.
package enum Provider: String, CaseIterable, Sendable, Codable {
    case aws, gcp, azure

    /// Stable number in stored records.
    package var code: UInt8 {
        switch self {
        case .aws: 1
        case .gcp: 2
        case .azure: 3
        }
    }

    package init?(code: UInt8) {
        switch code {
        case 1: self = .aws
        case 2: self = .gcp
        case 3: self = .azure
        default: return nil
        }
    }
}
