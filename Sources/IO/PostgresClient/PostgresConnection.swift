import CPostgreSQL
import Glibc

/// One session with a server. Its calls block until they are answered or their time is up, so that they belong on a thread of
/// their own, one thread at a time; an event loop must not make them.
///
/// Underneath, libpq does not block: what is sent and received is waited for together with the deadline and the
/// cancellation, so that neither a full socket nor a dead server holds the thread. After an error that leaves the session in
/// an unknown state it is closed; `isOpen` says so.
package final class PostgresConnection {
    private(set) var handle: OpaquePointer?
    let cancellation: PostgresCancellation
    let statementTimeoutMilliseconds: Int

    /// How much later than the server the client gives up, in milliseconds.
    static let graceMilliseconds = 2_000

    /// Connects to the first host that suits, each within its `connect_timeout`, which is not cut short by a cancellation.
    package init(_ settings: PostgresSettings, _ cancellation: PostgresCancellation = PostgresCancellation())
        throws(PostgresError)
    {
        self.cancellation = cancellation
        statementTimeoutMilliseconds = settings.statementTimeoutMilliseconds
        guard !cancellation.isCancelled else { throw Self.cancelled }
        guard let opened = Self.open(settings.parameters) else {
            throw PostgresError(.unreachable, "no memory for a connection to PostgreSQL")
        }
        guard PQstatus(opened) == CONNECTION_OK else {
            let message = Self.message(PQerrorMessage(opened))
            PQfinish(opened)
            throw PostgresError(
                .unreachable, "no connection to \(settings): \(message); see that the server runs and lets this user in")
        }
        handle = opened
        PQsetnonblocking(opened, 1)
        // Notices go to standard error otherwise, past the log.
        PQsetNoticeReceiver(opened, { _, _ in }, nil)
        try execute(
            PostgresStatement(
                """
                SELECT pg_catalog.set_config('statement_timeout', $1, false), pg_catalog.set_config('lock_timeout', $2, false),
                    pg_catalog.set_config('idle_in_transaction_session_timeout', $1, false),
                    pg_catalog.set_config('tcp_keepalives_idle', $3, false),
                    pg_catalog.set_config('tcp_keepalives_interval', $3, false),
                    pg_catalog.set_config('tcp_keepalives_count', '2', false),
                    pg_catalog.set_config('TimeZone', 'UTC', false), pg_catalog.set_config('jit', 'off', false)
                """,
                [
                    .text("\(settings.statementTimeoutMilliseconds)"), .text("\(settings.lockTimeoutMilliseconds)"),
                    .text("\(PostgresSettings.serverKeepAliveSeconds)"),
                ]))
    }

    deinit { close() }

    package var isOpen: Bool { handle != nil }

    /// Ends the session. What is under way at the server is rolled back.
    package func close() {
        if let handle { PQfinish(handle) }
        handle = nil
    }

    /// The server's version as a number: 150018 for 15.18.
    package var serverVersion: Int { handle.map { Int(PQserverVersion($0)) } ?? 0 }

    // MARK: Statements

    /// Runs one statement, in a transaction of its own where none is open.
    @discardableResult
    package func execute(_ statement: PostgresStatement) throws(PostgresError) -> PostgresRows {
        let handle = try ready()
        let sent = statement.withArguments { count, types, values, lengths, formats in
            PQsendQueryParams(handle, Self.text(statement.sql), count, types, values, lengths, formats, 1)
        }
        guard sent == 1 else { throw lost() }
        let results = try answers(deadline)
        guard results.count == 1, let result = results.first else {
            throw closing(PostgresError(.unexpectedAnswer, "\(results.count) answers to one statement"))
        }
        return result
    }

    @discardableResult
    package func execute(
        _ sql: StaticString, _ parameters: [PostgresParameter] = []
    ) throws(PostgresError) -> PostgresRows {
        try execute(PostgresStatement(sql, parameters))
    }

    /// Runs several statements without parameters, one after the other; all or nothing.
    /// - Parameter timeoutMilliseconds: for all of them together; the server's own limit still holds for each.
    package func run(script: StaticString, timeoutMilliseconds: Int? = nil) throws(PostgresError) {
        let handle = try ready()
        guard PQsendQuery(handle, Self.text(script)) == 1 else { throw lost() }
        _ = try answers(timeoutMilliseconds.map(Self.deadline) ?? deadline)
    }

    /// Commits what `body` did, or none of it.
    package func transaction<Value>(
        _ body: (PostgresConnection) throws(PostgresError) -> Value
    ) throws(PostgresError) -> Value {
        try execute("BEGIN")
        let value: Value
        do throws(PostgresError) {
            value = try body(self)
        } catch {
            if isOpen {
                // What cannot be rolled back is closed, which comes to the same.
                do throws(PostgresError) { try execute("ROLLBACK") } catch { close() }
            }
            throw error
        }
        try execute("COMMIT")
        return value
    }

    /// Sends the statements one after the other without waiting, and returns their answers in order. They are one transaction where
    /// none is open: when one fails, its error is thrown and nothing of any happened. The server begins with the first as soon as it
    /// is sent: those of a lazy sequence may be made while it works.
    package func pipeline(_ statements: some Sequence<PostgresStatement>) throws(PostgresError) -> [PostgresRows] {
        let handle = try ready()
        guard PQenterPipelineMode(handle) == 1 else { throw lost() }
        let deadline = deadline
        var count = 0
        for statement in statements {
            count += 1
            let sent = statement.withArguments { count, types, values, lengths, formats in
                PQsendQueryParams(handle, Self.text(statement.sql), count, types, values, lengths, formats, 1)
            }
            guard sent == 1 else { throw lost() }
            try push(handle)
        }
        guard PQpipelineSync(handle) == 1 else { throw lost() }
        let rows = try pipelineAnswers(handle, to: count, deadline)
        guard PQexitPipelineMode(handle) == 1 else {
            throw closing(PostgresError(.unexpectedAnswer, "the pipeline did not end"))
        }
        return rows
    }

    private func pipelineAnswers(
        _ handle: OpaquePointer, to count: Int, _ deadline: Int64
    ) throws(PostgresError) -> [PostgresRows] {
        var rows: [PostgresRows] = []
        var failure: PostgresError?
        while true {
            // A nil ends each statement's answer; the sync's own result ends them all.
            guard let result = try next(handle, deadline) else { continue }
            switch PQresultStatus(result) {
            case PGRES_PIPELINE_SYNC:
                PQclear(result)
                if let failure {
                    PQexitPipelineMode(handle)
                    throw failure
                }
                precondition(rows.count == count, "\(rows.count) answers to \(count) statements")
                return rows
            case PGRES_PIPELINE_ABORTED: PQclear(result)
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK: rows.append(PostgresRows(result))
            default:
                if failure == nil { failure = Self.error(result) }
                PQclear(result)
                if PQstatus(handle) != CONNECTION_OK { throw lost() }
            }
        }
    }

    // MARK: Waiting

    var deadline: Int64 { Self.deadline(statementTimeoutMilliseconds) }

    static func deadline(_ milliseconds: Int) -> Int64 {
        PostgresClock.milliseconds + Int64(milliseconds + graceMilliseconds)
    }

    /// The open session, with nothing under way.
    func ready() throws(PostgresError) -> OpaquePointer {
        guard let handle else { throw PostgresError(.unreachable, "the connection to PostgreSQL is closed") }
        guard !cancellation.isCancelled else { throw Self.cancelled }
        return handle
    }

    /// Everything that the server answers until it is ready for the next statement. The first error is thrown.
    func answers(_ deadline: Int64) throws(PostgresError) -> [PostgresRows] {
        let handle = try ready()
        var rows: [PostgresRows] = []
        var failure: PostgresError?
        while let result = try next(handle, deadline) {
            switch PQresultStatus(result) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK: rows.append(PostgresRows(result))
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                PQclear(result)
                throw closing(PostgresError(.unexpectedAnswer, "COPY where none was expected"))
            default:
                if failure == nil { failure = Self.error(result) }
                PQclear(result)
            }
        }
        guard PQstatus(handle) == CONNECTION_OK else { throw lost() }
        if let failure { throw failure }
        return rows
    }

    /// The next result; nil at the end of an answer. Sends what is still to be sent meanwhile, as the server may wait for one
    /// before it does the other.
    func next(_ handle: OpaquePointer, _ deadline: Int64) throws(PostgresError) -> OpaquePointer? {
        while true {
            let flushed = PQflush(handle)
            guard flushed >= 0 else { throw lost() }
            if PQisBusy(handle) == 0 { return PQgetResult(handle) }
            try wait(handle, alsoToWrite: flushed == 1, deadline)
            guard PQconsumeInput(handle) == 1 else { throw lost() }
        }
    }

    /// Hands over what the socket takes now, and takes what has come.
    private func push(_ handle: OpaquePointer) throws(PostgresError) {
        let flushed = PQflush(handle)
        guard flushed >= 0, flushed == 0 || PQconsumeInput(handle) == 1 else { throw lost() }
    }

    func wait(_ handle: OpaquePointer, alsoToWrite: Bool, _ deadline: Int64) throws(PostgresError) {
        switch cancellation.wait(for: PQsocket(handle), alsoToWrite: alsoToWrite, until: deadline) {
        case .ready: return
        case .cancelled:
            askServerToCancel(handle)
            throw closing(Self.cancelled)
        case .timedOut:
            throw closing(
                PostgresError(
                    .timedOut, "PostgreSQL did not answer in time; the connection is closed, see what holds the server up"))
        }
    }

    /// A request of its own, on a connection of its own; bounded by `tcp_user_timeout`.
    private func askServerToCancel(_ handle: OpaquePointer) {
        guard let cancel = PQgetCancel(handle) else { return }
        var complaint = [CChar](repeating: 0, count: 256)
        _ = PQcancel(cancel, &complaint, Int32(complaint.count))
        PQfreeCancel(cancel)
    }

    // MARK: Errors

    private static var cancelled: PostgresError { PostgresError(.cancelled, "cancelled") }

    /// Closes the session, whose state is unknown.
    func closing(_ error: PostgresError) -> PostgresError {
        close()
        return error
    }

    /// The connection is gone, or cannot be used.
    func lost() -> PostgresError {
        let message = handle.map { Self.message(PQerrorMessage($0)) } ?? "closed"
        return closing(PostgresError(.connectionLost, "the connection to PostgreSQL ended: \(message)"))
    }

    /// The server's error, without the values that its details quote.
    static func error(_ result: OpaquePointer) -> PostgresError {
        func field(_ code: Character) -> String? {
            code.asciiValue.flatMap { PQresultErrorField(result, Int32($0)) }.map { String(cString: $0) }
        }
        guard let state = field("C") else {
            return PostgresError(.connectionLost, message(PQresultErrorMessage(result)))
        }
        return PostgresError(server: field("M") ?? "refused", sqlState: state)
    }

    /// In one line.
    private static func message(_ text: UnsafePointer<CChar>?) -> String {
        let lines = text.map { String(cString: $0) } ?? ""
        return lines.split(separator: "\n").map { line in
            String(line.drop { $0 == " " || $0 == "\t" })
        }.joined(separator: "; ")
    }

    static func text(_ sql: StaticString) -> UnsafePointer<CChar> {
        precondition(sql.hasPointerRepresentation, "SQL is longer than one character")
        return UnsafeRawPointer(sql.utf8Start).assumingMemoryBound(to: CChar.self)
    }

    private static func open(_ parameters: [(keyword: String, value: String)]) -> OpaquePointer? {
        let keywords = parameters.map { strdup($0.keyword) } + [nil]
        let values = parameters.map { strdup($0.value) } + [nil]
        defer { for text in keywords + values { free(text) } }
        // Not expanded: a database name that looks like a connection string stays a name.
        return PQconnectdbParams(keywords.map { UnsafePointer($0) }, values.map { UnsafePointer($0) }, 0)
    }
}
