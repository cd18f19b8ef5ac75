/// What one query may use. Each limit that is reached ends the query with an error that names it.
package struct QueryBudget: Sendable, Hashable {
    /// Rows that all operators together may make.
    package var rowsMax: Int
    /// Bytes that the query may hold at one time, as estimated from the values that it keeps.
    package var memoryBytesMax: Int
    /// Rows of one batch between operators.
    package var batchRowsMax: Int

    package init(rowsMax: Int = 50_000_000, memoryBytesMax: Int = 256 << 20, batchRowsMax: Int = 1_024) {
        self.rowsMax = rowsMax
        self.memoryBytesMax = memoryBytesMax
        self.batchRowsMax = batchRowsMax
    }
}
