import CypherSyntax
import CypherValues

extension RowBatch {
    /// One row without columns.
    static func unit(slots: Int) -> RowBatch { RowBatch(columns: Array(repeating: [], count: slots), count: 1) }

    func value(_ slot: Int, _ row: Int) -> CypherValue {
        let column = columns[slot]
        return column.isEmpty ? .null : column[row]
    }

    /// The rows at these positions, in this order; a position may come more than once.
    func rows(at positions: [Int]) -> RowBatch {
        if positions.count == count, positions.first == 0, positions.last == count - 1, positions.isAscending {
            return self
        }
        var columns = columns
        for slot in columns.indices where !columns[slot].isEmpty {
            let column = self.columns[slot]
            columns[slot] = positions.map { column[$0] }
        }
        return RowBatch(columns: columns, count: positions.count)
    }

    func rows(_ range: Range<Int>) -> RowBatch {
        if range == 0..<count { return self }
        return RowBatch(columns: columns.map { $0.isEmpty ? [] : Array($0[range]) }, count: range.count)
    }

    func row(_ row: Int) -> RowBatch { rows(row..<row + 1) }

    mutating func append(_ other: RowBatch) {
        for slot in columns.indices {
            let (mine, theirs) = (columns[slot].isEmpty, other.columns[slot].isEmpty)
            if mine && theirs { continue }
            if mine { columns[slot] = Array(repeating: .null, count: count) }
            columns[slot].append(contentsOf: theirs ? Array(repeating: .null, count: other.count) : other.columns[slot])
        }
        count += other.count
    }

    /// The column of row numbers that an apply adds, as positions.
    func positions(_ slot: Int) -> [Int] {
        columns[slot].map { value in
            guard case .integer(let position) = value else { preconditionFailure("a row does not tell its outer row") }
            return Int(position)
        }
    }

    var footprintBytes: Int {
        columns.reduce(64) { sum, column in column.reduce(sum) { $0 + $1.footprintBytes } }
    }
}

extension [Int] {
    fileprivate var isAscending: Bool { zip(self, dropFirst()).allSatisfy { $0 < $1 } }
}
