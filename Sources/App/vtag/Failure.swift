/// How `vtag` ends, as `sysexits.h` numbers it.
enum ExitStatus: Int32, Sendable {
    case refused = 1
    /// What was looked at is not as it should be.
    case findings = 2
    case usage = 64
    case unreachable = 69
    case unauthorised = 77
}

/// Why a command ends early: what a person reads on standard error, and the exit status.
struct Failure: Error, Sendable {
    let status: ExitStatus
    let message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    static func usage(_ message: String) -> Failure { Failure(.usage, message) }
    static func refused(_ message: String) -> Failure { Failure(.refused, message) }
}
