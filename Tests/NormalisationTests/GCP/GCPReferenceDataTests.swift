import Foundation
import JSON
import Model
import Normalisation
import Testing

/// Payloads recorded from real projects. They are not part of the project: without them these tests are skipped.
@Suite(.enabled(if: Files.referenceData != nil, "no ../shared/data here: set VTAG_REFERENCE_DATA to the payloads' folder"))
struct GCPReferenceDataTests {
    /// Folder and items, from the table in the payloads' README.
    static func folders() throws -> [(name: String, items: Int)] {
        let readme = String(
            decoding: try Files.bytes(#require(Files.referenceData).appending(path: "README.md")), as: UTF8.self)
        return readme.split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count > 2, cells[0].hasPrefix("`gcp/"), let items = Int(cells[2]) else { return nil }
            return (String(cells[0].dropFirst("`gcp/".count).dropLast(2)), items)
        }
    }

    static func normalised(_ folder: String, operation: String?) throws -> [NormalisedPayload] {
        let parser = JSONParser()
        return try Files.payloads("gcp/" + folder).map { file in
            try parser.withDocument(try Files.bytes(file)) {
                Normaliser.normalise($0, provider: .gcp, hints: IngestHints(operation: operation))
            }
        }
    }

    @Test("Every folder gives the documented number of resources, with and without ?operation=, and no rejects")
    func counts() throws {
        let folders = try Self.folders()
        #expect(folders.count == 74)
        for folder in folders {
            for operation in [nil, folder.name] {
                let payloads = try Self.normalised(folder.name, operation: operation)
                #expect(payloads.reduce(0) { $0 + $1.items } == folder.items, "\(folder.name)")
                #expect(payloads.reduce(0) { $0 + $1.observations.count } == folder.items, "\(folder.name)")
                let rejects = payloads.flatMap(\.rejects)
                #expect(rejects.isEmpty, "\(folder.name): \(rejects)")
            }
        }
    }

    @Test("The operation's service is the type's, and the labels are those of the payload")
    func types() throws {
        var labelled = 0
        for folder in try Self.folders() where !folder.name.hasPrefix("cloudasset.") {
            let service = folder.name.prefix { $0 != "." }
            for observation in try Self.normalised(folder.name, operation: folder.name).flatMap(\.observations) {
                #expect(
                    observation.resourceType?.hasPrefix("\(service).") == true,
                    "\(folder.name): \(observation.resourceType ?? "nil")")
                if observation.nativeTags?.isEmpty == false { labelled += 1 }
            }
        }
        #expect(labelled == 66)
    }

    @Test("Every resource has a canonical id, and sorted relationships of stated types")
    func wellFormed() throws {
        for folder in try Self.folders() {
            for observation in try Self.normalised(folder.name, operation: nil).flatMap(\.observations) {
                #expect(observation.resourceID.hasPrefix("//"))
                #expect(CanonicalID.canonical(provider: .gcp, observation.resourceID) == observation.resourceID)
                #expect(observation.relationships == observation.relationships.sorted())
                #expect(Set(observation.relationships).count == observation.relationships.count)
                #expect(observation.relationships.allSatisfy { observation.statedTypes.contains($0.type) })
                #expect(observation.relationships.allSatisfy { $0.target != observation.id })
                #expect(observation.metadata == nil || observation.metadataValue != nil)
            }
        }
    }

    @Test("A link in a payload to a resource of the payloads is a relationship that resolves")
    func relationshipsResolve() throws {
        var resources: Set<ResourceID> = []
        for folder in try Self.folders() {
            resources.formUnion(try Self.normalised(folder.name, operation: folder.name).flatMap(\.observations).map(\.id))
        }
        var resolved: [RelationshipType: Int] = [:]
        for folder in try Self.folders() {
            for (file, payload) in zip(
                try Files.payloads("gcp/" + folder.name), try Self.normalised(folder.name, operation: folder.name))
            {
                // Where a file describes one resource, every link in it (but to its own parts) is that resource's.
                if payload.observations.count == 1 {
                    let observation = payload.observations[0]
                    let wanted = Set(
                        Self.linked(try JSONValue(parsing: try Files.bytes(file)))
                            .filter { !$0.hasPrefix(observation.resourceID) }.map(gcp)
                    ).intersection(resources)
                    let missing = wanted.subtracting(observation.relationships.map(\.target))
                    #expect(missing.isEmpty, "\(file.lastPathComponent): \(observation.resourceID)")
                }
                for relationship in payload.observations.flatMap(\.relationships)
                where resources.contains(relationship.target) {
                    resolved[relationship.type, default: 0] += 1
                }
            }
        }
        for type in [.inProject, .inNetwork, .partOf, .uses, .subscribesTo] as [RelationshipType] {
            #expect(resolved[type, default: 0] > 0, "no relationship \(type.name) resolves within the payloads")
        }
    }

    /// Names that a payload's links lead to; lists that a network keeps of its subnetworks are the subnetworks' to state.
    private static func linked(_ value: JSONValue) -> Set<String> {
        switch value {
        case .string(let text) where text.hasPrefix("https://www.googleapis.com/") || text.hasPrefix("projects/"):
            [CanonicalID.canonical(provider: .gcp, text)]
        case .array(let elements): elements.reduce(into: []) { $0.formUnion(linked($1)) }
        case .object(let members):
            members.reduce(into: []) { if $1.name != "subnetworks" { $0.formUnion(linked($1.value)) } }
        case .null, .bool, .int, .double, .string: []
        }
    }

    @Test("Every line of the asset inventories is a resource")
    func inventories() throws {
        let parser = JSONParser()
        let folder = try #require(Files.referenceData).appending(path: "more/gcp/cloud_asset_inventory")
        var assets = 0
        for file in ["forseti_cai_additional.jsonl", "policy_library_assets.jsonl"] {
            for line in try Files.bytes(folder.appending(path: file)).split(separator: UInt8(ascii: "\n")) {
                let payload = try parser.withDocument(Array(line)) {
                    Normaliser.normalise($0, provider: .gcp, hints: IngestHints())
                }
                #expect(payload.rejects.isEmpty && payload.observations.count == 1)
                assets += payload.items
            }
        }
        #expect(assets == 327)
    }

    @Test("No payload traps when any of its values is replaced by one of another type", arguments: 0..<4)
    func mutations(part: Int) throws {
        let seed: UInt64 = 20_261_001 + UInt64(part)
        var generator = SplitMix64(state: seed)
        let parser = JSONParser()
        let replacements: [JSONValue] = [
            .null, .int(-1), .string(""), .string("//"), .string("projects/"), .array([.object([])]), .object([]),
            .bool(true),
        ]
        for folder in try Self.folders() {
            for file in try Files.payloads("gcp/" + folder.name) where generator.next() % 4 == 0 {
                let payload = try JSONValue(parsing: try Files.bytes(file))
                let positions = payload.valueCount
                guard positions < 2_000 else { continue }
                for position in 0..<positions where positions < 60 || generator.next() % 16 == 0 {
                    let replacement = replacements[Int(generator.next() % UInt64(replacements.count))]
                    let bytes = payload.replacing(position, by: replacement).serialised
                    let hints = IngestHints(operation: generator.next() % 2 == 0 ? folder.name : nil)
                    let result = try parser.withDocument(bytes) { Normaliser.normalise($0, provider: .gcp, hints: hints) }
                    #expect(result.rejects.allSatisfy { $0.index < result.items }, "seed \(seed), \(file.lastPathComponent)")
                    #expect(result.observations.allSatisfy { !$0.resourceID.isEmpty })
                }
            }
        }
    }
}
