import JSON
import Model
import Testing

@testable import API

@Suite("What lies around a resource, over a socket")
struct LiveNeighbourTests {
    private static let payloads = [
        (
            "ec2.describe-instances",
            """
            {"Reservations":[{"OwnerId":"111122223333","Instances":[
            {"InstanceId":"i-1","SubnetId":"subnet-1","VpcId":"vpc-1","ImageId":"ami-1","SecurityGroups":[{"GroupId":"sg-1"}],
            "Tags":[{"Key":"Name","Value":"web"}]},
            {"InstanceId":"i-2","SubnetId":"subnet-1","VpcId":"vpc-1","ImageId":"ami-1","SecurityGroups":[{"GroupId":"sg-1"}]}]}]}
            """
        ),
        (
            "ec2.describe-volumes",
            """
            {"Volumes":[{"VolumeId":"vol-1","Size":8,"SnapshotId":"snap-1","Attachments":[{"InstanceId":"i-1","VolumeId":"vol-1"}]}]}
            """
        ),
        ("ec2.describe-subnets", #"{"Subnets":[{"SubnetId":"subnet-1","VpcId":"vpc-1"}]}"#),
        ("ec2.describe-vpcs", #"{"Vpcs":[{"VpcId":"vpc-1"}]}"#),
    ]

    private func filled(_ body: @Sendable @escaping (LiveAPI) async throws -> Void) async throws {
        try await LiveAPI.run { api in
            for (operation, document) in Self.payloads {
                let path = "/ingest/aws?account_id=111122223333&region=eu-west-1&operation=\(operation)"
                let answer = try await api.send("POST", path, json: document)
                #expect(try answer.status == 200 && answer.json["errors"]?.array == [], "\(answer.text)")
            }
            try await body(api)
        }
    }

    private func id(_ api: LiveAPI, _ name: String) async throws -> String {
        let found = try await api.send("GET", "/resources?resource_id=\(name)").json["items"]?.array?.first?["id"]?.string
        return try #require(found)
    }

    /// `distance type direction resource_id`, sorted.
    private func lines(_ answer: Answer) throws -> [String] {
        #expect(answer.status == 200, "\(answer.text)")
        return (try answer.json["items"]?.array ?? []).map { item in
            let via = item["via"] ?? .null
            let name = item["resource_id"]?.string ?? item["labels"]?.array?.first?.string ?? ""
            return "\(item["distance"]?.int ?? 0) \(via["type"]?.string ?? "") \(via["direction"]?.string ?? "") \(name)"
        }.sorted()
    }

    @Test("Neighbours come nearest first, by type, direction and depth, each once, and their end is told")
    func neighbours() async throws {
        try await filled { api in
            let path = "/resources/\(try await id(api, "i-1"))/neighbors"
            let near = try lines(try await api.send("GET", path))
            #expect(near.contains("1 ATTACHED_TO in vol-1") && near.contains("1 PART_OF_SUBNET out subnet-1"), "\(near)")
            #expect(near.contains { $0.hasPrefix("1 ") && $0.hasSuffix(" Unobserved") }, "the image: \(near)")
            #expect(!near.contains { $0.contains("i-2") || $0.contains("Tag") || $0.contains("Region") })
            #expect(try lines(try await api.send("GET", path + "?types=attached_to")) == ["1 ATTACHED_TO in vol-1"])
            #expect(try lines(try await api.send("GET", path + "?types=attached_to&direction=out")) == [])
            let both = try lines(try await api.send("GET", path + "?types=attached_to,PART_OF_SUBNET&depth=2"))
            #expect(both == ["1 ATTACHED_TO in vol-1", "1 PART_OF_SUBNET out subnet-1", "2 PART_OF_SUBNET in i-2"])
            let shared = try lines(try await api.send("GET", path + "?types=TAGGED,IN_REGION,RESOURCE"))
            #expect(shared.contains("1 IN_REGION out Region") && shared.contains("1 RESOURCE in Account"), "\(shared)")
            let cut = try await api.send("GET", path + "?limit=1&depth=4").json
            #expect(cut["items"]?.array?.count == 1 && cut["truncated"]?.bool == true)
            #expect(try await api.send("GET", path + "?types=attached_to").json["truncated"]?.bool == false)
        }
    }

    @Test("The impact of a subnet is what lies in it; that of a volume the instance that it is attached to")
    func impact() async throws {
        try await filled { api in
            func impact(_ name: String, _ query: String = "") async throws -> [String] {
                try lines(try await api.send("GET", "/resources/\(try await id(api, name))/impact\(query)"))
            }
            #expect(try await impact("subnet-1") == ["1 PART_OF_SUBNET in i-1", "1 PART_OF_SUBNET in i-2"])
            #expect(try await impact("vol-1") == ["1 ATTACHED_TO out i-1"])
            #expect(try await impact("i-1") == [])
            let network = try await impact("vpc-1")
            #expect(Set(network.map { $0.split(separator: " ")[3] }) == ["i-1", "i-2", "subnet-1"], "\(network)")
            #expect(try await impact("vpc-1", "?limit=2").count == 2)
        }
    }

    @Test("What cannot be asked is refused with its place")
    func refused() async throws {
        try await filled { api in
            let path = "/resources/\(try await id(api, "i-1"))"
            for query in [
                "types=attached", "types=", "depth=0", "depth=5", "limit=0", "limit=1001", "direction=both", "x=1",
            ] {
                let answer = try await api.send("GET", "\(path)/neighbors?\(query)")
                #expect(answer.status == 400, "\(query): \(answer.text)")
            }
            #expect(try await api.send("GET", "\(path)/impact?direction=in").status == 400)
            for id in [
                "nonsense", "00000000-0000-4000-8000-000000000000", "\(ResourceID(provider: .aws, nativeID: "ami-1"))",
            ] {
                #expect(try await api.send("GET", "/resources/\(id)/neighbors").status == 404)
                #expect(try await api.send("GET", "/resources/\(id)/impact").status == 404)
            }
        }
    }
}
