package import JSON
package import Model

/// Bounds of one FOCUS upload.
package struct FocusLimits: Sendable {
    package var csv = CSVParser.Limits()
    /// Sums held before the reader asks to be drained; 65,536 unless told.
    package var aggregateEntriesMax = 65_536
    /// Memory held by sums before the reader asks to be drained, in bytes; 64 MiB unless told.
    package var aggregateBytesMax = 64 << 20
    /// Refused rows kept in words; all are counted. 100 unless told.
    package var rejectsMax = 100
    /// Services, months and currencies told apart among costs without a resource; 10,000 unless told.
    /// What comes after them is summed under the service `(other)`.
    package var unattributedMax = 10_000
    /// Longest accepted resource id in bytes; 2,048 unless told.
    package var resourceIDBytesMax = 2048
    package init() {}
}

/// What became of the rows of an upload.
package struct FocusSummary: Equatable, Sendable {
    package struct Reject: Hashable, Sendable {
        /// Counted from 1, the header included.
        package let line: Int
        package let detail: String
    }

    package struct Unattributed: Hashable, Comparable, Sendable {
        package let line: CostLine
        package let rows: Int
        package static func < (left: Self, right: Self) -> Bool { left.line < right.line }
    }

    package var rows = 0
    /// Rows whose cost went to a resource.
    package var attributedRows = 0
    /// Rows that name no resource (taxes, support, credits …).
    package var unattributedRows = 0
    package var rejectedRows = 0
    package var rejects: [Reject] = []
    /// Costs without a resource, sorted by month, service and currency. Complete after the last `drain`.
    package var unattributed: [Unattributed] = []
}

