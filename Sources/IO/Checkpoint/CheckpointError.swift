/// Why the checkpoint cannot be used. The message names the file and the way out.
package struct CheckpointError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable {
        /// What is stored is not what was written.
        case damaged
        /// Written by a newer version of this software.
        case newerVersion
        /// Written by an older version, whose files this one does not read.
        case olderVersion
        /// A snapshot is not what it should be. Nothing of it was taken over.
        case snapshotRefused
        /// The file cannot be opened, read or written now. Nothing of a round was written; it may be tried again.
        case unavailable
        /// The disk did not take what was written to it. What is there is unknown: the process must end, never try again.
        case syncFailed
    }

    package let code: Code
    package let message: String
    package var description: String { message }

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    static func damaged(_ path: String, _ what: String) -> CheckpointError {
        CheckpointError(
            .damaged,
            "\(path) is damaged: \(what). Restore the data directory from a back-up; nothing was changed in it.")
    }

    /// What an error on the way to or from the file at `path` means.
    init(_ error: any Error, _ path: String) {
        switch error {
        case let error as CheckpointError: self = error
        case let error as SQLiteError where error.isDamage: self = .damaged(path, error.description)
        case let error as SQLiteError where error.isSyncFailure: self.init(.syncFailed, "\(path): \(error)")
        default: self.init(.unavailable, "\(path): \(error). Check the disk, and the rights on the file.")
        }
    }
}
