import Model
import Normalisation

/// A resource as a caller names it: by our id, or by the provider's own in any of its forms.
struct ResourceReference: Sendable {
    /// Longest accepted name in bytes.
    static let bytesMax = 2_048

    let text: String

    init(_ text: String) { self.text = text }

    /// The ids that the name may stand for, likeliest first. A UUID is ours, unless no resource has it: Azure names some
    /// things by UUIDs.
    var candidates: [ResourceID] {
        let native = Provider.allCases.map {
            ResourceID(provider: $0, nativeID: CanonicalID.canonical(provider: $0, text))
        }
        return (UUID128(text).map { [ResourceID($0)] } ?? []) + native
    }

    /// The resource's id; nil when there is none of this name.
    func resolve(_ call: Call) async throws -> ResourceID? {
        for candidate in candidates where try await call.record(of: candidate) != nil { return candidate }
        return nil
    }

    /// The resource; nil when there is none of this name.
    func record(_ call: Call) async throws -> ResourceRecord? {
        for candidate in candidates {
            if let record = try await call.record(of: candidate) { return record }
        }
        return nil
    }
}
