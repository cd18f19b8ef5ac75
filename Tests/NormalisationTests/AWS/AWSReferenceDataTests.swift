import Foundation
import JSON
import Model
import Normalisation
import Testing

/// Payloads recorded from real accounts. They are not part of the project: without them these tests are skipped.
@Suite(.enabled(if: Files.referenceData != nil, "no ../shared/data here: set VTAG_REFERENCE_DATA to the payloads' folder"))
struct AWSReferenceDataTests {
    /// Items of each folder, from the payloads' README, and how many of them no payload names.
    static let folders: [(name: String, items: Int, unnamed: Int)] = [
        ("dynamodb.describe-table", 7, 0), ("dynamodb.list-tables", 5, 0), ("dynamodb.list-tags-of-resource", 2, 2),
        ("ec2.describe-images", 13, 0), ("ec2.describe-instances", 141, 0), ("ec2.describe-network-interfaces", 49, 0),
        ("ec2.describe-security-groups", 86, 0), ("ec2.describe-snapshots", 36, 0), ("ec2.describe-subnets", 94, 0),
        ("ec2.describe-volumes", 46, 0), ("ec2.describe-vpcs", 32, 0), ("ecs.describe-clusters", 12, 0),
        ("ecs.describe-container-instances", 8, 0), ("ecs.describe-services", 12, 0), ("ecs.describe-task-definition", 3, 0),
        ("ecs.describe-tasks", 7, 0), ("ecs.list-clusters", 22, 0), ("ecs.list-container-instances", 6, 0),
        ("ecs.list-services", 7, 0), ("ecs.list-task-definitions", 3, 0), ("ecs.list-tasks", 6, 0),
        ("eks.describe-addon", 2, 0), ("eks.describe-cluster", 15, 0), ("eks.describe-nodegroup", 3, 0),
        ("eks.list-clusters", 18, 0), ("eks.list-nodegroups", 3, 0), ("elb.describe-load-balancers", 12, 0),
        ("elbv2.describe-load-balancers", 10, 0), ("elbv2.describe-tags", 10, 0), ("elbv2.describe-target-groups", 9, 0),
        ("iam.list-roles", 19, 0), ("lambda.list-functions", 30, 0), ("rds.describe-db-instances", 64, 0),
        ("resourcegroupstaggingapi.get-resources", 371, 0), ("s3.get-bucket-tagging", 2, 2), ("s3.list-buckets", 217, 0),
        ("sns.get-topic-attributes", 17, 0), ("sns.list-subscriptions", 2, 0), ("sns.list-tags-for-resource", 1, 1),
        ("sns.list-topics", 12, 0), ("sqs.get-queue-attributes", 31, 4), ("sqs.list-queues", 23, 0),
    ]

    static func normalised(_ folder: String, operation: String?, resourceID: String? = nil) throws -> [NormalisedPayload] {
        let parser = JSONParser()
        let hints = IngestHints(operation: operation, resourceID: resourceID)
        return try Files.payloads("aws/" + folder).map { file in
            try parser.withDocument(try Files.bytes(file)) { Normaliser.normalise($0, provider: .aws, hints: hints) }
        }
    }

    @Test("Every folder gives the documented number of resources, with and without ?operation=", arguments: folders)
    func counts(folder: (name: String, items: Int, unnamed: Int)) throws {
        for operation in [nil, folder.name] {
            let payloads = try Self.normalised(folder.name, operation: operation)
            #expect(payloads.reduce(0) { $0 + $1.items } == folder.items)
            #expect(payloads.reduce(0) { $0 + $1.observations.count } == folder.items - folder.unnamed)
            let rejects = payloads.flatMap(\.rejects)
            #expect(rejects.count == folder.unnamed)
            #expect(rejects.allSatisfy { $0.detail.contains("?resource_id=") })
        }
    }

    @Test("An answer that does not name its resource is read when the request does")
    func hinted() throws {
        for folder in Self.folders where folder.unnamed > 0 {
            let service = folder.name.prefix { $0 != "." }
            let arn =
                switch service {
                case "s3": "arn:aws:s3:::hinted"
                case "dynamodb": "arn:aws:dynamodb:us-east-1:123456789012:table/hinted"
                default: "arn:aws:\(service):us-east-1:123456789012:hinted"
                }
            for payload in try Self.normalised(folder.name, operation: folder.name, resourceID: arn) {
                #expect(payload.rejects.isEmpty)
                #expect(payload.observations.count == payload.items)
            }
        }
    }

