import Glibc
package import WriteAheadLog

/// A call to the operating system that failed.
package struct LogIOError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Name of the call.
    package var operation: String
    package var path: String
    /// `errno` of the call.
    package var code: Int32
    /// How large the file was to be, where the call allocates one.
    package var bytesWanted: Int?

    package init(operation: String, path: String, code: Int32, bytesWanted: Int? = nil) {
        self.operation = operation
        self.path = path
        self.code = code
        self.bytesWanted = bytesWanted
    }

    /// The disk, or the quota on it, is used up.
    package var isDiskFull: Bool { code == ENOSPC || code == EDQUOT }

    package var description: String {
        isDiskFull ? outOfSpace : "cannot \(operation) \(path): \(String(cString: strerror(code)))"
    }

    private var outOfSpace: String {
        let wanted = bytesWanted.map { "a file of \($0) bytes" } ?? "writing"
        let free = Self.bytesFree(at: path).map { ", \($0) bytes are free" } ?? ""
        return
            "the disk (or the quota) is full: no room at \(path) for \(wanted)\(free). Free some space, or use another directory."
    }

    /// What is free for this process on the file system that holds `path`, or its folder where the file is gone.
    private static func bytesFree(at path: String) -> UInt64? {
        var status = statvfs()
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        guard statvfs(path, &status) == 0 || statvfs(folder, &status) == 0 else { return nil }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }
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

    /// A file was not there.
    var isMissingFile: Bool {
        if case .io(let error) = self { error.code == ENOENT } else { false }
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

/// Why nothing should be proposed now.
package enum LogAppendError: Error, Equatable, Sendable {
    /// Too many bytes wait to be written; try again once some are durable.
    case full
    /// There is no room on the disk for another segment; wait until there is.
    case diskFull
    /// The log was closed, or failed.
    case stopped
    /// The payload is longer than `LogOptions.payloadBytesMax`.
    case tooLarge
}
