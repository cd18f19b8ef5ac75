import Foundation
import JSON
import Model
import Normalisation
import Yams

/// The samples' resources, multiplied: each copy has an id and a name of its own, 5 provider's tags and 3 relationships.
///
/// The fifth tag says which thousand a resource belongs to, so that a rule can be made that holds for so many resources.
struct MultipliedSamples {
    static let thousandKey = "batch"
    static let tagsPerResource = 5
    static let relationshipsPerResource = 3

    /// Each once.
    let originals: [Observation]

    /// `directory`: the samples', with their `manifest.yaml`.
    init(directory: String) throws {
        let text = try String(contentsOfFile: "\(directory)/manifest.yaml", encoding: .utf8)
        let parser = JSONParser()
        var seen: Set<ResourceID> = []
        var originals: [Observation] = []
        for entry in try JSONValue(yaml: text)["files"]?.array ?? [] {
            guard let file = entry["file"]?.string, let endpoint = entry["endpoint"]?.string,
                let provider = Provider(rawValue: String(endpoint.dropFirst("/ingest/".count))), file.hasSuffix(".json")
            else { continue }
            let query = entry["query"]
            let hints = IngestHints(
                accountID: query?["account_id"]?.string, region: query?["region"]?.string,
                operation: query?["operation"]?.string, resourceID: query?["resource_id"]?.string)
            let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(directory)/\(file)")))
            let payload = try parser.withDocument(bytes) { Normaliser.normalise($0, provider: provider, hints: hints) }
            for observation in payload.observations
            where observation.kind == .described && seen.insert(observation.id).inserted {
                originals.append(observation)
            }
        }
        self.originals = originals
    }

    static func name(ofThousand thousand: Int) -> String { "b\(thousand)" }

    /// Resource `number` of as many as are wanted.
    func observation(_ number: Int) -> Observation {
        let original = originals[number % originals.count]
        let copy = number / originals.count
        var tags = Array(
            (original.nativeTags?.tags ?? []).filter { $0.key != Self.thousandKey }.prefix(Self.tagsPerResource - 1))
        for filler in Self.fillers where tags.count < Self.tagsPerResource - 1 {
            if !tags.contains(where: { $0.key == filler.key }) { tags.append(filler) }
        }
        tags.append(Tag(Self.thousandKey, Self.name(ofThousand: number / 1_000)))
        var relationships = Array(original.relationships.prefix(Self.relationshipsPerResource))
        for position in relationships.count..<Self.relationshipsPerResource {
            let target = ResourceID(provider: original.provider, nativeID: "group-\((number + position * 7) % 400)")
            relationships.append(Relationship(.memberOf, to: target))
        }
        return Observation(
            provider: original.provider, resourceID: "\(original.resourceID)-\(copy)", resourceType: original.resourceType,
            name: original.name.map { "\($0)-\(copy)" }, accountID: original.accountID, region: original.region,
            nativeTags: TagList(tags), metadata: original.metadata, relationships: relationships)
    }

    private static let fillers = [
        Tag("billing", "shared"), Tag("contact", "platform@brindlewick.example"), Tag("created-by", "terraform"),
        Tag("tier", "2"),
    ]
}
