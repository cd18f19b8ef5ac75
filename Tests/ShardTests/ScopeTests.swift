import Conditions
import Model
import Testing

@testable import Shard

/// What a caller with a scope can do to a shard: the decision is made where the write is made.
@Suite("A caller with a scope")
struct ScopeTests {
    private let scoped = WriteContext(
        actor: "jo", scope: ResourceScope(.test(FieldTest(.accountID, .isIn, .list(["inside"])))))

    private func observation(_ id: String, in account: String, name: String = "web") -> Observation {
        var observation = Observation(provider: .aws, resourceID: id, resourceType: "ec2.instance", name: name)
        observation.accountID = account
        return observation
    }

    private func shard() throws -> Shard {
        var shard = newShard()
        try shard.take(.observe([observation("i-in", in: "inside"), observation("i-out", in: "outside")]))
        return shard
    }

    private func id(_ name: String) -> ResourceID { ResourceID(provider: .aws, nativeID: name) }

    @Test("Observations outside are refused one by one, whether the resource is there or not; those inside are taken")
    func observe() throws {
        var shard = try shard()
        let reply = try shard.take(
            .observe([
                observation("i-in", in: "inside", name: "renamed"), observation("i-out", in: "outside", name: "renamed"),
                observation("i-none", in: "outside"), observation("i-new", in: "inside"),
                // Into the scope, and out of it.
                observation("i-out", in: "inside"), observation("i-in", in: "outside"),
            ]), by: scoped)
        #expect(
            reply.outcomes == [.updated, .notPermitted, .notPermitted, .created, .notPermitted, .notPermitted])
        #expect(try shard.newest(id("i-out"))?.resource.name == "web")
        #expect(try shard.newest(id("i-none")) == nil)
        #expect(try shard.newest(id("i-in"))?.resource.accountID == "inside")
        #expect(try shard.newest(id("i-in"))?.resource.name == "renamed")
    }

    @Test("Deleting what lies outside is deleting what is not there")
    func deletion() throws {
        var shard = try shard()
        func gone(_ name: String) -> Observation {
            Observation(.deleted, provider: .aws, resourceID: name)
        }
        #expect(try shard.take(.observe([gone("i-out"), gone("i-none")]), by: scoped).outcomes == [.unchanged, .unchanged])
        for name in ["i-out", "i-none"] {
            #expect(try shard.take(.deleteResource(id(name), .none), by: scoped).outcomes == [.notFound])
            #expect(try shard.take(.deleteResource(id(name), .exists), by: scoped).outcomes == [.notFound])
        }
        #expect(try shard.newest(id("i-out")) != nil)
        #expect(try shard.take(.deleteResource(id("i-in"), .none), by: scoped).outcomes == [.deleted])
    }

    @Test("Tags outside cannot be set, changed or removed, nor a precondition be asked of them")
    func tags() throws {
        var shard = try shard()
        let tag = Tag("owner", "al")
        try shard.take(.applyTags([TagApplication(resource: id("i-out"), tags: [tag])]))
        let outside = PartID.virtualTag(of: id("i-out"), key: "owner")
        let none = PartID.virtualTag(of: id("i-none"), key: "owner")
        for target in [outside, none] {
            for precondition in [Precondition.none, .exists, .absent, .unchangedSince(1)] {
                let set = try shard.take(.setTag(target, value: "jo", precondition), by: scoped)
                #expect(set.outcomes == [.notFound] && set.subject == nil && set.tags == nil)
                #expect(try shard.take(.deleteTag(target, precondition), by: scoped).outcomes == [.notFound])
            }
        }
        let applied = try shard.take(
            .applyTags(["i-in", "i-out", "i-none"].map { TagApplication(resource: id($0), tags: [tag]) }), by: scoped)
        #expect(applied.outcomes == [.created, .notFound, .notFound])
        #expect(try shard.newest(id("i-out"))?.tag("owner")?.value == "al")
    }

    @Test("A tag that would take the resource out of the scope is refused, and leaves no trace")
    func leaving() throws {
        let mine = WriteContext(
            actor: "jo",
            scope: ResourceScope(.test(FieldTest(.tag("team"), .eq, .text("blue")))))
        var shard = try shard()
        try shard.take(.applyTags([TagApplication(resource: id("i-in"), tags: [Tag("team", "blue")])]))
        let before = (try shard.newest(id("i-in")), shard.auditSequence, shard.lastIndex)
        let reply = try shard.take(
            .applyTags([TagApplication(resource: id("i-in"), tags: [Tag("team", "red"), Tag("owner", "x")])]), by: mine)
        #expect(reply.outcomes == [.notPermitted])
        #expect(try shard.newest(id("i-in")) == before.0)
        #expect(shard.auditSequence == before.1 && shard.lastIndex == before.2)
        let team = PartID.virtualTag(of: id("i-in"), key: "team")
        #expect(try shard.take(.setTag(team, value: "red", .none), by: mine).outcomes == [.notPermitted])
        #expect(try shard.take(.deleteTag(team, .none), by: mine).outcomes == [.notPermitted])
        #expect(try shard.newest(id("i-in")) == before.0)
        // Beside one that may stay, in one command: the trail holds the other's alone.
        let both = try shard.take(
            .applyTags([
                TagApplication(resource: id("i-in"), tags: [Tag("team", "red")]),
                TagApplication(resource: id("i-in"), tags: [Tag("owner", "jo")]),
            ]), by: mine)
        #expect(both.outcomes == [.notPermitted, .created])
        #expect(shard.auditSequence == before.1 + 1)
        #expect(try shard.newest(id("i-in"))?.tag("team")?.value == "blue")
    }

    @Test("A context without a scope has the form it always had, and one with a scope is not read as one without")
    func form() throws {
        let bytes = scoped.encoded
        #expect(try WriteContext(decoding: bytes) == scoped)
        #expect(WriteContext(actor: "jo").encoded == [1, 2] + Array("jo".utf8) + [0, 0])
        for end in 0..<bytes.count {
            #expect(throws: CodecError.self) { try WriteContext(decoding: Array(bytes[..<end])) }
        }
    }
}
