import JSON

/// Comma-separated values (RFC 4180), with LF.
enum CommaSeparated {
    /// A list has a line for each item, anything else one line; what is nested is JSON in its field.
    static func render(_ value: JSONValue) -> String {
        let lists = (value.members ?? []).filter { $0.value.array?.contains { $0.members != nil } == true }
        // An object around one list is that list.
        let rows = value["items"]?.array ?? (lists.count == 1 ? lists[0].value.array : nil) ?? value.array ?? [value]
        var names: [String] = []
        var seen: Set<String> = []
        for member in rows.flatMap({ $0.members ?? [] }) where seen.insert(member.name).inserted {
            names.append(member.name)
        }
        guard !names.isEmpty else { return rows.map { line([$0.cell]) }.joined() }
        return line(names) + rows.map { row in line(names.map(row.cell)) }.joined()
    }

    static func line(_ cells: [String]) -> String { cells.map(field).joined(separator: ",") + "\n" }

    /// A table's title as a column's name: `VALID UNTIL` is `valid_until`.
    static func name(_ title: String) -> String { title.lowercased().replacing(" ", with: "_") }

    private static func field(_ text: String) -> String {
        let text = harmless(text)
        let isSpecial = text.utf8.contains { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }
        return isSpecial ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
    }

    /// Spreadsheets take a field that begins with one of these for a formula: an apostrophe before it keeps it text
    /// (OWASP, "CSV Injection"). A negative number is one.
    private static func harmless(_ text: String) -> String {
        guard let first = text.utf8.first, "=+-@\t\r".utf8.contains(first), Double(text) == nil else { return text }
        return "'\(text)"
    }
}
