/// Text inside a page.
enum HTML {
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.append(character)
            }
        }
        return escaped
    }

    /// The first row is the head; the first column names its row.
    static func table(_ rows: [[String]]) -> String {
        guard let head = rows.first else { return "" }
        let headCells = head.map { "<th>\(escaped($0))</th>" }.joined()
        let body = rows.dropFirst().map { row in
            "<tr>" + row.map { "<td>\(escaped($0))</td>" }.joined() + "</tr>"
        }
        return "<table><thead><tr>\(headCells)</tr></thead><tbody>\(body.joined(separator: "\n"))</tbody></table>"
    }
}
