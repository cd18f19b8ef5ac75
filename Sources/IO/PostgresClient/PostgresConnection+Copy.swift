import CPostgreSQL

/// Rows in the binary form of COPY.
package struct PostgresCopyRows: Sendable {
    fileprivate var encoder: PostgresEncoder

    fileprivate init() {
        encoder = PostgresEncoder(reserving: 2 * PostgresConnection.copyChunkBytes)
        // Signature, flags, length of the header's extension.
        encoder.append([0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00])
        encoder.integer(0 as Int32)
        encoder.integer(0 as Int32)
    }

    /// One row: a value for each column of the statement, of the column's type.
    package mutating func append(_ values: [PostgresParameter]) {
        encoder.integer(Int16(values.count))
        for value in values {
            guard let bytes = value.bytes else {
                encoder.integer(-1 as Int32)
                continue
            }
            encoder.integer(Int32(bytes.count))
            encoder.append(bytes)
        }
    }
}

extension PostgresConnection {
    /// About so many bytes are gathered before they are handed over.
    static let copyChunkBytes = 65_536

    /// Copies rows in. `sql` is `COPY table (columns) FROM STDIN (FORMAT binary)`; `more` appends some rows, and returns
    /// false when there are no more. Returns how many rows were copied.
    ///
    /// All or nothing. The time for a statement counts for each piece that is sent, and for the end.
    package func copyIn(
        _ sql: StaticString, _ more: (inout PostgresCopyRows) throws(PostgresError) -> Bool
    ) throws(PostgresError) -> Int {
        let handle = try begin(sql, expecting: PGRES_COPY_IN)
        var rows = PostgresCopyRows()
        do throws(PostgresError) {
            while try more(&rows) {
                if rows.encoder.bytes.count >= Self.copyChunkBytes { try put(handle, &rows) }
            }
        } catch {
            // The server is in the middle of the rows: nothing but the end of the session stops it for sure.
            throw closing(error)
        }
        rows.encoder.integer(-1 as Int16)
        try put(handle, &rows)
        let deadline = deadline
        while true {
            switch PQputCopyEnd(handle, nil) {
            case 1: return try answers(deadline).first?.affected ?? 0
            case 0: try wait(handle, alsoToWrite: true, deadline)
            default: throw lost()
            }
        }
    }

    private func put(_ handle: OpaquePointer, _ rows: inout PostgresCopyRows) throws(PostgresError) {
        let deadline = deadline
        while true {
            let taken = rows.encoder.bytes.withUnsafeBytes { bytes in
                PQputCopyData(handle, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count))
            }
            guard taken >= 0 else { throw lost() }
            if taken == 1 { break }
            try wait(handle, alsoToWrite: true, deadline)
        }
        rows.encoder.removeAll()
        // Waits until the socket has it: otherwise all rows would gather in memory.
        while true {
            let flushed = PQflush(handle)
            guard flushed >= 0 else { throw lost() }
            if flushed == 0 { return }
            try wait(handle, alsoToWrite: true, deadline)
            guard PQconsumeInput(handle) == 1 else { throw lost() }
        }
    }

    /// Copies rows out. `sql` is `COPY … TO STDOUT`; `take` gets a row in the form that it asks for, valid during the call.
    package func copyOut(
        _ sql: StaticString, _ take: (UnsafeRawBufferPointer) throws(PostgresError) -> Void
    ) throws(PostgresError) {
        let handle = try begin(sql, expecting: PGRES_COPY_OUT)
        while true {
            let deadline = deadline
            var row: UnsafeMutablePointer<CChar>?
            let length = PQgetCopyData(handle, &row, 1)
            if length > 0, let row {
                defer { PQfreemem(row) }
                do throws(PostgresError) {
                    try take(UnsafeRawBufferPointer(start: row, count: Int(length)))
                } catch {
                    throw closing(error)
                }
            } else if length == 0 {
                try wait(handle, alsoToWrite: false, deadline)
                guard PQconsumeInput(handle) == 1 else { throw lost() }
            } else if length == -1 {
                _ = try answers(deadline)
                return
            } else {
                throw lost()
            }
        }
    }

    private func begin(_ sql: StaticString, expecting status: ExecStatusType) throws(PostgresError) -> OpaquePointer {
        let handle = try ready()
        guard PQsendQuery(handle, Self.text(sql)) == 1 else { throw lost() }
        let deadline = deadline
        guard let result = try next(handle, deadline) else {
            throw closing(PostgresError(.unexpectedAnswer, "no answer to COPY"))
        }
        defer { PQclear(result) }
        if PQresultStatus(result) == status { return handle }
        let error = Self.error(result)
        _ = try answers(deadline)
        throw error
    }
}
