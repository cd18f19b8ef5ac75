package import JSON
internal import Normalisation

/// Why a text is no FOCUS export.
package struct FocusTextError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Counted from 1, the header included.
    package let line: Int
    package let message: String
    package var description: String { "line \(line): \(message)" }
}

/// Writes a FOCUS export again with more in its `Tags`: bytes go in, cut anywhere; batches of rows come out.
///
///     while let chunk = try file.next() {
///         try enrichment.push(chunk)
///         while enrichment.hasBatch { write(enrichment.batch(with: tags(of: enrichment.batchIDs))) }
///     }
///     try enrichment.finish()
///     … and the last batches
///
/// Every other field keeps its text, quoted where it has to be. Without a column `Tags` one is added at the end. A `Tags`
/// that is no JSON object stays as it is, and is counted. It holds the rows of one push and one unfinished row.
package struct FocusEnrichment {
    /// Most rows of one batch.
    package static let batchRowsMax = 1_000

    private struct Row {
        var fields: [[UInt8]]
        let id: String
    }

    private let prefix: String
    private var parser = CSVParser()
    private var header: [UInt8]?
    private var columns = (id: 0, tags: Int?.none, count: 0)
    private var rows: [Row] = []
    /// How many of `rows` were given out.
    private var taken = 0

    /// Rows that were read.
    package private(set) var rowCount = 0
    /// Rows that got at least one virtual tag.
    package private(set) var taggedCount = 0
    /// Rows whose `Tags` are no JSON object.
    package private(set) var unreadableCount = 0

    /// `prefix`: what stands before the keys of virtual tags.
    package init(prefix: String) { self.prefix = prefix }

    /// Takes the next bytes. Throws what is wrong with the text, after which nothing more can be read.
    package mutating func push(_ bytes: some Collection<UInt8>) throws(FocusTextError) {
        Array(bytes).withUnsafeBytes { parser.append($0) }
        try read()
    }

    /// The text ends here.
    package mutating func finish() throws(FocusTextError) {
        try parsed { parser throws(CSVError) in try parser.finish() }
        try read()
        if header == nil && columns.count == 0 { throw problem("the text has no header") }
    }

    private func problem(_ message: String) -> FocusTextError { FocusTextError(line: parser.line, message: message) }

    private mutating func parsed<Result>(
        _ body: (inout CSVParser) throws(CSVError) -> Result
    ) throws(FocusTextError) -> Result {
        do throws(CSVError) {
            return try body(&parser)
        } catch {
            throw FocusTextError(line: error.line, message: error.message)
        }
    }

    private mutating func read() throws(FocusTextError) {
        while try parsed({ parser throws(CSVError) in try parser.next() }) {
            let fields = parser.withRecord { record in (0..<record.count).map { Array(record.raw($0)) } }
            guard columns.count > 0 else {
                try readHeader(fields)
                continue
            }
            guard fields.count == columns.count else {
                throw problem("the row has \(fields.count) fields, the header \(columns.count)")
            }
            let id = parser.withRecord { $0.string(columns.id) } ?? ""
            rows.append(Row(fields: fields, id: id == "NULL" ? "" : id))
            rowCount += 1
        }
    }

    private mutating func readHeader(_ fields: [[UInt8]]) throws(FocusTextError) {
        func position(of name: String) -> Int? {
            fields.firstIndex { String(decoding: $0, as: UTF8.self).lowercased() == name }
        }
        guard let id = position(of: "resourceid") else {
            throw problem("the header has no column `ResourceId`, which FOCUS requires")
        }
        columns = (id, position(of: "tags"), fields.count)
        let added: [[UInt8]] = columns.tags == nil ? [Array("Tags".utf8)] : []
        header = Self.line(fields + added)
    }

    // MARK: Batches

    package var hasBatch: Bool { taken < rows.count || header != nil }

    /// The resources of the next batch, each once.
    package var batchIDs: [String] {
        var seen: Set<String> = []
        return rows[taken...].prefix(Self.batchRowsMax).map(\.id).filter { !$0.isEmpty && seen.insert($0).inserted }
    }

    /// The text of the next batch, the header before the first one. `tags`: virtual tags by resource.
    package mutating func batch(with tags: [String: [JSONValue.Member]]) -> [UInt8] {
        var text = header ?? []
        header = nil
        let end = min(rows.count, taken + Self.batchRowsMax)
        for position in taken..<end {
            var fields = rows[position].fields
            let virtual = tags[rows[position].id] ?? []
            let old = columns.tags.map { fields[$0] } ?? []
            let new = enriched(old, virtual)
            if let column = columns.tags { fields[column] = new } else { fields.append(new) }
            text += Self.line(fields)
        }
        taken = end
        if taken == rows.count {
            rows.removeAll(keepingCapacity: true)
            taken = 0
        }
        return text
    }

    /// A `Tags` field, its quotes doubled as in the text, with more in it.
    private mutating func enriched(_ field: [UInt8], _ virtual: [JSONValue.Member]) -> [UInt8] {
        guard !virtual.isEmpty else { return field }
        let text = String(decoding: field, as: UTF8.self).replacing("\"\"", with: "\"")
        var members: [JSONValue.Member] = []
        if !text.isEmpty, text.uppercased() != "NULL" {
            guard case .object(let own)? = try? JSONValue(parsing: text) else {
                unreadableCount += 1
                return field
            }
            members = own
        }
        taggedCount += 1
        let added = virtual.map { JSONValue.Member(prefix + $0.name, $0.value) }
        let names = Set(added.map(\.name))
        let whole = JSONValue.object(members.filter { !names.contains($0.name) } + added).serialised
        return whole.flatMap { $0 == UInt8(ascii: "\"") ? [$0, $0] : [$0] }
    }

    /// Fields with their quotes doubled already.
    private static func line(_ fields: [[UInt8]]) -> [UInt8] {
        var line: [UInt8] = []
        for (position, field) in fields.enumerated() {
            if position > 0 { line.append(UInt8(ascii: ",")) }
            let isSpecial = field.contains { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }
            if isSpecial { line.append(0x22) }
            line += field
            if isSpecial { line.append(0x22) }
        }
        line.append(UInt8(ascii: "\n"))
        return line
    }
}