/// Reads a FOCUS export (1.0 to 1.2, CSV) of any size in bounded memory: bytes go in, cut anywhere; sums per resource, month,
/// service and currency come out.
///
///     var reader = FocusReader(upload: id)
///     for chunk in body {
///         try reader.push(chunk)
///         if reader.isFull { commit(reader.drain(with: parser)) }
///     }
///     try reader.finish()
///     commit(reader.drain(with: parser))
///
/// Sums are exact to 10⁻¹⁸ of the currency's unit within one drain, and rounded to billionths there. The sums of several
/// drains add up, because they carry the same `upload` (see `CostObservation`). A row that cannot be read is counted and
/// skipped; a text that is no CSV, or lacks a column, ends with a `FocusError`.
package struct FocusReader: Sendable {
    private let upload: UInt64
    private let limits: FocusLimits
    private var parser: CSVParser
    private var columns: FocusColumns?
    private var aggregator = FocusAggregator()
    private var memory = FocusRowMemory()
    private var unattributed: [UnattributedKey: (billed: Attos, effective: Attos, rows: Int)] = [:]
    private var counts = FocusSummary()

    private struct UnattributedKey: Hashable {
        let month: Int32
        let service: String
        let currency: String
    }

    /// `upload` must differ between uploads.
    package init(upload: UInt64, limits: FocusLimits = FocusLimits()) {
        self.upload = upload
        self.limits = limits
        parser = CSVParser(limits: limits.csv)
    }

    /// True when the sums have reached a bound: drain before the next `push`. They can go beyond it by the rows of one push.
    package var isFull: Bool {
        aggregator.lines.count >= limits.aggregateEntriesMax || aggregator.bytesUsed >= limits.aggregateBytesMax
    }

    /// Takes the next bytes; pieces of about 64 KiB are best. Throws `FocusError`, after which the reader is useless but for `drain`.
    package mutating func push(_ bytes: UnsafeRawBufferPointer) throws(FocusError) {
        parser.append(bytes)
        try readRows()
    }

    /// The text ends here.
    package mutating func finish() throws(FocusError) {
        do { try parser.finish() } catch { throw FocusError(error.description) }
        try readRows()
        if columns == nil { throw FocusError("the text has no header") }
    }

    /// Hands over the sums and forgets them, in the order in which the resources were first seen.
    package mutating func drain(with json: JSONParser) -> [CostObservation] {
        let drained = aggregator
        aggregator = FocusAggregator()
        var observations: [CostObservation] = []
        observations.reserveCapacity(drained.resources.count)
        for (number, details) in drained.resources.enumerated() {
            guard let details else { continue }
            var lines: [CostLine] = []
            var position = drained.newestLine[number]
            while position >= 0 {
                lines.append(drained.costLine(position, upload: upload))
                position = drained.lines[position].previous
            }
            guard !lines.isEmpty else { continue }
            lines.sort()
            observations.append(
                CostObservation(resource: observation(details, json), lines: lines, upload: upload))
        }
        for line in drained.lines where line.key.resource < 0 { addUnattributed(line, of: drained) }
        return observations
    }

    /// What became of the rows so far.
    package var summary: FocusSummary {
        var summary = counts
        summary.unattributed = unattributed.map { key, sum in
            FocusSummary.Unattributed(
                line: CostLine(
                    month: key.month, service: key.service, currency: key.currency, billedNanos: sum.billed.nanos,
                    effectiveNanos: sum.effective.nanos, upload: upload),
                rows: sum.rows)
        }
        summary.unattributed.sort()
        return summary
    }

    // MARK: Rows

    private mutating func readRows() throws(FocusError) {
        while try nextRecord() {
            guard let columns else {
                columns = try parser.withRecord { record in
                    Result { () throws(FocusError) in try FocusColumns(header: record) }
                }.get()
                continue
            }
            counts.rows += 1
            let line = parser.line
            let refusal = parser.withRecord { record in
                Self.read(record, columns, limits, memory: &memory, into: &aggregator, counts: &counts)
            }
            if let refusal { reject(line, refusal) }
        }
    }

    private mutating func nextRecord() throws(FocusError) -> Bool {
        do { return try parser.next() } catch { throw FocusError(error.description) }
    }

    private mutating func reject(_ line: Int, _ detail: String) {
        counts.rejectedRows += 1
        guard counts.rejects.count < limits.rejectsMax else { return }
        counts.rejects.append(FocusSummary.Reject(line: line, detail: detail))
    }

    /// Adds one row; says why when it cannot.
    private static func read(
        _ record: CSVRecord, _ columns: FocusColumns, _ limits: FocusLimits, memory: inout FocusRowMemory,
        into aggregator: inout FocusAggregator, counts: inout FocusSummary
    ) -> String? {
        guard record.count == columns.count else {
            return "the row has \(record.count) fields, the header \(columns.count)"
        }
        guard let billed = Attos(decimal: record.raw(columns.billedCost)) else {
            return "`BilledCost` is not a number in range: \(record.excerpt(columns.billedCost))"
        }
        var effective = billed
        if let column = columns.effectiveCost, let raw = record.filled(column) {
            guard let amount = Attos(decimal: raw) else {
                return "`EffectiveCost` is not a number in range: \(record.excerpt(column))"
            }
            effective = amount
        }
        guard let month = memory.month(of: record, columns) else {
            return "no date in `BillingPeriodStart` or `ChargePeriodStart`: \(record.excerpt(columns.periods[0]))"
        }
        guard let service = record.filled(columns.serviceName), let currency = record.filled(columns.billingCurrency) else {
            return "`ServiceName` or `BillingCurrency` is empty"
        }
        let id = record.filled(columns.resourceID)
        guard (id?.count ?? 0) <= limits.resourceIDBytesMax else {
            return "`ResourceId` has more than \(limits.resourceIDBytesMax) bytes"
        }
        guard let provider = memory.provider(of: record, columns) ?? (id == nil ? .aws : nil) else {
            return "the provider is none of AWS, Google Cloud and Microsoft Azure: \(record.excerpt(columns.providers[0]))"
        }
        let account =
            columns.subAccountID.flatMap { record.filled($0) }
            ?? columns.billingAccountID.flatMap { record.filled($0) } ?? UnsafeBufferPointer(start: nil, count: 0)
        let outcome = aggregator.add(
            FocusAggregator.Row(
                provider: provider, resourceID: id, account: account, service: service, currency: currency, month: month,
                billed: billed, effective: effective))
        switch outcome {
        case .added(let resource):
            counts.attributedRows += 1
            aggregator.describe(resource) { $0.fill(from: record, columns) }
            return nil
        case .unattributed:
            counts.unattributedRows += 1
            return nil
        case .notUTF8: return "`ResourceId` or `SubAccountId` is not valid UTF-8"
        case .overflow: return "the sum of this resource, month and service leaves the range of ±9.2 billion"
        }
    }

    // MARK: Draining

    private mutating func addUnattributed(_ line: FocusAggregator.Line, of drained: FocusAggregator) {
        var key = UnattributedKey(
            month: line.key.month, service: drained.service(of: line), currency: drained.currency(of: line))
        if unattributed[key] == nil, unattributed.count >= limits.unattributedMax {
            key = UnattributedKey(month: key.month, service: "(other)", currency: key.currency)
        }
        var sum = unattributed[key] ?? (billed: .zero, effective: .zero, rows: 0)
        sum.billed.add(line.billed)
        sum.effective.add(line.effective)
        sum.rows += line.rows
        unattributed[key] = sum
    }

    private func observation(_ details: FocusAggregator.Details, _ json: JSONParser) -> Observation {
        let id = FocusIdentity.canonicalID(details)
        return Observation(
            .partial, provider: details.provider, resourceID: id, resourceType: FocusIdentity.type(of: id, details),
            name: details.name, accountID: FocusIdentity.account(details), region: details.region,
            nativeTags: details.tags.flatMap { FocusTags.read($0, json) })
    }
}
