import Foundation
import JSON
import Model
import Normalisation
import Testing

/// Payloads recorded from real subscriptions. They are not part of the project: without them these tests are skipped.
@Suite(.enabled(if: Files.referenceData != nil, "no ../shared/data here: set VTAG_REFERENCE_DATA to the payloads' folder"))
struct AzureReferenceDataTests {
    static func payloads() throws -> [(file: URL, payload: NormalisedPayload)] {
        let parser = JSONParser()
        return try Files.payloads("azure").map { file in
            (
                file,
                try parser.withDocument(try Files.bytes(file)) {
                    Normaliser.normalise($0, provider: .azure, hints: IngestHints())
                }
            )
        }
    }

    @Test("All 291 resources are read, 98 of them with tags, and nothing is refused")
    func counts() throws {
        let payloads = try Self.payloads().map(\.payload)
        #expect(payloads.count == 132)
        #expect(payloads.reduce(0) { $0 + $1.items } == 291)
        let observations = payloads.flatMap(\.observations)
        #expect(observations.count == 291)
        #expect(payloads.flatMap(\.rejects).isEmpty)
        #expect(observations.count { $0.nativeTags?.isEmpty == false } == 98)
    }

    @Test("Every resource has a canonical id, a type, and sorted relationships of stated types")
    func wellFormed() throws {
        for observation in try Self.payloads().flatMap(\.payload.observations) {
            #expect(CanonicalID.canonical(provider: .azure, observation.resourceID) == observation.resourceID)
            #expect(
                observation.resourceType?.contains("/") == true
                    && observation.resourceType == observation.resourceType?.lowercased())
            #expect(observation.relationships == observation.relationships.sorted())
            #expect(Set(observation.relationships).count == observation.relationships.count)
            #expect(
                observation.relationships.allSatisfy {
                    observation.statedTypes.contains($0.type) && $0.target != observation.id
                })
            #expect(observation.metadata == nil || observation.metadataValue != nil)
        }
    }

    @Test("An id in a resource's properties that is another resource of the payloads is a relationship that resolves")
    func relationshipsResolve() throws {
        let payloads = try Self.payloads()
        let resources = Set(payloads.flatMap(\.payload.observations).map(\.id))
        var resolved: [RelationshipType: Int] = [:]
        for (file, payload) in payloads {
            let items = try JSONValue(parsing: try Files.bytes(file))["value"]?.array ?? []
            #expect(items.count == payload.observations.count)
            for (item, observation) in zip(items, payload.observations) {
                let wanted = Self.referenced(item["properties"] ?? .null).union(Self.referenced(item["managedBy"] ?? .null))
                    .intersection(resources).subtracting([observation.id])
                let missing = wanted.subtracting(observation.relationships.map(\.target))
                #expect(missing.isEmpty, "\(file.lastPathComponent): \(observation.resourceID)")
                for relationship in observation.relationships where resources.contains(relationship.target) {
                    resolved[relationship.type, default: 0] += 1
                }
            }
        }
        for type in [.inResourceGroup, .partOf, .attachedTo, .uses, .protectedBy] as [RelationshipType] {
            #expect(resolved[type, default: 0] > 0, "no relationship \(type.name) resolves within the payloads")
        }
    }

    private static func referenced(_ value: JSONValue) -> Set<ResourceID> {
        switch value {
        case .string(let text) where text.lowercased().hasPrefix("/subscriptions/"):
            [azure(CanonicalID.canonical(provider: .azure, text))]
        case .array(let elements): elements.reduce(into: []) { $0.formUnion(referenced($1)) }
        case .object(let members): members.reduce(into: []) { $0.formUnion(referenced($1.value)) }
        case .null, .bool, .int, .double, .string: []
        }
    }

    @Test("No payload traps when any of its values is replaced by one of another type", arguments: 0..<4)
    func mutations(part: Int) throws {
        let seed: UInt64 = 20_261_101 + UInt64(part)
        var generator = SplitMix64(state: seed)
        let parser = JSONParser()
        let replacements: [JSONValue] = [
            .null, .int(-1), .string(""), .string("/"), .string("/subscriptions/"), .array([.object([])]), .object([]),
            .bool(true),
        ]
        for file in try Files.payloads("azure") where generator.next() % 4 == 0 {
            let payload = try JSONValue(parsing: try Files.bytes(file))
            let positions = payload.valueCount
            guard positions < 2_000 else { continue }
            for position in 0..<positions where positions < 60 || generator.next() % 16 == 0 {
                let replacement = replacements[Int(generator.next() % UInt64(replacements.count))]
                let bytes = payload.replacing(position, by: replacement).serialised
                let result = try parser.withDocument(bytes) {
                    Normaliser.normalise($0, provider: .azure, hints: IngestHints())
                }
                #expect(result.rejects.allSatisfy { $0.index < result.items }, "seed \(seed), \(file.lastPathComponent)")
                #expect(result.observations.allSatisfy { !$0.resourceID.isEmpty })
            }
        }
    }
}
