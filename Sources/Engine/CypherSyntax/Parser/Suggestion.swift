/// What somebody may have meant who misspelt a name.
package enum Suggestion {
    /// The closest of the candidates by edit distance, when it is close enough to be meant; the first of several.
    package static func closest(to word: String, among candidates: some Sequence<String>) -> String? {
        let word = Array(word.lowercased().unicodeScalars.prefix(wordLengthMax + 1))
        guard word.count >= 2, word.count <= wordLengthMax else { return nil }
        let limit = word.count < 5 ? 1 : 2
        var best: (candidate: String, distance: Int)?
        for candidate in candidates {
            let scalars = Array(candidate.lowercased().unicodeScalars)
            guard abs(scalars.count - word.count) <= limit else { continue }
            let distance = distance(word, scalars)
            if distance <= limit, distance < best?.distance ?? Int.max { best = (candidate, distance) }
        }
        return best?.candidate
    }

    private static let wordLengthMax = 40

    /// Optimal string alignment: letters inserted, left out, replaced, or swapped with their neighbour.
    private static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [Int](repeating: i + 1, count: b.count + 1)
            for j in 0..<b.count {
                var value = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { value = min(value, beforeLast[j - 1] + 1) }
                row[j + 1] = value
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }
}
