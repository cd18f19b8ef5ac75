import Foundation
import JSON
import Model
import Normalisation
import Testing

/// Reads a whole text; `piece` is the number of bytes in each push.
func readFocus(
    _ text: [UInt8], piece: Int = 65_536, upload: UInt64 = 1, limits: FocusLimits = .init()
) throws -> (costs: [CostObservation], summary: FocusSummary) {
    var reader = FocusReader(upload: upload, limits: limits)
    let parser = JSONParser()
    var costs: [CostObservation] = []
    for start in stride(from: 0, to: text.count, by: piece) {
        try text[start..<min(start + piece, text.count)].withUnsafeBytes { try reader.push($0) }
        if reader.isFull { costs += reader.drain(with: parser) }
    }
    try reader.finish()
    costs += reader.drain(with: parser)
    return (costs, reader.summary)
}

func readFocus(_ text: String, limits: FocusLimits = .init()) throws -> (costs: [CostObservation], summary: FocusSummary) {
    try readFocus(Array(text.utf8), limits: limits)
}

/// The costs that an inventory holds after these observations.
func merged(_ costs: [CostObservation]) -> [String: [CostLine]] {
    var lines: [String: [CostLine]] = [:]
    for cost in costs { _ = lines[cost.resource.resourceID, default: []].merge(cost) }
    return lines
}

@Suite struct FocusReaderTests {
    static let header =
        "BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ProviderName,ResourceId,"
        + "ResourceName,ResourceType,ServiceName,SubAccountId,RegionId,Tags\n"

    static func row(
        billed: String = "1.5", effective: String = "1", period: String = "2024-09-01 00:00:00", provider: String = "AWS",
        id: String = "i-0abc", type: String = "NULL", service: String = "EC2", account: String = "123456789012",
        tags: String = "NULL"
    ) -> String {
        "\(billed),\(effective),USD,\(period),2024-09-18 22:00:00,\(provider),\(id),NULL,\(type),\(service),\(account),us-east-1,\(tags)\n"
    }

