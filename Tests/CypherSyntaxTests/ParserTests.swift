import CypherSyntax
import Testing

@Suite("Reading queries")
struct ParserTests {
    /// The error of a query that is refused before it runs.
    static func error(_ text: String) -> CypherError? {
        do throws(CypherError) {
            _ = try AnalysedStatement(Parser.parse(text))
            return nil
        } catch {
            return error
        }
    }

    @Test("A misspelt clause, function, variable or procedure gets a suggestion")
    func suggestions() throws {
        #expect(Self.error("MATHC (n) RETURN n")?.message.contains("did you mean MATCH?") == true)
        #expect(Self.error("MATCH (n) RETRUN n")?.message.contains("did you mean RETURN?") == true)
        #expect(Self.error("RETURN toUper('a')")?.message.contains("did you mean `toupper`?") == true)
        #expect(Self.error("MATCH (node) RETURN nodee")?.message.contains("did you mean `node`?") == true)
    }

    @Test("An error names the place: line, column, a caret below it")
    func place() throws {
        let text = "MATCH (n)\nRETURN n.name +"
        let error = try #require(Self.error(text))
        #expect(error.rendered(in: text).contains("(line 2, column 16)\nRETURN n.name +\n               ^"))
    }

    @Test(
        "Integers of every base, and what does not fit",
        arguments: [
            ("0x1F", Int64(31)), ("0o17", 15), ("-0x8000000000000000", .min), ("-9223372036854775808", .min),
            ("1_000", 1000),
        ])
    func integers(text: String, value: Int64) throws {
        let statement = try Parser.parse("RETURN \(text)")
        guard case .query(let query) = statement.body,
            case .returns(let projection)? = query.parts[0].clauses.last?.kind
        else {
            Issue.record("no projection")
            return
        }
        #expect(projection.items[0].expression.kind == .integer(value))
    }

    @Test(
        "Numbers that are none, and texts that say nothing",
        arguments: [
            ("RETURN 0x", CypherError.Detail.invalidNumberLiteral), ("RETURN 12abc", .invalidNumberLiteral),
            ("RETURN 9223372036854775808", .integerOverflow), ("RETURN 1e999", .floatingPointOverflow),
            ("RETURN '\\u12'", .invalidUnicodeLiteral), ("RETURN 'a", .unexpectedSyntax), ("RETURN `a", .unexpectedSyntax),
            ("RETURN 1 /* ", .unexpectedSyntax), ("", .unexpectedSyntax), ("RETURN $", .unexpectedSyntax),
        ])
    func badLiterals(text: String, detail: CypherError.Detail) {
        #expect(Self.error(text)?.detail == detail)
    }

    @Test("Whatever nests too deep, chains too long or is too large is refused with the limit's name")
    func limits() {
        func nested(_ open: String, _ middle: String, _ close: String, _ depth: Int) -> String {
            "RETURN " + String(repeating: open, count: depth) + middle + String(repeating: close, count: depth)
        }
        for text in [
            nested("(", "1", ")", 100_000), nested("[", "1", "]", 100_000), nested("{a: ", "1", "}", 100_000),
            nested("NOT ", "true", "", 100_000), nested("- ", "n", "", 100_000),
            nested("CASE WHEN true THEN ", "1", " END", 10_000),
            "RETURN 1" + String(repeating: " + 1", count: 100_000),
            "RETURN n" + String(repeating: ".a", count: 100_000),
            "RETURN 1" + String(repeating: " IS NULL", count: 50_000),
            String(repeating: "CALL { ", count: 10_000) + "RETURN 1 AS x" + String(repeating: " }", count: 10_000),
            String(repeating: "MATCH (n) ", count: 10_000) + "RETURN 1",
            "MATCH (n:" + String(repeating: "!", count: 100_000) + "A) RETURN n",
        ] {
            #expect(Self.error(text)?.detail == .queryTooComplex, "\(text.prefix(40))")
        }
        #expect(Self.error(String(repeating: " ", count: Parser.queryBytesMax + 1))?.detail == .queryTooLong)
    }

    @Test("Ten thousand alternatives of one condition are flat")
    func wideConditions() {
        let terms = (0..<10_000).map { "n.a = \($0)" }.joined(separator: " OR ")
        #expect(Self.error("MATCH (n) WHERE \(terms) RETURN n") == nil)
    }

    @Test("Keywords are names where a name is wanted, and backticks make a name of anything")
    func names() {
        #expect(Self.error("MATCH (n:Match {return: 1})-[:`a b`]->(`x y`) RETURN n.where AS `order by`, `x y`") == nil)
    }

    @Test("Subqueries, comprehensions and the rest of the grammar are read")
    func grammar() {
        for text in [
            "MATCH (n) CALL (n) { MATCH (n)-->(m) RETURN count(m) AS c } RETURN n, c",
            "CALL { MATCH (n) RETURN n UNION MATCH (n) RETURN n } RETURN n",
            "MATCH (n) WHERE EXISTS { (n)-->(:A) } AND COUNT { (n)--() } > 2 RETURN COLLECT { MATCH (n)--(m) RETURN m }",
            "MATCH p = shortestPath((a)-[:T*..5]->(b)) RETURN [x IN nodes(p) WHERE x:A | x {.name, .*}] AS l",
            "MATCH (n:A&!B|C) RETURN n ORDER BY n.a DESC SKIP 1 LIMIT $n",
            "FOREACH (i IN range(1, 3) | MERGE (n:A {i: i}) ON CREATE SET n.x = 1 ON MATCH SET n += {y: 2})",
            "CREATE INDEX names IF NOT EXISTS FOR (n:Person) ON (n.name)", "DROP INDEX names IF EXISTS",
            "EXPLAIN MATCH (n) RETURN n", "PROFILE MATCH (n) DETACH DELETE n",
            "UNWIND [1, 2] AS x RETURN reduce(s = 0, y IN [x] | s + y), all(z IN [x] WHERE z > 0)",
        ] {
            #expect(Self.error(text) == nil, "\(text)")
        }
    }
}
