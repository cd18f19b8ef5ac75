internal import CRE2

/// Why a regular expression or glob was refused.
package struct PatternError: Error, Hashable, Sendable {
    package let message: String
}

/// A compiled RE2 pattern. Matching takes time linear in the text and is safe from several threads at once.
package final class Pattern: @unchecked Sendable {
    /// Longest accepted pattern, in UTF-8 bytes.
    package static let bytesMax = 1024
    /// Most memory that one pattern's program and its automaton may take, in bytes. A pattern whose program would need
    /// more is refused; an automaton that would grow past it is thrown away and built again.
    package static let memoryBytesMax = 512 << 10
    /// Highest group number that a template may refer to.
    package static let groupMax = 16

    package let source: String
    // Immutable after init, and RE2's `Match` is const and thread-safe: hence the unchecked conformance.
    private let handle: OpaquePointer

    /// Compiles a regular expression that somebody sends, within the limits of length and cost. Throws what is wrong.
    package convenience init(checking regex: String, ignoreCase: Bool = false) throws(PatternError) {
        guard regex.utf8.count <= Self.bytesMax else {
            throw PatternError(message: "the pattern has \(regex.utf8.count) bytes; \(Self.bytesMax) are accepted")
        }
        let cost = PatternCost.estimate(regex)
        guard cost <= PatternCost.patternMax else {
            throw PatternError(
                message: "the pattern is too large: about \(cost) instructions; \(PatternCost.patternMax) are accepted "
                    + "(repeats such as {1000} and classes such as \\pL count by their size)")
        }
        try self.init(regex: regex, ignoreCase: ignoreCase)
    }

    /// Compiles a regular expression in RE2's syntax, whatever it costs: one that was taken once. Throws RE2's own explanation.
    package init(regex: String, ignoreCase: Bool = false) throws(PatternError) {
        let made = regex.withBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                vtag_re2_new($0.baseAddress, $0.count, ignoreCase, Self.memoryBytesMax)
            }
        }
        guard let made else { throw PatternError(message: "out of memory while compiling the pattern") }
        if let error = vtag_re2_error(made) {
            let message = "not a valid regular expression: \(String(cString: error))"
            vtag_re2_free(made)
            throw PatternError(message: message)
        }
        source = regex
        handle = made
    }

    deinit { vtag_re2_free(handle) }

    /// How many groups the pattern has.
    package var groupCount: Int { Int(vtag_re2_group_count(handle)) }

    /// True when the pattern occurs anywhere in the text.
    package func occurs(in text: UnsafeBufferPointer<UInt8>) -> Bool {
        text.withMemoryRebound(to: CChar.self) { vtag_re2_match(handle, $0.baseAddress, $0.count, nil, 0) }
    }

    package func occurs(in text: String) -> Bool { text.withBytes { occurs(in: $0) } }

    /// The groups of the first match, the whole match first; an empty text for a group that took no part. Nil without
    /// a match.
    package func groups(in text: UnsafeBufferPointer<UInt8>) -> [String]? {
        let count = min(groupCount, Self.groupMax) + 1
        return withUnsafeTemporaryAllocation(of: Int.self, capacity: count * 2) { pairs in
            let found = text.withMemoryRebound(to: CChar.self) {
                vtag_re2_match(handle, $0.baseAddress, $0.count, pairs.baseAddress, Int32(count))
            }
            guard found else { return nil }
            return (0..<count).map { group in
                let start = pairs[2 * group]
                guard start >= 0 else { return "" }
                return String(decoding: text[start..<pairs[2 * group + 1]], as: UTF8.self)
            }
        }
    }
}

/// Patterns by their text, so that one that many rules use is compiled once, and one that the last catalogue used is not
/// compiled again for the next. Used while rules and policies are compiled.
package struct PatternCache: Sendable {
    private struct Key: Hashable {
        let regex: String
        let ignoreCase: Bool
    }
    private var patterns: [Key: Pattern] = [:]
    private var earlier: [Key: Pattern] = [:]

    /// `earlier`: what a catalogue before this one used.
    package init(reusing earlier: PatternCache? = nil) { self.earlier = earlier?.patterns ?? [:] }

    package mutating func pattern(_ regex: String, ignoreCase: Bool) throws(PatternError) -> Pattern {
        let key = Key(regex: regex, ignoreCase: ignoreCase)
        if let known = patterns[key] { return known }
        let pattern: Pattern
        if let known = earlier[key] { pattern = known } else { pattern = try Pattern(regex: regex, ignoreCase: ignoreCase) }
        patterns[key] = pattern
        return pattern
    }

    /// Forgets what was only used before.
    package mutating func forgetEarlier() { earlier = [:] }
}
