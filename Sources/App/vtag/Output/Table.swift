/// Rows under headings, in columns that line up and fit the window.
struct Table {
    struct Column: Sendable {
        enum Alignment: Sendable { case left, right }
        let title: String
        var alignment = Alignment.left
        /// Columns that may lose their end when the window is narrow.
        var shrinks = false
        /// What such a column loses is its middle: both ends of an id tell something.
        var isID = false
        /// Only in the wide format.
        var isWide = false

        init(
            _ title: String, _ alignment: Alignment = .left, shrinks: Bool = false, isID: Bool = false, isWide: Bool = false
        ) {
            self.title = title
            self.alignment = alignment
            self.shrinks = shrinks || isID
            self.isID = isID
            self.isWide = isWide
        }
    }

    /// A shrunken column keeps at least this many characters.
    static let shrunkenWidthMin = 8
    private static let gap = 2

    let columns: [Column]
    private let windowWidth: Int?
    private let hasColour: Bool
    /// Set by the first page, so that later pages line up with it.
    private var widths: [Int]?

    init(_ columns: [Column], windowWidth: Int?, hasColour: Bool) {
        self.columns = columns
        self.windowWidth = windowWidth
        self.hasColour = hasColour
    }

    init(_ columns: [Column]) {
        self.init(columns, windowWidth: Terminal.standardOutput.width, hasColour: Terminal.standardOutput.hasColour)
    }

    /// The text of some rows; the headings come before the first ones.
    mutating func render(_ rows: [[String]]) -> String {
        let cells = rows.map { $0.map(Terminal.clean) }
        var text = ""
        let widths: [Int]
        if let known = self.widths {
            widths = known
        } else {
            widths = fitted(natural(cells))
            self.widths = widths
            let titles = line(columns.map(\.title), widths)
            text = (hasColour ? "\u{1B}[1m\(titles)\u{1B}[0m" : titles) + "\n"
        }
        for row in cells { text += line(row, widths) + "\n" }
        return text
    }

    private func natural(_ rows: [[String]]) -> [Int] {
        columns.indices.map { column in
            rows.reduce(columns[column].title.displayWidth) { max($0, $1[column].displayWidth) }
        }
    }

    /// Takes from the widest column that may shrink until the line fits.
    private func fitted(_ natural: [Int]) -> [Int] {
        guard let windowWidth else { return natural }
        var widths = natural
        var excess = widths.reduce(0, +) + Self.gap * (widths.count - 1) - windowWidth
        while excess > 0 {
            let candidates = columns.indices.filter { columns[$0].shrinks && widths[$0] > Self.shrunkenWidthMin }
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var text = ""
        for (index, cell) in cells.enumerated() {
            let isLast = index == cells.count - 1
            let mayCut = windowWidth != nil && columns[index].shrinks
            let shown = mayCut ? cell.cut(to: widths[index], inMiddle: columns[index].isID) : cell
            let padding = String(repeating: " ", count: max(0, widths[index] - shown.displayWidth))
            switch columns[index].alignment {
            case .left: text += isLast ? shown : shown + padding
            case .right: text += padding + shown
            }
            if !isLast { text += String(repeating: " ", count: Self.gap) }
        }
        return String(text.reversed().drop { $0 == " " }.reversed())
    }
}

extension String {
    /// Columns that a terminal takes for it: most East Asian characters and emoji take two.
    var displayWidth: Int { reduce(0) { $0 + $1.displayWidth } }

    /// At most that many columns; what is lost, at the end or in the middle, shows as an ellipsis.
    func cut(to width: Int, inMiddle: Bool = false) -> String {
        guard displayWidth > width else { return self }
        guard inMiddle, width > 1 else { return prefix(columns: width - 1) + "…" }
        let end = (width - 1) / 2
        let tail = String(String(reversed()).prefix(columns: end).reversed())
        return prefix(columns: width - 1 - end) + "…" + tail
    }

    private func prefix(columns width: Int) -> String {
        var kept = ""
        var used = 0
        for character in self {
            used += character.displayWidth
            if used > width { break }
            kept.append(character)
        }
        return kept
    }
}

extension Character {
    fileprivate var displayWidth: Int {
        guard let scalar = unicodeScalars.first else { return 0 }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6,
            0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}