    @Test("Every resource has a type, a canonical id, and sorted relationships of stated types")
    func wellFormed() throws {
        for folder in Self.folders {
            for observation in try Self.normalised(folder.name, operation: nil).flatMap(\.observations) {
                #expect(observation.resourceType?.contains(".") == true)
                #expect(CanonicalID.canonical(provider: .aws, observation.resourceID) == observation.resourceID)
                #expect(observation.relationships == observation.relationships.sorted())
                #expect(Set(observation.relationships).count == observation.relationships.count)
                #expect(observation.relationships.allSatisfy { observation.statedTypes.contains($0.type) })
                #expect(observation.metadata.map { $0.bytes.count <= 4_096 } ?? true)
                #expect(observation.metadata == nil || observation.metadataValue != nil)
            }
        }
    }

    @Test("A relationship's target is the canonical id of something that its payload names, so that it resolves")
    func relationshipsResolve() throws {
        var resources: Set<ResourceID> = []
        for folder in Self.folders {
            resources.formUnion(try Self.normalised(folder.name, operation: nil).flatMap(\.observations).map(\.id))
        }
        var resolved: [RelationshipType: Int] = [:]
        for folder in Self.folders {
            for (file, payload) in zip(
                try Files.payloads("aws/" + folder.name), try Self.normalised(folder.name, operation: nil))
            {
                let named = Self.namedIDs(try JSONValue(parsing: try Files.bytes(file)))
                for observation in payload.observations {
                    for relationship in observation.relationships {
                        if resources.contains(relationship.target) { resolved[relationship.type, default: 0] += 1 }
                        if relationship.type == .inAccount {
                            #expect(relationship.target == observation.accountID.map(aws))
                        } else if relationship.type != .inCluster, relationship.type != .encryptedWith {
                            // Clusters and keys may be given by name, which becomes an ARN.
                            #expect(
                                named.contains(relationship.target), "\(observation.resourceID) \(relationship.type.name)")
                        }
                    }
                }
            }
        }
        for type in [.inSubnet, .inNetwork, .attachedTo, .memberOf, .createdFrom, .inCluster, .targetOf]
            as [RelationshipType]
        {
            #expect(resolved[type, default: 0] > 0, "no relationship \(type.name) resolves within the payloads")
        }
    }

    /// Ids of all texts of a payload, in canonical form and as what they refer to.
    private static func namedIDs(_ value: JSONValue) -> Set<ResourceID> {
        var ids: Set<ResourceID> = []
        func visit(_ value: JSONValue) {
            switch value {
            case .string(let text):
                ids.insert(aws(CanonicalID.canonical(provider: .aws, text)))
                if text.hasPrefix("{"), let nested = try? JSONValue(parsing: text) { visit(nested) }
            case .array(let elements): elements.forEach(visit)
            case .object(let members): members.forEach { visit($0.value) }
            case .null, .bool, .int, .double: break
            }
        }
        visit(value)
        return ids
    }

    @Test("No payload traps when any of its values is replaced by one of another type", arguments: 0..<4)
    func mutations(part: Int) throws {
        let seed: UInt64 = 20_260_930 + UInt64(part)
        var generator = SplitMix64(state: seed)
        let parser = JSONParser()
        let replacements: [JSONValue] = [
            .null, .int(-1), .string(""), .string("x"), .array([.object([])]), .object([]), .bool(true),
        ]
        for folder in Self.folders {
            for file in try Files.payloads("aws/" + folder.name) where generator.next() % 8 == 0 {
                let payload = try JSONValue(parsing: try Files.bytes(file))
                let positions = payload.valueCount
                guard positions < 2_000 else { continue }
                for position in 0..<positions where positions < 60 || generator.next() % 16 == 0 {
                    let replacement = replacements[Int(generator.next() % UInt64(replacements.count))]
                    let bytes = payload.replacing(position, by: replacement).serialised
                    let hints = IngestHints(operation: generator.next() % 2 == 0 ? folder.name : nil)
                    let result = try parser.withDocument(bytes) { Normaliser.normalise($0, provider: .aws, hints: hints) }
                    #expect(result.rejects.allSatisfy { $0.index < result.items }, "seed \(seed), \(file.lastPathComponent)")
                    #expect(result.observations.allSatisfy { !$0.resourceID.isEmpty })
                }
            }
        }
    }
}
