package import Model

/// What a regular expression costs, told from its text: about the number of instructions of its program.
///
/// RE2 bounds the size of a program, but only after it has worked the pattern out: a few hundred classes of Unicode, or
/// repeats of a thousand side by side, take it a good part of a second to refuse. This bound comes first, and takes time
/// linear in the text.
package enum PatternCost {
    /// Highest cost of one pattern; compiling it takes about 10 ms.
    package static let patternMax = 10_000
    /// Highest cost of all patterns of one condition.
    package static let conditionMax = 30_000
    /// Highest cost of all patterns of all rules and policies.
    package static let catalogMax = 2_000_000

    /// What a pattern costs beside its instructions.
    static let base = 50
    /// A class of Unicode such as `\pL` has hundreds of ranges.
    private static let unicodeClass = 500
    /// Sets, and escapes that stand for one: their UTF-8 takes several instructions.
    private static let set = 8

    /// The cost of a pattern in RE2's syntax, which need not be valid.
    package static func estimate(_ regex: String) -> Int { regex.withBytes { estimate($0) } }

    private static func estimate(_ bytes: ByteText.Bytes) -> Int {
        var scanner = Scanner(bytes: bytes)
        scanner.scan()
        return base + scanner.cost
    }

    /// The groups that are open, and what has been read of each.
    private struct Scanner {
        private struct Group {
            /// What stands before the last atom.
            var before = 0
            /// The atom that a repeat would multiply.
            var last = 0

            mutating func append(_ atom: Int) {
                before = Scanner.bounded(before + last)
                last = atom
            }
        }

        let bytes: ByteText.Bytes
        private var at = 0
        private var group = Group()
        private var outer: [Group] = []

        init(bytes: ByteText.Bytes) { self.bytes = bytes }

        var cost: Int { outer.reduce(group.before + group.last) { Self.bounded($0 + $1.before + $1.last) } }

        /// Far above every limit, and far from overflow when multiplied by a repeat.
        private static func bounded(_ cost: Int) -> Int { min(cost, 1 << 40) }

        mutating func scan() {
            while at < bytes.count {
                let byte = bytes[at]
                at += 1
                switch byte {
                case UInt8(ascii: "("): open()
                case UInt8(ascii: ")"): close()
                case UInt8(ascii: "["): group.append(set())
                case UInt8(ascii: "\\"): group.append(escape())
                case UInt8(ascii: "{"): repeatLast()
                case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"): group.before += 1
                case UInt8(ascii: "."): group.append(PatternCost.set)
                default: group.append(1)
                }
            }
        }

        private mutating func open() {
            outer.append(group)
            group = Group()
            guard at < bytes.count, bytes[at] == UInt8(ascii: "?") else { return }
            // Flags or a name: nothing of it is matched. `(?i)` has its end here.
            while at < bytes.count, bytes[at] != UInt8(ascii: ":"), bytes[at] != UInt8(ascii: ">"),
                bytes[at] != UInt8(ascii: ")")
            {
                at += 1
            }
            if at < bytes.count, bytes[at] != UInt8(ascii: ")") { at += 1 }
        }

        private mutating func close() {
            guard let enclosing = outer.popLast() else { return group.append(1) }
            let inner = Self.bounded(group.before + group.last + 2)
            group = enclosing
            group.append(inner)
        }

        /// After the opening bracket.
        private mutating func set() -> Int {
            var cost = PatternCost.set
            let start = at
            while at < bytes.count {
                let byte = bytes[at]
                at += 1
                // A `]` that comes first is a member, also after `^`.
                let isFirst = at - 1 == start || at - 2 == start && bytes[start] == UInt8(ascii: "^")
                if byte == UInt8(ascii: "]"), !isFirst { break }
                if byte == UInt8(ascii: "\\") { cost += escape() } else if byte >= 0x80 { cost += 1 }
            }
            return cost
        }

        /// After the backslash.
        private mutating func escape() -> Int {
            guard at < bytes.count else { return 1 }
            let byte = bytes[at]
            at += 1
            switch byte {
            case UInt8(ascii: "p"), UInt8(ascii: "P"):
                // The name: a letter, or a word in braces.
                if !skipBraces(), at < bytes.count { at += 1 }
                return PatternCost.unicodeClass
            case UInt8(ascii: "x"):
                skipBraces()
                return PatternCost.set
            case UInt8(ascii: "D"), UInt8(ascii: "W"), UInt8(ascii: "S"): return PatternCost.set
            default: return 1
            }
        }

        @discardableResult
        private mutating func skipBraces() -> Bool {
            guard at < bytes.count, bytes[at] == UInt8(ascii: "{") else { return false }
            while at < bytes.count, bytes[at] != UInt8(ascii: "}") { at += 1 }
            if at < bytes.count { at += 1 }
            return true
        }

        /// After the opening brace: `{2}`, `{2,}`, `{2,5}`; anything else stands for itself.
        private mutating func repeatLast() {
            var numbers = [0]
            var end = at
            scan: while end < bytes.count {
                switch bytes[end] {
                case UInt8(ascii: "0")...UInt8(ascii: "9"):
                    let digit = Int(bytes[end] - UInt8(ascii: "0"))
                    numbers[numbers.count - 1] = min(numbers[numbers.count - 1] * 10 + digit, 1 << 20)
                case UInt8(ascii: ","): numbers.append(0)
                default: break scan
                }
                end += 1
            }
            guard end < bytes.count, bytes[end] == UInt8(ascii: "}"), numbers.count <= 2, end > at else {
                return group.append(1)
            }
            at = end + 1
            group.last = Self.bounded(group.last * max(numbers.max() ?? 1, 1))
        }
    }
}

extension Condition {
    /// What the regular expressions of the condition cost together.
    package var patternCost: Int {
        switch self {
        case .all(let parts), .any(let parts): return parts.reduce(0) { $0 + $1.patternCost }
        case .not(let part): return part.patternCost
        case .related(let query):
            guard case .condition(let condition) = query.subject else { return 0 }
            return condition.patternCost
        case .test(let test):
            guard case .text(let text) = test.operand else { return 0 }
            switch test.comparison {
            case .regex: return PatternCost.estimate(text)
            // A glob becomes a pattern of its own length at most, but for `.` and sets.
            case .glob: return PatternCost.base + text.utf8.count * 2
            default: return 0
            }
        }
    }
}
