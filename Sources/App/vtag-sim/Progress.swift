import Foundation

/// One line on standard error that is written over; nothing where that is no terminal.
enum Progress {
    private static let isTerminal = isatty(2) == 1

    static func show(_ text: String) {
        guard isTerminal else { return }
        FileHandle.standardError.write(Data("\r\u{1B}[K\(text)".utf8))
    }

    static func end() {
        guard isTerminal else { return }
        FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
    }
}

/// Writes a line to standard output at once: whoever reads it through a pipe watches a long run.
func say(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }

struct Stopwatch {
    private let start = ContinuousClock.now

    var seconds: Double { Double((ContinuousClock.now - start) / .milliseconds(1)) / 1_000 }

    func perMinute(_ count: Int) -> Int { seconds > 0 ? Int(Double(count) * 60 / seconds) : 0 }
}

/// The commit of the sources that this runs in; a seed means nothing without it.
enum Commit {
    static let current: String = {
        guard let commit = git(["rev-parse", "--short=12", "HEAD"]) else { return "unknown" }
        return git(["status", "--porcelain", "--untracked-files=no"]) == "" ? commit : "\(commit) with changes"
    }()

    private static func git(_ arguments: [String]) -> String? {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["git"] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { return nil }
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
