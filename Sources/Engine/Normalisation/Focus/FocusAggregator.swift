import Model

/// Adds up FOCUS rows by resource, month, service and currency, until it is drained.
struct FocusAggregator: Sendable {
    /// What the rows of one resource say of it; the first row that fills a field in wins.
    struct Details: Sendable {
        let provider: Provider
        /// As the export has it.
        let resourceID: String
        var account: String
        var region: String?
        var name: String?
        var type: String?
        var tags: [UInt8]?
    }

    struct Line: Sendable {
        let key: LineKey
        var billed: Attos
        var effective: Attos
        var rows: Int
        /// The resource's line before this one, or -1.
        let previous: Int
    }

    struct LineKey: Hashable, Sendable {
        /// -1: no resource.
        var resource: Int32
        var service: Int32
        var month: Int32
        var currency: Int32
    }

    /// What one row says; `account` qualifies ids that are unique only within it.
    struct Row {
        var provider: Provider
        var resourceID: UnsafeBufferPointer<UInt8>?
        var account: UnsafeBufferPointer<UInt8>
        var service: UnsafeBufferPointer<UInt8>
        var currency: UnsafeBufferPointer<UInt8>
        var month: Int32
        var billed: Attos
        var effective: Attos
    }

    private var ids = ByteInterner()
    private var accounts = ByteInterner()
    private var services = ByteInterner()
    private var currencies = ByteInterner()
    private var index: [LineKey: Int] = [:]
    private var detailBytes = 0
    private(set) var lines: [Line] = []
    /// By the number that `ids` gave; nil where the id is not valid UTF-8.
    private(set) var resources: [Details?] = []
    /// By resource: its newest line, or -1.
    private(set) var newestLine: [Int] = []

    /// An estimate of the memory held, in bytes.
    var bytesUsed: Int {
        ids.bytesUsed + accounts.bytesUsed + services.bytesUsed + currencies.bytesUsed + detailBytes + lines.count * 160
    }

    enum Outcome: Equatable {
        /// The row counts for the resource with that number.
        case added(resource: Int)
        case unattributed
        case notUTF8
        case overflow
    }

    mutating func add(_ row: Row) -> Outcome {
        var resource = -1
        if let id = row.resourceID {
            let account = accounts.intern(row.account)
            resource = ids.intern(id, qualifier: account << 8 | Int(row.provider.code))
            if resource == resources.count {
                resources.append(details(id: id, row))
                newestLine.append(-1)
            }
            if resources[resource] == nil { return .notUTF8 }
        }
        let key = LineKey(
            resource: Int32(resource), service: Int32(services.intern(row.service)), month: row.month,
            currency: Int32(currencies.intern(row.currency)))
        if let position = index[key] {
            guard lines[position].billed.canAdd(row.billed), lines[position].effective.canAdd(row.effective) else {
                return .overflow
            }
            lines[position].billed.add(row.billed)
            lines[position].effective.add(row.effective)
            lines[position].rows += 1
        } else {
            let previous = resource < 0 ? -1 : newestLine[resource]
            index[key] = lines.count
            if resource >= 0 { newestLine[resource] = lines.count }
            lines.append(Line(key: key, billed: row.billed, effective: row.effective, rows: 1, previous: previous))
        }
        return resource < 0 ? .unattributed : .added(resource: resource)
    }

    /// Fills in what is not known of a resource yet.
    mutating func describe(_ resource: Int, _ body: (inout Details) -> Int) {
        guard resources[resource] != nil else { return }
        detailBytes += body(&resources[resource]!)
    }

    func costLine(_ position: Int, upload: UInt64) -> CostLine {
        let line = lines[position]
        return CostLine(
            month: line.key.month, service: service(of: line), currency: currency(of: line), billedNanos: line.billed.nanos,
            effectiveNanos: line.effective.nanos, upload: upload)
    }

    func service(of line: Line) -> String { services.string(Int(line.key.service)) }
    func currency(of line: Line) -> String { currencies.string(Int(line.key.currency)) }

    private mutating func details(id: UnsafeBufferPointer<UInt8>, _ row: Row) -> Details? {
        guard let resourceID = String(validating: id, as: UTF8.self),
            let account = String(validating: row.account, as: UTF8.self)
        else { return nil }
        detailBytes += 256 + 2 * id.count
        return Details(provider: row.provider, resourceID: resourceID, account: account)
    }
}
