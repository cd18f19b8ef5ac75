import Model
import Testing

@Suite struct IdentityTests {
    @Test("Version 5 follows RFC 9562, appendix A.4")
    func version5() {
        let dns = UUID128(high: 0x6ba7_b810_9dad_11d1, low: 0x80b4_00c0_4fd4_30c8)
        #expect(
            UUID128.version5(namespace: dns, name: "www.example.com").description == "2ed6657d-e927-568b-95e1-2665a8aea6a2")
    }

    @Test("A resource's id depends on provider and native id, and is the same for ever")
    func resourceID() {
        let id = ResourceID(provider: .aws, nativeID: "i-0abc")
        #expect(id == ResourceID(provider: .aws, nativeID: "i-0abc"))
        #expect(id != ResourceID(provider: .gcp, nativeID: "i-0abc"))
        #expect(id.uuid.version == 5 && id.uuid.low >> 62 == 0b10)
        #expect(ResourceID(id.description) == id)
    }

    @Test("Whatever belongs to a resource has its slot and leads to its shard")
    func parts() {
        for number in 0..<200 {
            let resource = ResourceID(provider: .azure, nativeID: "/subscriptions/\(number)")
            let parts = [
                PartID.virtualTag(of: resource, key: "env"), PartID.virtualTag(of: resource, key: "team"),
                PartID.complianceStatus(of: resource, policy: UUID128(high: 1, low: 2)),
                PartID.auditEntry(of: resource, sequence: UInt64(number)), PartID.auditEntry(of: resource, sequence: .max),
            ]
            #expect(Set(parts).count == parts.count)
            for part in parts {
                #expect(part.slot == resource.slot && part.prefix == resource.uuid.prefix)
                #expect(part.version == 8 && part.low >> 62 == 0b10)
            }
        }
    }

    @Test("Audit entries of one resource never share an id within a million")
    func auditEntries() {
        let resource = ResourceID(provider: .aws, nativeID: "vol-1")
        #expect(Set((0..<100_000).map { PartID.auditEntry(of: resource, sequence: $0) }).count == 100_000)
    }

    @Test("Slots spread evenly over shards, and every slot has one")
    func shards() {
        for shards in [1, 3, 16, 65_536] {
            #expect(Slot(number: 0).shard(of: shards) == 0)
            #expect(Slot(number: .max).shard(of: shards) == shards - 1)
        }
        var counts = [Int](repeating: 0, count: 16)
        for number in 0..<16_000 { counts[ResourceID(provider: .aws, nativeID: "i-\(number)").slot.shard(of: 16)] += 1 }
        #expect(counts.allSatisfy { (800...1_200).contains($0) })
    }

    @Test("A UUID parses in either case and prints in lower case")
    func text() {
        let text = "0123ABCD-ef01-5234-8123-456789abcdef"
        #expect(UUID128(text)?.description == text.lowercased())
    }

    @Test(
        "What is no UUID does not parse",
        arguments: [
            "", "0123abcd-ef01-5234-8123-456789abcde", "0123abcd-ef01-5234-8123-456789abcdef0",
            "0123abcdef01-5234-8123-456789abcdef0",
            "0123abcd-ef01-5234-8123-456789abcdeg", "{0123abcd-ef01-5234-8123-456789abcd}",
            "0123abcd_ef01-5234-8123-456789abcdef",
            "é123abcd-ef01-5234-8123-456789abcde",
        ])
    func refused(text: String) {
        #expect(UUID128(text) == nil)
    }

    @Test("Ids sort as their texts do")
    func order() {
        let ids = (0..<500).map { ResourceID(provider: .gcp, nativeID: "//x/\($0)") }
        #expect(ids.sorted().map(\.description) == ids.map(\.description).sorted())
    }
}
