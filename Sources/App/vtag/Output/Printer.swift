import JSON

/// Prints what a command found, in the format that was asked for.
struct Printer {
    let format: OutputFormat
    let terminal = Terminal.standardOutput

    /// One thing: its own words for people, or the server's answer as it is.
    func one(_ value: JSONValue, _ words: (JSONValue) -> String) {
        switch format {
        case .table, .wide: terminal.write(words(value))
        case .json: terminal.line(PrettyJSON.render(value))
        case .yaml: terminal.write(YAMLText.render(value))
        case .csv: terminal.write(CommaSeparated.render(value))
        }
    }

    /// A list, page by page, so that a long one starts to show at once.
    func list(
        _ client: Client, _ target: Target, limit: Int?, columns: [Table.Column], empty: String,
        row: @escaping (JSONValue) -> [String]
    ) async throws {
        var pages = Pages(columns: columns, printer: self, row: row)
        let next = try await client.pages(target, limit: limit) { pages.print($0) }
        pages.end(next: next, empty: empty)
    }

    /// A list that comes whole.
    func list(_ items: [JSONValue], columns: [Table.Column], empty: String, row: @escaping (JSONValue) -> [String]) {
        var pages = Pages(columns: columns, printer: self, row: row)
        pages.print(items)
        pages.end(next: nil, empty: empty)
    }

    /// Lines of `name  value`, the values under each other.
    static func fields(_ pairs: [(name: String, value: String)]) -> String {
        let width = pairs.reduce(0) { max($0, $1.name.displayWidth) }
        return pairs.map { pair in
            pair.name + String(repeating: " ", count: width - pair.name.displayWidth + 2) + Terminal.clean(pair.value) + "\n"
        }.joined()
    }
}

/// A list on its way out.
private struct Pages {
    private var table: Table
    /// Positions of the columns that are printed.
    private let shown: [Int]
    private let printer: Printer
    private let row: (JSONValue) -> [String]
    private var hasBegun = false
    private var count = 0

    init(columns: [Table.Column], printer: Printer, row: @escaping (JSONValue) -> [String]) {
        shown = columns.indices.filter { [.wide, .csv].contains(printer.format) || !columns[$0].isWide }
        table = Table(shown.map { columns[$0] })
        self.printer = printer
        self.row = row
    }

    mutating func print(_ items: [JSONValue]) {
        switch printer.format {
        case .table, .wide:
            guard !items.isEmpty else { break }
            let rows = items.map { item in
                let cells = row(item)
                return shown.map { cells[$0] }
            }
            printer.terminal.write(table.render(rows))
        case .json:
            if !hasBegun { printer.terminal.write("{\n  \"items\": [") }
            for (index, item) in items.enumerated() {
                let separator = count + index == 0 ? "\n    " : ",\n    "
                printer.terminal.write(separator + PrettyJSON.render(item, indent: 2))
            }
        case .yaml:
            guard !items.isEmpty else { break }
            printer.terminal.write((count == 0 ? "items:\n" : "") + YAMLText.render(.array(items)))
        case .csv:
            if !hasBegun { printer.terminal.write(CommaSeparated.line(table.columns.map { CommaSeparated.name($0.title) })) }
            for item in items {
                let cells = row(item)
                printer.terminal.write(CommaSeparated.line(shown.map { cells[$0] }))
            }
        }
        hasBegun = true
        count += items.count
    }

    func end(next: String?, empty: String) {
        switch printer.format {
        case .table, .wide:
            if count == 0 { Terminal.standardError.line(empty) }
            if next != nil { Terminal.standardError.line("first \(count) shown; --limit or --all shows more") }
        case .json:
            let cursor = next.map(JSONValue.string) ?? .null
            printer.terminal.line((count == 0 ? "" : "\n  ") + "],\n  \"next_cursor\": \(PrettyJSON.render(cursor))\n}")
        case .yaml: printer.terminal.line((count == 0 ? "items: []\n" : "") + "next_cursor: " + (next ?? "null"))
        case .csv: if next != nil { Terminal.standardError.line("first \(count) shown; --limit or --all shows more") }
        }
    }
}

extension JSONValue {
    /// A cell's text: strings as they are, numbers and booleans spelled, nothing for null.
    var cell: String {
        switch self {
        case .null: ""
        case .string(let text): text
        case .bool, .int, .double, .array, .object: String(decoding: serialised, as: UTF8.self)
        }
    }

    /// The cell of a member, empty where there is none.
    func cell(_ name: String) -> String { self[name]?.cell ?? "" }
}
