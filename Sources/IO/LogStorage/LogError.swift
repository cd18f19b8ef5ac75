import Glibc
package import WriteAheadLog

/// A call to the operating system that failed.
package struct LogIOError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Name of the call.
    package var operation: String
    package var path: String
    /// `errno` of the call.
    package var code: Int32

    package init(operation: String, path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// The disk, or the quota on it, is used up.
    package var isDiskFull: Bool { code == ENOSPC || code == EDQUOT }

    package var description: String { "\(operation) \(path): \(String(cString: strerror(code)))" }
}

/// Why a log cannot be opened.
package enum LogError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Another process holds the directory; its id, where the lock file tells.
    case inUse(path: String, process: Int32?)
    case damaged(directory: String, LogDamage)
    /// A later version of the program wrote the log.
    case newerVersion(directory: String, LogDamage)
    case io(LogIOError)

    init(_ damage: LogDamage, in directory: String) {
        if case .newerVersion = damage.reason {
            self = .newerVersion(directory: directory, damage)
        } else {
            self = .damaged(directory: directory, damage)
        }
    }

    package var description: String {
        switch self {
        case .inUse(let path, let process):
            "\(path) is held by another process\(process.map { " (\($0))" } ?? ""). Stop it, or choose another directory."
        case .damaged(let directory, let damage), .newerVersion(let directory, let damage): "\(directory)/\(damage)"
        case .io(let error): "\(error)"
        }
    }
}

/// Why an append was refused. Nothing of it is in the log.
package enum LogAppendError: Error, Equatable, Sendable {
    /// Too many bytes wait to be written; try again once some are durable.
    case full
    /// There is no room on the disk for another segment; appends are taken again once there is.
    case diskFull
    /// The log was closed, or failed.
    case stopped
    /// The payload is longer than `LogOptions.payloadBytesMax`.
    case tooLarge
}
