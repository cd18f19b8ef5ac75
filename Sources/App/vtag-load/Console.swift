import Foundation

/// Standard output for results, standard error for people.
enum Console {
    static let errorIsTerminal = isatty(STDERR_FILENO) == 1

    static func out(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

    static func error(_ line: String) {
        FileHandle.standardError.write(Data(((errorIsTerminal ? "\r\u{1B}[K" : "") + line + "\n").utf8))
    }

    /// A line that the next one replaces.
    static func show(_ line: String) { FileHandle.standardError.write(Data("\r\u{1B}[K\(line)".utf8)) }
}
