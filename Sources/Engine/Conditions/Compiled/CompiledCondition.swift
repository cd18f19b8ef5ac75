package import Model

/// A condition made ready to be asked millions of times.
///
/// The tree becomes a list of field tests with two jumps each, one for "holds" and one for "does not": `all`, `any` and
/// `not` cost nothing when it runs, and a decided condition tests nothing more. Inside `all` and `any` cheap tests come
/// first. Tests are plain values over one array of operand bytes: asking allocates nothing, unless text outside ASCII
/// is compared without regard to case.
///
/// **What the operators mean.** A resource's own fields (`provider`, `name`, `region` …) are always there, possibly as
/// empty text; `exists` asks whether they are not empty. Tags and metadata may be missing, and metadata's null counts as
/// missing: then `ne`, `not_in` and `absent` hold and nothing else does. A tag with an empty value is there.
/// - `eq`, `ne`: the same text; for a number as operand, the same number where the field reads as one.
/// - `in`, `not_in`: the text is one of the values.
/// - `gt`, `gte`, `lt`, `lte`: as numbers where both sides read as decimal numbers, as moments where both read as RFC 3339
///   dates or times, else in UTF-8 order.
/// - `contains`: a part of the text; for a list in the metadata, one of its elements.
/// - `glob`: the whole text; see `Glob`. `regex`: RE2, anywhere in the text.
/// - a list or object in the metadata exists and equals nothing.
package final class CompiledCondition: Sendable {
    /// What the condition was made from: the tree to walk when a person asks why.
    package let source: Condition

    /// Jump targets that end the evaluation.
    static let accept: Int32 = -1
    static let reject: Int32 = -2

    struct Test: Sendable {
        enum Field: UInt8, Sendable {
            case provider, resourceType, name, accountID, region, resourceID, tag, native, metadata
            /// What was found along relationships, by the query's key.
            case relation
        }

        enum Operation: UInt8, Sendable {
            case equal, oneOf, greater, greaterOrEqual, less, lessOrEqual, contains, prefix, suffix, pattern, exists, never
        }

        enum OperandKind: UInt8, Sendable { case text, number, moment }

        var field: Field
        var operation: Operation
        var operandKind = OperandKind.text
        var ignoreCase = false
        var onTrue: Int32
        var onFalse: Int32
        /// The operand in `bytes`.
        var operandStart: Int32 = 0
        var operandCount: Int32 = 0
        /// The set or pattern, by position.
        var part: Int32 = 0
        /// The tag's key, the metadata path or the query's key in `bytes`.
        var keyStart: Int32 = 0
        var keyCount: Int32 = 0
        /// For virtual tags, the hash of the key's form.
        var formHash: UInt64 = 0
        /// The operand as a number, or as milliseconds.
        var number: Double = 0
    }

    /// What the compiler writes.
    struct Program {
        var tests: [Test] = []
        var start = CompiledCondition.accept
        var bytes: [UInt8] = []
        var sets: [ByteMap] = []
        var patterns: [Pattern] = []
    }

    let tests: Fixed<Test>
    let start: Int32
    let bytes: Fixed<UInt8>
    let sets: Fixed<ByteMap>
    let patterns: Fixed<Pattern>
    // Where `tests` and `bytes` lie, which live as long as this: read without counting a reference.
    nonisolated(unsafe) let firstTest: UnsafePointer<Test>
    nonisolated(unsafe) private let firstByte: UnsafePointer<UInt8>

    /// `spelling` maps the key of a `tags.KEY` field to the key that the schema has for it.
    ///
    /// With `keepsOrder`, parts are tested in the order in which they were written, and `groups` can be asked for
    /// afterwards. Never fails: a pattern that RE2 refuses (decoding refuses it first) holds for nothing.
    package init(
        _ condition: Condition, keepsOrder: Bool = false, spelling: @escaping (String) -> String = { $0 },
        patterns cache: inout PatternCache
    ) {
        source = condition
        var compiler = ConditionCompiler(keepsOrder: keepsOrder, spelling: spelling, cache: cache)
        let program = compiler.compile(condition)
        cache = compiler.cache
        tests = Fixed(program.tests)
        start = program.start
        bytes = Fixed(program.bytes)
        sets = Fixed(program.sets)
        patterns = Fixed(program.patterns)
        firstTest = tests.base
        firstByte = bytes.base
    }

    /// A key or operand of a test.
    @inline(__always)
    func constant(_ start: Int32, _ count: Int32) -> ByteText.Bytes {
        assert(start >= 0 && count >= 0 && Int(start) + Int(count) <= bytes.count, "\(start)+\(count) of \(bytes.count)")
        return ByteText.Bytes(start: firstByte + Int(start), count: Int(count))
    }

    package convenience init(_ condition: Condition) {
        var cache = PatternCache()
        self.init(condition, patterns: &cache)
    }
}