    @Test("Rows of a resource, month, service and currency add up")
    func addsUp() throws {
        let text =
            Self.header + Self.row() + Self.row(billed: "0.25") + Self.row(service: "EBS") + Self.row(period: "2024-10-01")
        let (costs, summary) = try readFocus(text)
        #expect(summary.rows == 4 && summary.attributedRows == 4 && summary.rejectedRows == 0)
        let cost = try #require(costs.first)
        #expect(costs.count == 1)
        #expect(cost.resource.resourceID == "i-0abc" && cost.resource.kind == .partial)
        #expect(cost.resource.resourceType == "ec2.instance" && cost.resource.accountID == "123456789012")
        #expect(
            cost.lines == [
                CostLine(
                    month: 202409, service: "EBS", currency: "USD", billedNanos: 1_500_000_000,
                    effectiveNanos: 1_000_000_000,
                    upload: 1),
                CostLine(
                    month: 202409, service: "EC2", currency: "USD", billedNanos: 1_750_000_000,
                    effectiveNanos: 2_000_000_000,
                    upload: 1),
                CostLine(
                    month: 202410, service: "EC2", currency: "USD", billedNanos: 1_500_000_000,
                    effectiveNanos: 1_000_000_000,
                    upload: 1),
            ])
    }

    @Test("Amounts below a billionth are added before they are rounded")
    func subNanos() throws {
        let rows = String(repeating: Self.row(billed: "0.0000000004"), count: 10)
        #expect(try readFocus(Self.header + rows).costs.first?.lines.first?.billedNanos == 4)
    }

    @Test("However the bytes are cut, the sums are the same", arguments: [1, 2, 3, 7, 64])
    func cuts(piece: Int) throws {
        let tags = "\"{\"\"team\"\":\n \"\"a,b\"\"}\""
        let text = Array((Self.header + Self.row(tags: tags) + Self.row(id: "vol-1") + Self.row(id: "NULL")).utf8)
        let whole = try readFocus(text)
        let cut = try readFocus(text, piece: piece)
        #expect(whole.costs == cut.costs && whole.summary == cut.summary)
        #expect(whole.costs.first?.resource.nativeTags == TagList([Tag("team", "a,b")]))
    }

    @Test("Rows without a resource are summed by service and month")
    func unattributed() throws {
        let rows = Self.row(id: "NULL") + Self.row(billed: "-3", id: "") + Self.row(id: "null", service: "Tax")
        let (costs, summary) = try readFocus(Self.header + rows)
        #expect(costs.isEmpty && summary.unattributedRows == 3)
        #expect(summary.unattributed.map(\.line.service) == ["EC2", "Tax"])
        #expect(summary.unattributed.map(\.line.billedNanos) == [-1_500_000_000, 1_500_000_000])
        #expect(summary.unattributed.map(\.rows) == [2, 1])
    }

    @Test("Services beyond the limit are summed as (other)")
    func unattributedLimit() throws {
        var limits = FocusLimits()
        limits.unattributedMax = 2
        let rows = (0..<5).map { Self.row(id: "NULL", service: "S\($0)") }.joined()
        let summary = try readFocus(Self.header + rows, limits: limits).summary
        #expect(summary.unattributed.map(\.line.service) == ["(other)", "S0", "S1"])
        #expect(summary.unattributed.first?.rows == 3)
    }

    @Test("A full reader is drained in parts that add up to the whole, and replace an earlier upload")
    func parts() throws {
        var limits = FocusLimits()
        limits.aggregateEntriesMax = 2
        let rows = (0..<12).map { Self.row(billed: "1", id: "vol-\($0 % 3)") }.joined()
        let text = Array((Self.header + rows).utf8)
        let parts = try readFocus(text, piece: 60, upload: 2, limits: limits).costs
        #expect(parts.count > 3)
        let earlier = try readFocus(text, upload: 1).costs
        let inventory = merged(earlier + parts)
        #expect(inventory.count == 3)
        #expect(inventory.values.allSatisfy { $0.count == 1 && $0[0].billedNanos == 4_000_000_000 && $0[0].upload == 2 })
    }

    @Test(
        "A missing column is an error that names it",
        arguments: ["BilledCost", "BillingCurrency", "ResourceId", "ServiceName"])
    func missingColumn(name: String) {
        let error = #expect(throws: FocusError.self) {
            try readFocus(Self.header.replacingOccurrences(of: name, with: "X"))
        }
        #expect(error?.message.contains("`\(name)`") == true)
    }

    @Test("Column names are found in any order, case and spelling, among others; optional ones may be missing")
    func header() throws {
        let text =
            "x,service_name,RESOURCEID,billedcost,ProviderName,billing_currency,ChargePeriodStart\n1,S3,b,2,AWS,EUR,2024-09-30T23:00:00-05:00\n"
        let cost = try #require(try readFocus(text).costs.first)
        #expect(
            cost.lines.first.map { "\($0.month) \($0.service) \($0.currency) \($0.billedNanos) \($0.effectiveNanos)" }
                == "202409 S3 EUR 2000000000 2000000000")
    }

    @Test("An empty text has no header")
    func empty() {
        #expect(throws: FocusError.self) { try readFocus("") }
        #expect(throws: FocusError.self) { try readFocus("\r\n\n") }
    }

    @Test("A row that cannot be read is counted with its line and skipped")
    func rejects() throws {
        let bad = [
            Self.row(billed: "one"), Self.row(effective: "1e400"),
            Self.row(period: "soon").replacingOccurrences(of: "2024-09-18 22:00:00", with: "x"),
            Self.row(provider: "Oracle"), Self.row(service: "NULL"), "1,2,3\n", Self.row(billed: ""),
            Self.row(id: String(repeating: "x", count: 2_049)),
        ]
        let (costs, summary) = try readFocus(Self.header + bad.joined() + Self.row())
        #expect(costs.count == 1 && summary.rows == 9 && summary.rejectedRows == 8)
        #expect(summary.rejects.map(\.line) == Array(2...9))
        let words = [
            "BilledCost", "EffectiveCost", "BillingPeriodStart", "Oracle", "ServiceName", "3 fields", "empty", "2048",
        ]
        for (reject, word) in zip(summary.rejects, words) { #expect(reject.detail.contains(word)) }
    }

    @Test("Rejects are kept up to their limit and counted beyond it")
    func rejectLimit() throws {
        var limits = FocusLimits()
        limits.rejectsMax = 2
        let summary = try readFocus(Self.header + String(repeating: "1\n", count: 5), limits: limits).summary
        #expect(summary.rejects.count == 2 && summary.rejectedRows == 5)
    }

    @Test("A sum that leaves the range keeps the rows before")
    func overflow() throws {
        let (costs, summary) = try readFocus(Self.header + Self.row(billed: "9e9") + Self.row(billed: "9e9"))
        #expect(costs.first?.lines.first?.billedNanos == 9_000_000_000_000_000_000)
        #expect(summary.rejectedRows == 1)
    }

    @Test("Ids and accounts get the inventory's spelling")
    func identities() throws {
        let rows =
            Self.row(id: "arn:aws:ec2:us-east-1:123456789012:volume/vol-0abc")
            + Self.row(id: "logs-bucket", type: "bucket")
            + Self.row(
                provider: "Microsoft", id: "/subscriptions/AA/resourceGroups/RG/providers/Microsoft.Compute/disks/D",
                account: "/subscriptions/AA")
            + Self.row(provider: "Google Cloud", id: "//compute.googleapis.com/projects/p/zones/z/disks/d", account: "p")
        let resources = try readFocus(Self.header + rows).costs.map(\.resource)
        #expect(
            resources.map(\.resourceID) == [
                "vol-0abc", "arn:aws:s3:::logs-bucket",
                "/subscriptions/aa/resourcegroups/rg/providers/microsoft.compute/disks/d",
                "//compute.googleapis.com/projects/p/zones/z/disks/d",
            ])
        #expect(resources.map(\.resourceType) == ["ec2.volume", "s3.bucket", "microsoft.compute/disks", "compute.disk"])
        #expect(resources.map(\.provider) == [.aws, .aws, .azure, .gcp])
        #expect(resources[2].accountID == "aa")
    }

    @Test("Tags are a JSON object, with or without its braces; others are left out")
    func tags() throws {
        let rows = [
            ("a", "\"{\"\"env\"\": \"\"prod\"\", \"\"n\"\": 1}\""), ("b", "\"\"\"env\"\": \"\"prod\"\",\"\"n\"\": 1\""),
            ("c", "oops"), ("d", "{}"),
        ].map { Self.row(id: "\($0.0)", tags: $0.1) }.joined()
        let tags = try readFocus(Self.header + rows).costs.map(\.resource.nativeTags)
        let both = TagList([Tag("env", "prod"), Tag("n", "1")])
        #expect(tags == [both, both, nil, TagList()])
    }
}

