/// "Did you mean …": the accepted name that a misspelt one is closest to.
package enum Suggestion {
    /// Longest name that is compared, in characters; a longer one gets no suggestion.
    private static let charactersMax = 64
    /// Most accepted names that are compared; among more there is no suggestion, so that no document costs much to refuse.
    private static let candidatesMax = 64

    /// The nearest of `accepted`, the earlier one of equals; nil when none is near.
    ///
    /// Near is an edit distance of at most a third of the longer name (2 at least), or one name inside the other.
    package static func nearest(to name: String, among accepted: [String]) -> String? {
        let typed = Array(name.lowercased())
        guard !typed.isEmpty, typed.count <= charactersMax, accepted.count <= candidatesMax else { return nil }
        var best: (name: String, distance: Int)?
        for candidate in accepted.prefix(candidatesMax) where candidate.utf8.count <= charactersMax * 4 {
            let letters = Array(candidate.lowercased())
            guard letters.count <= charactersMax else { continue }
            let allowed = max(2, max(typed.count, letters.count) / 3)
            let distance = editDistance(typed, letters)
            guard distance <= allowed, distance < max(typed.count, letters.count) else { continue }
            if best.map({ distance < $0.distance }) ?? true { best = (candidate, distance) }
        }
        return best?.name ?? accepted.prefix(candidatesMax).first { typed.count >= 3 && $0.contains(name.lowercased()) }
    }

    /// `; did you mean "…"?`, or nothing.
    package static func clause(for name: String, among accepted: [String]) -> String {
        nearest(to: name, among: accepted).map { "; did you mean \"\($0)\"?" } ?? ""
    }

    /// Insertions, deletions, replacements and swaps of neighbours: Damerau's distance in its restricted form.
    static func editDistance(_ left: [Character], _ right: [Character]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            current.reserveCapacity(right.count + 1)
            for column in 0..<right.count {
                let same = left[row] == right[column]
                var cost = min(last[column + 1] + 1, current[column] + 1, last[column] + (same ? 0 : 1))
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
