/// How many slips of the hand lie between two spellings.
package enum EditDistance {
    /// Insertions, deletions, replacements and swaps of neighbours: Damerau's distance in its restricted form (optimal string
    /// alignment); nil where it is more than `limit`.
    ///
    /// Only the diagonal band that can stay below the limit is worked out (Ukkonen, 1985), so the time grows with the length
    /// times the limit.
    package static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar], limit: Int) -> Int? {
        guard abs(left.count - right.count) <= limit else { return nil }
        let far = limit + 1
        var beforeLast = [Int](repeating: far, count: right.count + 1)
        var last = (0...right.count).map { min($0, far) }
        for row in 1..<(left.count + 1) {
            var current = [Int](repeating: far, count: right.count + 1)
            if row <= limit { current[0] = row }
            var best = current[0]
            let columns = max(1, row - limit)..<(min(right.count, row + limit) + 1)
            for column in columns {
                let same = left[row - 1] == right[column - 1]
                var cost = min(last[column] + 1, current[column - 1] + 1, last[column - 1] + (same ? 0 : 1))
                if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
                    cost = min(cost, beforeLast[column - 2] + 1)
                }
                current[column] = min(cost, far)
                best = min(best, current[column])
            }
            guard best <= limit else { return nil }
            beforeLast = last
            last = current
        }
        return last[right.count] <= limit ? last[right.count] : nil
    }

    /// As many slips as two words of that many letters may differ by and still be taken for one.
    package static func slipsMax(letters: Int) -> Int {
        switch letters {
        case ..<4: 0
        case ..<8: 1
        default: 2
        }
    }

    /// True when the one is likely a slip of the other: neither the same nor far, in whatever case.
    package static func isSlip(_ left: String, of right: String) -> Bool {
        let first = Array(left.lowercased().unicodeScalars)
        let second = Array(right.lowercased().unicodeScalars)
        let limit = slipsMax(letters: min(first.count, second.count))
        guard limit > 0, first != second else { return false }
        return distance(first, second, limit: limit) != nil
    }
}