/// The FinOps Foundation's sample (CC BY 4.0); sums found beforehand with exact decimals outside.
@Suite(.enabled(if: Files.referenceData != nil, "no ../shared/data here: set VTAG_REFERENCE_DATA to the payloads' folder"))
struct FocusReferenceDataTests {
    static func sample() throws -> [UInt8] {
        let folder = try #require(Files.referenceData)
        return try Files.bytes(folder.appending(path: "focus/focus_sample_first_half.csv"))
    }

    @Test("The sample's totals are those of an independent sum")
    func totals() throws {
        let (costs, summary) = try readFocus(try Self.sample())
        #expect(summary.rows == 500 && summary.attributedRows == 461 && summary.unattributedRows == 39)
        #expect(summary.rejectedRows == 0)
        #expect(costs.count == 447)
        let lines = costs.flatMap(\.lines)
        #expect(lines.reduce(0) { $0 + $1.billedNanos } == 8_562_056_232)
        #expect(lines.reduce(0) { $0 + $1.effectiveNanos } == 5_000_000_000)
        let compute = lines.filter { $0.service == "Amazon Elastic Compute Cloud" }
        #expect(compute.reduce(0) { $0 + $1.billedNanos } == 7_350_158_293)
        #expect(lines.allSatisfy { $0.month == 202409 && $0.currency == "USD" })
        #expect(costs.filter { $0.resource.nativeTags?.count == 3 }.count == 326)
        let credit = try #require(summary.unattributed.first { $0.line.service == "Amazon Elastic Compute Cloud" })
        #expect(credit.line.billedNanos == -2_613_700_000 && credit.line.effectiveNanos == -3_000_000_000)
        #expect(summary.unattributed.count == 9)
    }

    @Test("Fed byte by byte, the sample gives the same")
    func byteByByte() throws {
        let text = try Self.sample()
        let whole = try readFocus(text)
        let bytes = try readFocus(text, piece: 1)
        #expect(whole.costs == bytes.costs && whole.summary == bytes.summary)
    }
}
