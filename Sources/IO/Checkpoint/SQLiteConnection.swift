import CSQLite
import Model

/// A call to SQLite that failed.
struct SQLiteError: Error, CustomStringConvertible {
    /// SQLite's extended result code.
    let code: Int32
    let message: String

    var description: String { "\(message) (SQLite code \(code))" }

    /// The file is not what was written: SQLite says so, or a statement of ours finds another schema or other keys in it.
    var isDamage: Bool {
        [SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_FORMAT, SQLITE_ERROR, SQLITE_CONSTRAINT, SQLITE_MISMATCH]
            .contains(code & 0xFF)
    }

    /// A row is there twice, or without what it must have.
    var isConstraint: Bool { code & 0xFF == SQLITE_CONSTRAINT }

    /// `fsync` of the file or of its directory failed. (The extended codes are macros that Swift does not see.)
    var isSyncFailure: Bool { code == SQLITE_IOERR | 4 << 8 || code == SQLITE_IOERR | 5 << 8 }
}

/// An open database. One thread at a time.
final class SQLiteConnection: @unchecked Sendable {
    fileprivate let handle: OpaquePointer

    /// Once in a process. SQLite refuses when it is in use already, and then counts on.
    private static let configured = vtag_sqlite_without_memory_totals()

    init(path: String, readOnly: Bool) throws(SQLiteError) {
        _ = Self.configured
        var opened: OpaquePointer?
        let flags = (readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) | SQLITE_OPEN_NOMUTEX
        let code = sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            let message = opened.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(code))
            sqlite3_close_v2(opened)
            throw SQLiteError(code: code, message: message)
        }
        handle = opened
        sqlite3_extended_result_codes(handle, 1)
        sqlite3_busy_timeout(handle, 5000)
    }

    deinit { sqlite3_close_v2(handle) }

    /// Runs statements that return nothing of interest.
    func execute(_ sql: String) throws(SQLiteError) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code) }
    }

    func prepare(_ sql: String) throws(SQLiteError) -> SQLiteStatement {
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard code == SQLITE_OK, let statement else { throw error(code) }
        return SQLiteStatement(statement, of: self)
    }

    /// The first column of the first row, as an integer.
    func integer(_ sql: String) throws(SQLiteError) -> Int64 {
        let statement = try prepare(sql)
        return try statement.step() ? statement.int(0) : 0
    }

    /// The first column of the first row, as text.
    func text(_ sql: String) throws(SQLiteError) -> String {
        let statement = try prepare(sql)
        return try statement.step() ? statement.text(0) : ""
    }

    /// Commits what `body` wrote, or none of it.
    func transaction<Value>(_ body: () throws -> Value) throws -> Value {
        try execute("BEGIN IMMEDIATE")
        do {
            let value = try body()
            try execute("COMMIT")
            return value
        } catch {
            try? execute("ROLLBACK")
            throw error
        }
    }

    fileprivate func error(_ code: Int32) -> SQLiteError {
        SQLiteError(code: sqlite3_extended_errcode(handle), message: String(cString: sqlite3_errmsg(handle)))
    }
}

/// A prepared statement. Parameters count from 1, columns from 0.
final class SQLiteStatement {
    private let handle: OpaquePointer
    private let connection: SQLiteConnection

    fileprivate init(_ handle: OpaquePointer, of connection: SQLiteConnection) {
        self.handle = handle
        self.connection = connection
    }

    deinit { sqlite3_finalize(handle) }

    /// True when there is a row to read.
    func step() throws(SQLiteError) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code:
            let error = connection.error(code)
            sqlite3_reset(handle)
            throw error
        }
    }

    /// Runs a statement that returns no row, and makes it ready for the next use.
    func run() throws(SQLiteError) {
        _ = try step()
        sqlite3_reset(handle)
    }

    /// Runs a statement that must change exactly one row; false where it did not.
    func runOnOneRow() throws(SQLiteError) -> Bool {
        try run()
        return sqlite3_changes(sqlite3_db_handle(handle)) == 1
    }

    func reset() { sqlite3_reset(handle) }

    func bind(_ parameter: Int32, _ value: Int64) { sqlite3_bind_int64(handle, parameter, value) }
    func bind(_ parameter: Int32, _ value: Int) { bind(parameter, Int64(value)) }
    func bind(_ parameter: Int32, bits value: UInt64) { bind(parameter, Int64(bitPattern: value)) }
    func bind(_ parameter: Int32, _ value: Double) { sqlite3_bind_double(handle, parameter, value) }
    func bindNull(_ parameter: Int32) { sqlite3_bind_null(handle, parameter) }

    func bind(_ parameter: Int32, _ value: String?) {
        guard var value else { return bindNull(parameter) }
        value.withUTF8 { bytes in
            let start = UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self)
            // An empty string has no address; SQLite would read NULL from it.
            sqlite3_bind_text64(
                handle, parameter, start ?? Self.empty, UInt64(bytes.count), vtag_sqlite_transient(), UInt8(SQLITE_UTF8))
        }
    }

    /// `value` is UTF-8.
    func bind(_ parameter: Int32, text value: [UInt8]) {
        value.withUnsafeBytes { bytes in
            let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            _ = sqlite3_bind_text64(
                handle, parameter, bytes.isEmpty ? Self.empty : start, UInt64(bytes.count), vtag_sqlite_transient(),
                UInt8(SQLITE_UTF8))
        }
    }

    func bind(_ parameter: Int32, blob value: [UInt8]) {
        value.withUnsafeBytes { bytes in
            if bytes.count == 0 {
                _ = sqlite3_bind_zeroblob(handle, parameter, 0)
            } else {
                _ = sqlite3_bind_blob64(handle, parameter, bytes.baseAddress, UInt64(bytes.count), vtag_sqlite_transient())
            }
        }
    }

    func bind(_ parameter: Int32, _ value: UUID128) {
        _ = withUnsafeBytes(of: (value.high.bigEndian, value.low.bigEndian)) { bytes in
            sqlite3_bind_blob64(handle, parameter, bytes.baseAddress, 16, vtag_sqlite_transient())
        }
    }

    func bind(_ parameter: Int32, _ value: UUID128?) {
        if let value { bind(parameter, value) } else { bindNull(parameter) }
    }

    func int(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
    func bits(_ column: Int32) -> UInt64 { UInt64(bitPattern: int(column)) }
    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    func text(_ column: Int32) -> String {
        guard let start = sqlite3_column_text(handle, column) else { return "" }
        let count = Int(sqlite3_column_bytes(handle, column))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }

    /// Valid until the next step.
    func blob(_ column: Int32) -> UnsafeRawBufferPointer {
        let start = sqlite3_column_blob(handle, column)
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
    }

    /// Nil when the column does not hold 16 bytes.
    func uuid(_ column: Int32) -> UUID128? {
        let bytes = blob(column)
        guard bytes.count == 16 else { return nil }
        return UUID128(
            high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }

    nonisolated(unsafe) private static let empty: UnsafePointer<CChar> = {
        let byte = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
        byte.initialize(to: 0)
        return UnsafePointer(byte)
    }()
}
