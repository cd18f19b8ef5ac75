import Conditions
import HTTPTransport
import JSON
import Model
import NodeRuntime

/// Costs with virtual tags, for tools that read FOCUS.
enum ExportEndpoints {
    static let query = QueryParameter.paging + [QueryParameter("month"), QueryParameter("prefix", charactersMax: 64)]
    static let produces = ["text/csv", "application/x-ndjson"]
    static let prefixDefault = "vt/"

    // MARK: GET /export/focus

    /// A page of resources with costs, a row for each of their months, services and currencies.
    static let focus: Route.Handler = { call in
        let limit = try call.limit()
        let after = try call.cursorPosition().map(ResourceEndpoints.cursorID)
        let month = try ScoreEndpoints.month(call.query)
        let prefix = call.query["prefix"] ?? prefixDefault
        guard TagLimits.problem(key: "\(prefix)key", value: "") == nil else {
            throw Problem.badParameter("prefix", "must be what a tag's key may begin with")
        }
        let records = try await call.scan(after: after, limit: limit + 1) { record in
            record.resource.costs.contains { month == nil || $0.month == month }
        }
        let page = records.prefix(limit)
        let next =
            records.count > limit ? page.last.map { call.cursor(at: ResourceEndpoints.position($0.resource.id)) } : nil
        let headers = next.map { [Problem.Header(name: "x-next-cursor", value: $0)] } ?? []
        let accept = call.request.head.headers.values(of: "accept")
        if ContentNegotiation.choose(accept: accept, offered: produces) == produces[1] {
            var lines: [UInt8] = []
            for record in page {
                let rows = FocusRows(record, prefix: prefix)
                for line in record.resource.costs where month == nil || line.month == month {
                    var json = JSONWriter(reserving: 1024)
                    rows.write(line, to: &json)
                    lines += json.bytes
                    lines.append(UInt8(ascii: "\n"))
                }
            }
            return call.bytes(contentType: produces[1], headers: headers, lines)
        }
        var text = CSVText(header: FocusRows.columns)
        for record in page {
            let rows = FocusRows(record, prefix: prefix)
            for line in record.resource.costs where month == nil || line.month == month { text.row(rows.fields(of: line)) }
        }
        return call.bytes(contentType: "text/csv; charset=utf-8", headers: headers, text.bytes)
    }

    // MARK: POST /virtual-tags/lookup

    /// Most names of one request.
    static let namesMax = 1_000

    /// The tags of many resources by their names; names that mean none are left out.
    static let lookup: Route.Handler = { call in
        let (value, _) = try await call.document()
        var errors = ValidationErrors()
        let reader = ObjectReader(value, at: .root, accepting: ["resource_ids"], into: &errors)
        _ = reader?.required("resource_ids", into: &errors)
        let names = reader?.texts("resource_ids", count: 1...namesMax, bytes: 1...ResourceReference.bytesMax, into: &errors)
        guard let names, errors.isEmpty else { throw Problem(errors) }
        var found: [(name: String, record: ResourceRecord)] = []
        for name in names {
            if let record = try await ResourceReference(name).record(call) { found.append((name, record)) }
        }
        return call.json { json in
            json.page(found, next: nil) { json, item in
                json.beginObject()
                json.member("resource_id", item.name)
                json.key("id")
                json.uuid(item.record.resource.id.uuid)
                json.key("tags")
                json.beginObject()
                for tag in item.record.tags {
                    json.key(tag.key)
                    json.string(tag.value)
                }
                json.endObject()
                json.endObject()
            }
        }
    }
}

/// A resource's costs as rows of FOCUS 1.0 (https://focus.finops.org): what is known of them, and no more.
struct FocusRows {
    static let columns = [
        "BilledCost", "BillingAccountId", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory",
        "ChargeDescription", "ChargePeriodEnd", "ChargePeriodStart", "EffectiveCost", "InvoiceIssuerName", "ProviderName",
        "PublisherName", "RegionId", "ResourceId", "ResourceName", "ResourceType", "ServiceName", "SubAccountId", "Tags",
    ]

    private let resource: Resource
    /// The provider's own tags under their keys, the virtual ones under theirs behind the prefix.
    private let tags: JSONValue

    init(_ record: ResourceRecord, prefix: String) {
        resource = record.resource
        let own = record.resource.nativeTags.tags.map { JSONValue.Member($0.key, .string($0.value)) }
        let virtual = record.tags.map { JSONValue.Member(prefix + $0.key, .string($0.value)) }
        let taken = Set(virtual.map(\.name))
        tags = .object(own.filter { !taken.contains($0.name) } + virtual)
    }

    private func values(of line: CostLine) -> [String?] {
        let name =
            switch resource.provider {
            case .aws: "AWS"
            case .gcp: "Google Cloud"
            case .azure: "Microsoft"
            }
        let (start, end) = (
            Self.start(of: line.month), Self.start(of: line.month % 100 == 12 ? line.month + 89 : line.month + 1)
        )
        func known(_ text: String) -> String? { text.isEmpty ? nil : text }
        return [
            JSONWriter.decimal(nanos: line.billedNanos), known(resource.accountID), line.currency, end, start, "Usage",
            "\(line.service), the month's sum", end, start, JSONWriter.decimal(nanos: line.effectiveNanos), name, name, name,
            known(resource.region), resource.resourceID, known(resource.name), known(resource.resourceType), line.service,
            known(resource.accountID), nil,
        ]
    }

    /// `202609` as `2026-09-01T00:00:00Z`.
    private static func start(of month: Int32) -> String {
        let year = String(Int(month) / 100)
        let number = Int(month) % 100
        return
            "\(String(repeating: "0", count: max(0, 4 - year.count)))\(year)-\(number < 10 ? "0" : "")\(number)-01T00:00:00Z"
    }

    /// In the order of `columns`; what is not known is empty.
    func fields(of line: CostLine) -> [String] {
        values(of: line).dropLast().map { $0 ?? "" } + [String(decoding: tags.serialised, as: UTF8.self)]
    }

    /// An object with a member for each of `columns`; amounts are numbers.
    func write(_ line: CostLine, to json: inout JSONWriter) {
        json.beginObject()
        for (name, value) in zip(Self.columns, values(of: line)).dropLast() {
            json.key(name)
            guard let value else {
                json.null()
                continue
            }
            if name == "BilledCost" || name == "EffectiveCost" { json.raw(Array(value.utf8)) } else { json.string(value) }
        }
        json.key("Tags")
        json.value(tags)
        json.endObject()
    }
}
