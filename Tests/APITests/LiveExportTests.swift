import HTTPTransport
import JSON
import Model
import Testing

@testable import API

@Suite("Exports over a socket")
struct LiveExportTests {
    private static let costs = """
        BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,ProviderName,ResourceId,ServiceName,SubAccountId,RegionId,Tags
        1.5,1.25,USD,2026-09-01T00:00:00Z,AWS,i-0000000000000001,Amazon EC2,111122223333,eu-west-1,"{""App"":""shop""}"
        0.5,0.5,USD,2026-09-02T00:00:00Z,AWS,i-0000000000000001,Amazon EC2,111122223333,eu-west-1,"{""App"":""shop""}"
        -2,-2,USD,2026-12-01T00:00:00Z,AWS,i-0000000000000001,Amazon EC2,111122223333,eu-west-1,"{""App"":""shop""}"
        7,7,EUR,2026-09-01T00:00:00Z,AWS,i-0000000000000002,Amazon EC2,111122223333,eu-west-1,

        """

    @Test("Costs come out as FOCUS rows with virtual tags, page by page, and go in again as they came out")
    func focus() async throws {
        try await LiveAPI.run { api in
            let taken = try await api.send("POST", "/ingest/focus", type: "text/csv", body: Array(Self.costs.utf8))
            #expect(taken.status == 200)
            let set = #"{"resource_id":"i-0000000000000001","tags":[{"key":"team","value":"web, \"a\""}]}"#
            #expect(try await api.send("POST", "/virtual-tags/apply", json: set).status == 201)

            var rows: [[String: JSONValue]] = []
            var cursor = ""
            repeat {
                let page = try await api.send(
                    "GET", "/export/focus?limit=1" + cursor, headers: [("accept", "application/x-ndjson")])
                #expect(page.status == 200 && page["content-type"] == "application/x-ndjson")
                for line in String(decoding: page.body, as: UTF8.self).split(separator: "\n") {
                    let members = try JSONValue(parsing: String(line)).members ?? []
                    #expect(members.map(\.name) == FocusRows.columns)
                    rows.append(Dictionary(members.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }))
                }
                cursor = page["x-next-cursor"].map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            #expect(rows.count == 3)
            let web = rows.filter { $0["ResourceId"]?.string == "i-0000000000000001" }
            #expect(web.compactMap { $0["BilledCost"]?.double }.sorted() == [-2, 2])
            #expect(
                web.allSatisfy { $0["Tags"]?["vt/team"]?.string == "web, \"a\"" && $0["Tags"]?["App"]?.string == "shop" })
            #expect(
                Set(web.compactMap { $0["BillingPeriodEnd"]?.string }) == ["2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z"])

            let all = try await api.send("GET", "/export/focus")
            #expect(all["content-type"] == "text/csv; charset=utf-8")
            let text = String(decoding: all.body, as: UTF8.self)
            #expect(text.contains("\r\n-2,111122223333,USD,"))
            #expect(try await api.send("POST", "/ingest/focus", type: "text/csv", body: all.body).status == 200)
            #expect(try await api.send("GET", "/export/focus").body == all.body)

            let month = try await api.send("GET", "/export/focus?month=2026-12&prefix=x-")
            let lines = String(decoding: month.body, as: UTF8.self).split(separator: "\r\n")
            #expect(lines.count == 2 && lines[1].contains("\"\"x-team\"\""))
            for query in ["month=2026-13", "month=x", "prefix=%00", "prefix=%20x"] {
                #expect(try await api.send("GET", "/export/focus?\(query)").status == 400, "\(query)")
            }
        }
    }

    @Test("A lookup gives the tags of the names that mean a resource")
    func lookup() async throws {
        try await LiveAPI.run { api in
            _ = try await api.send("POST", "/ingest/focus", type: "text/csv", body: Array(Self.costs.utf8))
            let names = #"{"resource_ids":["i-0000000000000002","i-none","i-0000000000000001"]}"#
            let viewer = try await api.token(.viewer)
            let items = try await api.send("POST", "/virtual-tags/lookup", token: viewer, json: names).json["items"]?.array
            #expect(items?.compactMap { $0["resource_id"]?.string } == ["i-0000000000000002", "i-0000000000000001"])
            #expect(items?.last?["tags"]?["app"]?.string == "shop")
            for body in ["{}", #"{"resource_ids":[]}"#, #"{"resource_ids":[7]}"#, #"{"resource_ids":["a"],"x":1}"#, "[]"] {
                #expect(try await api.send("POST", "/virtual-tags/lookup", json: body).status == 422, "\(body)")
            }
        }
    }
}
