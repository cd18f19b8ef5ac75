/// The words that mean something to the grammar, in lower case. Most of them are names too where a name is wanted.
enum Keyword: String, CaseIterable {
    case all, and, any, asc, ascending, `as`, by, call, `case`, collect, contains, count, create, delete, desc, descending
    case detach, distinct, drop, each, `else`, end, ends, exists, explain, `false`, `for`, foreach, `if`, `in`, index, `is`
    case limit, match, merge, not, null, on, optional, or, order, profile, reduce, remove, `return`, set, single, skip
    case starts, then, `true`, union, unwind, when, `where`, with, xor, yield
    case shortestPath = "shortestpath"
    case allShortestPaths = "allshortestpaths"
    case offset
    case noneOf = "none"

    /// Those that are no variable's name unless in backticks, as a reader or the grammar would take them for something else.
    var isReserved: Bool {
        switch self {
        case .and, .as, .case, .contains, .create, .delete, .detach, .distinct, .else, .ends, .false, .in, .is, .limit,
            .match, .merge, .not, .null, .on, .optional, .or, .order, .remove, .return, .set, .skip, .starts, .then,
            .true, .union, .unwind, .when, .where, .with, .xor:
            true
        default: false
        }
    }

    /// Those that a clause begins with.
    static let clauseStarts: [Keyword] = [
        .match, .optional, .unwind, .with, .return, .create, .merge, .set, .remove, .delete, .detach, .foreach, .call,
        .union,
    ]

    static let lengthMax = allCases.map(\.rawValue.utf8.count).max() ?? 0

    private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })

    /// The keyword that these bytes spell, in whatever case.
    init?(spelled bytes: ArraySlice<UInt8>) {
        guard bytes.count <= Self.lengthMax else { return nil }
        let lower = bytes.map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") ? $0 | 0x20 : $0 }
        guard let keyword = Self.byName[String(decoding: lower, as: UTF8.self)] else { return nil }
        self = keyword
    }
}
