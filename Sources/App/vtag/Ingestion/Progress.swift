import Foundation

/// How far a run of files has come: a bar that redraws itself on a terminal; elsewhere a line for every file or every tenth
/// of the way. On standard error.
struct Progress {
    private let label: String
    private let filesTotal: Int
    private let bytesTotal: Int
    private let terminal = Terminal.standardError
    private let isBar: Bool
    private let everyFile: Bool
    private var filesDone = 0
    private var bytesDone = 0
    private var drawnPermille = -1

    private static let barWidth = 30

    init(label: String, files: Int, bytes: Int, everyFile: Bool) {
        self.label = label
        filesTotal = files
        bytesTotal = bytes
        self.everyFile = everyFile
        isBar = Terminal.standardError.isInteractive && files > 1
    }

    mutating func began() { draw() }

    mutating func finished(_ file: InputFile, words: String?) {
        let tenthsBefore = Int(share * 10)
        filesDone += 1
        bytesDone += file.bytes ?? 0
        if isBar {
            draw()
        } else if everyFile {
            if let words { terminal.line("\(Terminal.clean(file.name)): \(words)") }
        } else if Int(share * 10) > tenthsBefore {
            terminal.line("\(label): \(Int(share * 100)) %, \(filesDone)/\(filesTotal) files")
        }
    }

    /// A line that stays, above the bar.
    mutating func note(_ text: String) {
        if isBar { terminal.write("\r\u{1B}[K") }
        terminal.line(text)
        drawnPermille = -1
        if isBar { draw() }
    }

    /// Leaves the full bar behind and the cursor on a new line.
    mutating func ended() {
        if isBar { terminal.write("\n") }
    }

    private var share: Double {
        bytesTotal > 0 ? Double(bytesDone) / Double(bytesTotal) : Double(filesDone) / Double(max(1, filesTotal))
    }

    private mutating func draw() {
        guard isBar else { return }
        let share = share
        let permille = Int(share * 1_000)
        guard permille != drawnPermille else { return }
        drawnPermille = permille
        let filled = Int(share * Double(Self.barWidth))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.barWidth - filled)
        let text = "\(label)  \(bar)  \(permille / 10)%  \(filesDone)/\(filesTotal) files"
        terminal.write("\r" + text.cut(to: (terminal.width ?? 80) - 1) + "\u{1B}[K")
    }
}
