import Foundation
import HTTPTransport
import JSON
import Model
import PostgresTesting
import Testing

extension NodeProcess {
    fileprivate func promote() async throws -> Answer { try await ask(.post, "/region/promote") }

    fileprivate func cluster() async throws -> String? { try await ask(.get, "/cluster").json["id"]?.string }
}

@Suite("A region that is promoted", .serialized)
struct PromotionTests {
    private let volume = ResourceID(provider: .aws, nativeID: "vol-7")

    /// As a standby refuses to write.
    private func setStandby(_ isStandby: Bool, _ address: String) throws {
        let name = try #require(address.split(separator: " ").first { $0.hasPrefix("dbname=") })
        try PostgresServer.psql(
            address.replacing(name, with: "dbname=postgres"),
            "ALTER DATABASE \(name.dropFirst(7)) "
                + (isStandby ? "SET default_transaction_read_only = on" : "RESET default_transaction_read_only"))
    }

    @Test("It takes over once PostgreSQL was promoted, stays the primary, and the region's other nodes follow it")
    func promotion() async throws {
        let address = try PostgresServer.shared.get().makeDatabase()
        let regions = try TwoRegions()
        defer { regions.scratch.remove() }
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let first = "127.0.0.1:\(try FreePorts.take(1)[0])"
        let lost = try await regions.primary("us", address)
        defer { if lost.isRunning { lost.kill() } }
        #expect(try await lost.ingest(0..<300).status == 200)
        let urls = "\(lost.url),http://\(first)"
        var promoted = try await regions.follower("e1", address, primaryURLs: urls, flags: ["--http", first])
        defer { if promoted.isRunning { promoted.kill() } }
        let sibling = try await regions.follower("e2", address, primaryURLs: urls)
        defer { if sibling.isRunning { sibling.kill() } }
        try await until { try await promoted.isReady() }
        try await until { try await sibling.isReady() }
        let written = try await promoted.tag(volume, "before")
        let revision = try #require(written.headers["revision"], "\(written.text)")
        #expect(try await promoted.readsTag(volume, after: revision).value == "before")

        // Where it is refused nothing changes.
        let former = try #require(try await lost.cluster())
        let atPrimary = try await lost.promote()
        #expect(atPrimary.status == 409 && atPrimary.text.contains("follows no region"), "\(atPrimary.text)")
        try setStandby(true, address)
        let tooEarly = try await promoted.promote()
        #expect(tooEarly.status == 409 && tooEarly.text.contains("PostgreSQL comes first"), "\(tooEarly.text)")
        #expect(try await promoted.following()["cluster"]?.string == former)
        let mark = regions.scratch.url.appending(path: "e1/PROMOTED")
        #expect(!FileManager.default.fileExists(atPath: mark.path))

        lost.kill()
        try setStandby(false, address)
        let outcome = try await tool.run(
            "region", "promote", "--wait", "-o", "json", url: promoted.url, token: TwoRegions.token)
        #expect(outcome.status == 0, "\(outcome.errors) \(promoted.log.text)")
        let told = try JSONValue(parsing: outcome.output)
        #expect(told["takes_over_from"]?.string == former)
        let successor = try #require(told["cluster"]?.string, "\(outcome.output)")
        #expect(successor != former)
        #expect(try await promoted.cluster() == successor)
        #expect(try await promoted.following() == .null)
        #expect(try await promoted.readsTag(volume, after: nil).value == "before")
        #expect(try await promoted.tag(volume, "after").status == 201)

        // The other one of the region learns of it by itself.
        try await until { try await sibling.following()["cluster"]?.string == successor }
        let passedOn = try await sibling.tag(volume, "passed on")
        #expect(passedOn.status == 201, "\(passedOn.text)")
        let (value, _) = try await sibling.readsTag(volume, after: passedOn.headers["revision"])
        #expect(value == "passed on")

        // Started again as it was started first.
        promoted.kill()
        await promoted.close()
        promoted = try await regions.follower("e1", address, primaryURLs: urls, flags: ["--http", first])
        #expect(try await promoted.cluster() == successor)
        #expect(try await promoted.readsTag(volume, after: nil).value == "passed on")
        #expect(try await promoted.tag(volume, "again").status == 201)
        #expect(try await promoted.promote().status == 409)

        // The region that was lost comes back.
        let back = try await regions.primary("us", address)
        defer { if back.isRunning { back.kill() } }
        try await until { try await back.tag(volume, "too late").text.contains("superseded") }
        #expect(try await promoted.readsTag(volume, after: nil).value == "again")

        // One that was promoted too, and comes after the other.
        #expect(sibling.terminate() == 0)
        await sibling.close()
        try FileManager.default.copyItem(at: mark, to: regions.scratch.url.appending(path: "e2/PROMOTED"))
        let late = try await regions.follower("e2", address, primaryURLs: urls)
        defer { if late.isRunning { late.kill() } }
        #expect(late.log.text.contains("took the region's database over before this node did"))
        #expect(try await late.following()["cluster"]?.string == successor)
        for node in [promoted, back, late] {
            #expect(node.terminate() == 0)
            await node.close()
        }
        await lost.close()
    }
}
