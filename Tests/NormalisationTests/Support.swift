import JSON
import Model
import Normalisation

/// Normalises a text, which must be JSON.
func normalised(
    _ text: String, provider: Provider = .aws, account: String? = nil, region: String? = nil, operation: String? = nil,
    resourceID: String? = nil
) throws -> NormalisedPayload {
    let hints = IngestHints(accountID: account, region: region, operation: operation, resourceID: resourceID)
    return try JSONParser().withDocument(text) { Normaliser.normalise($0, provider: provider, hints: hints) }
}

extension NormalisedPayload {
    func first(_ nativeID: String) -> Observation? { observations.first { $0.resourceID == nativeID } }
}

extension Observation {
    func targets(_ type: RelationshipType) -> [ResourceID] {
        relationships.filter { $0.type == type }.map(\.target)
    }

    var metadataValue: JSONValue? { metadata.flatMap { try? JSONValue(parsing: $0.bytes) } }
    var metadataText: String? { metadata.map { String(decoding: $0.bytes, as: UTF8.self) } }
}

func aws(_ nativeID: String) -> ResourceID { ResourceID(provider: .aws, nativeID: nativeID) }
