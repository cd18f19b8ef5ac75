/// The FOCUS columns that are read (https://focus.finops.org, versions 1.0 to 1.2), found by name: others may come in any number.
struct FocusColumns: Sendable {
    let resourceID: Int
    let serviceName: Int
    let billedCost: Int
    let billingCurrency: Int
    let effectiveCost: Int?
    /// `BillingPeriodStart`, then `ChargePeriodStart`: the first that a row fills in decides its month.
    let periods: [Int]
    /// The columns that can tell the provider, the best first.
    let providers: [Int]
    let resourceName: Int?
    let resourceType: Int?
    let subAccountID: Int?
    let billingAccountID: Int?
    let regionID: Int?
    let tags: Int?
    /// Number of fields in the header, and so in every row.
    let count: Int

    /// Throws `FocusError` when a column is missing that nothing else can stand in for.
    init(header: CSVRecord) throws(FocusError) {
        var positions: [String: Int] = [:]
        for index in 0..<header.count {
            let name = Self.folded(header.bytes(index))
            if positions[name] == nil { positions[name] = index }
        }
        func find(_ name: String) -> Int? { positions[Self.folded(Array(name.utf8))] }
        func require(_ name: String) throws(FocusError) -> Int {
            guard let index = find(name) else {
                throw FocusError("the header has no column `\(name)`, which FOCUS requires")
            }
            return index
        }
        billedCost = try require("BilledCost")
        billingCurrency = try require("BillingCurrency")
        resourceID = try require("ResourceId")
        serviceName = try require("ServiceName")
        periods = ["BillingPeriodStart", "ChargePeriodStart"].compactMap(find)
        guard !periods.isEmpty else {
            throw FocusError("the header has neither `BillingPeriodStart` nor `ChargePeriodStart`; one of them is required")
        }
        providers = ["ProviderName", "ServiceProviderName", "HostProviderName", "PublisherName", "InvoiceIssuerName"]
            .compactMap(find)
        guard !providers.isEmpty else {
            throw FocusError("the header has neither `ProviderName` nor `PublisherName`; one of them is required")
        }
        effectiveCost = find("EffectiveCost")
        resourceName = find("ResourceName")
        resourceType = find("ResourceType")
        subAccountID = find("SubAccountId")
        billingAccountID = find("BillingAccountId")
        regionID = find("RegionId")
        tags = find("Tags")
        count = header.count
    }

    /// `SubAccountId`, `sub_account_id` and ` subaccountid ` are the same column.
    private static func folded(_ name: [UInt8]) -> String {
        var folded: [UInt8] = []
        for byte in name where byte != UInt8(ascii: "_") && byte != UInt8(ascii: " ") {
            let isUpper = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
            folded.append(isUpper ? byte | 0x20 : byte)
        }
        return String(decoding: folded, as: UTF8.self)
    }
}

/// Why a FOCUS text cannot be read any further.
package struct FocusError: Error, Equatable, CustomStringConvertible {
    package let message: String
    package var description: String { message }
    init(_ message: String) { self.message = message }
}
