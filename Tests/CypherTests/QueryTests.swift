import Cypher
import CypherSyntax
import CypherValues
import PropertyGraph
import Testing

@Suite("Queries over a graph in this process")
struct QueryTests {
    /// A graph that these queries made.
    private static func graph(_ queries: String...) throws -> LocalGraph {
        var graph = LocalGraph(partitions: 3)
        for query in queries { _ = try graph.run(CypherQuery(query)) }
        return graph
    }

    private static func rows(_ query: String, in graph: LocalGraph) throws -> [[CypherValue]] {
        var graph = graph
        return try graph.run(CypherQuery(query)).rows
    }

    private static func error(
        _ query: String, in graph: LocalGraph = LocalGraph(), budget: QueryBudget = QueryBudget()
    ) -> CypherError? {
        var graph = graph
        do throws(CypherError) {
            _ = try graph.run(CypherQuery(query), budget: budget)
            return nil
        } catch {
            return error
        }
    }

    // MARK: Subqueries

    @Test("A subquery aggregates, sorts and cuts for each of its rows")
    func subqueriesPerRow() throws {
        let graph = try Self.graph(
            "UNWIND range(1, 3) AS i CREATE (t:Team {i: i}) WITH t, i UNWIND range(1, i) AS j CREATE (t)-[:HAS]->(:Item {j: j})",
            "CREATE (:Team {i: 4})")
        let counted = try Self.rows(
            "MATCH (t:Team) CALL (t) { MATCH (t)-[:HAS]->(x) RETURN count(x) AS c } RETURN t.i, c ORDER BY t.i", in: graph)
        #expect(counted == [[1, 1], [2, 2], [3, 3], [4, 0]])
        let cut = try Self.rows(
            """
            MATCH (t:Team) CALL { WITH t MATCH (t)-[:HAS]->(x) RETURN x.j AS j ORDER BY j DESC LIMIT 2 }
            RETURN t.i, collect(j) ORDER BY t.i
            """, in: graph)
        #expect(cut == [[1, [1]], [2, [2, 1]], [3, [3, 2]]])
        let nested = try Self.rows(
            """
            MATCH (t:Team) WHERE COUNT { MATCH (t)-[:HAS]->(x) WHERE EXISTS { (x)<-[:HAS]-(:Team {i: 3}) } } > 1
            RETURN t.i
            """, in: graph)
        #expect(nested == [[3]])
    }

    @Test("A subquery that writes does so row by row, and sees what it wrote for the row before")
    func writingSubqueries() throws {
        let graph = try Self.graph("UNWIND [1, 2, 1, 1] AS i CALL (i) { MERGE (n:N {i: i}) ON MATCH SET n.again = true }")
        #expect(try Self.rows("MATCH (n:N) RETURN n.i, n.again ORDER BY n.i", in: graph) == [[1, true], [2, nil]])
    }

    @Test("FOREACH writes for each element and leaves the rows as they are")
    func forEach() throws {
        var graph = LocalGraph(partitions: 2)
        let result = try graph.run(
            CypherQuery("UNWIND [2, 3] AS n FOREACH (i IN range(1, n) | CREATE (:X {n: n, i: i})) RETURN n"))
        #expect(result.rows == [[2], [3]])
        #expect(result.counts.nodesCreated == 5)
    }

    @Test("Comprehensions and quantifiers may ask the graph of each element")
    func patternsOverElements() throws {
        let graph = try Self.graph("CREATE (a:A {i: 1})-[:T]->(b:A {i: 2})-[:T]->(c:A {i: 3})")
        let rows = try Self.rows(
            """
            MATCH (a:A) WITH a ORDER BY a.i WITH collect(a) AS l
            RETURN [x IN l WHERE (x)-->() | x.i], all(x IN l WHERE (x)-->()), any(x IN l WHERE (x)<--()),
              [x IN null WHERE (x)-->()]
            """, in: graph)
        #expect(rows == [[[1, 2], false, true, nil]])
    }

    @Test("The ends of a relationship are loaded when they are asked for")
    func endsOfRelationships() throws {
        let graph = try Self.graph("CREATE (:A {name: 'a'})-[:T]->(:B {name: 'b'})")
        let rows = try Self.rows("MATCH ()-[r]->() RETURN startNode(r).name, labels(endNode(r))", in: graph)
        #expect(rows == [["a", ["B"]]])
    }

    // MARK: Writing

    @Test("MERGE makes one thing for all rows that ask for the same")
    func mergeOnce() throws {
        var graph = LocalGraph(partitions: 2)
        let result = try graph.run(
            CypherQuery(
                """
                UNWIND range(1, 1000) AS i MERGE (n:N {k: i % 10}) ON CREATE SET n.made = i ON MATCH SET n.seen = i
                RETURN count(DISTINCT n)
                """))
        #expect(result.rows == [[10]])
        #expect(result.counts.nodesCreated == 10)
    }

    @Test("Each row sees what the rows before it set")
    func runningTotal() throws {
        let graph = try Self.graph(
            "CREATE (:Sum {n: 0})", "MATCH (s:Sum) UNWIND range(1, 5000) AS i SET s.n = s.n + i")
        #expect(try Self.rows("MATCH (s:Sum) RETURN s.n", in: graph) == [[12_502_500]])
    }

    @Test("A query that fails leaves the graph as it was")
    func rollback() throws {
        let graph = try Self.graph("CREATE (:A)-[:T]->(:B)")
        var copy = graph
        #expect(throws: CypherError.self) { try copy.run(CypherQuery("CREATE (:C) WITH 1 AS x MATCH (a:A) DELETE a")) }
        #expect(try Self.rows("MATCH (n) RETURN count(*)", in: copy) == [[2]])
    }

    @Test("What a clause creates it does not match")
    func noEndlessCreation() throws {
        let graph = try Self.graph("CREATE (), ()", "MATCH (n) CREATE (m) WITH m MATCH (k) CREATE (:Z)")
        #expect(try Self.rows("MATCH (n) WHERE NOT n:Z RETURN count(*)", in: graph) == [[4]])
        #expect(try Self.rows("MATCH (n:Z) RETURN count(*)", in: graph) == [[8]])
    }

    // MARK: Plans

    @Test("An index is taken, for constants and for values of rows, and EXPLAIN says so")
    func indexes() throws {
        var graph = try Self.graph(
            "UNWIND range(1, 2000) AS i CREATE (:N {id: i})", "CREATE INDEX ids FOR (n:N) ON (n.id)")
        let explained = try graph.run(CypherQuery("EXPLAIN MATCH (n:N {id: 7})-->(m) RETURN m"))
        #expect(explained.plan?.lines.contains { $0.hasPrefix("NodeIndexSeek") && $0.hasSuffix("using ids") } == true)
        #expect(explained.rows.isEmpty)
        let profiled = try graph.run(
            CypherQuery("PROFILE UNWIND range(1, 100) AS i MATCH (n:N {id: i}) RETURN sum(n.id)"))
        #expect(profiled.rows == [[5050]])
        #expect(profiled.plan?.lines.contains { $0.contains("using ids (rows 100, requests 1)") } == true)
    }

    @Test("A distinct count of what is reached is one request")
    func reach() throws {
        var graph = try Self.graph(
            "UNWIND range(0, 99) AS i CREATE (:N {i: i})",
            "MATCH (a:N), (b:N) WHERE b.i = a.i * 2 + 1 OR b.i = a.i * 2 + 2 CREATE (a)-[:T]->(b)")
        let result = try graph.run(CypherQuery("PROFILE MATCH (a:N {i: 0})-[:T*1..3]->(b) RETURN count(DISTINCT b)"))
        #expect(result.rows == [[14]])
        #expect(result.plan?.lines.contains { $0.hasPrefix("ReachCount") && $0.hasSuffix("requests 1)") } == true)
        let listed = try Self.rows("MATCH (a:N {i: 0})-[:T*0..2]->(b) RETURN DISTINCT b.i ORDER BY b.i", in: graph)
        #expect(listed == [[0], [1], [2], [3], [4], [5], [6]])
        let walks = try Self.rows("MATCH (a:N {i: 0})-[:T*1..3]->(b) RETURN count(b)", in: graph)
        #expect(walks == [[14]])
    }

    // MARK: Budgets

    @Test("A cross product of everything, endless walks and huge lists end at their budget, and say which")
    func budgets() throws {
        let graph = try Self.graph("UNWIND range(1, 60) AS i CREATE (:N {i: i})", "MATCH (a:N), (b:N) CREATE (a)-[:T]->(b)")
        let budget = QueryBudget(rowsMax: 100_000, memoryBytesMax: 4 << 20)
        #expect(Self.error("MATCH (a), (b), (c), (d) RETURN count(*)", in: graph, budget: budget)?.detail == .rows)
        #expect(
            Self.error("MATCH (a)-[*1..1000000]->(b) RETURN count(*)", in: graph, budget: budget)?.class == .limitExceeded)
        #expect(Self.error("UNWIND range(1, 1000000) AS i RETURN i", budget: budget)?.class == .limitExceeded)
        #expect(
            Self.error("MATCH (a), (b), (c) RETURN collect([a, b, c])", in: graph, budget: budget)?.class == .limitExceeded)
        #expect(Self.error("RETURN range(1, 1000000000)")?.class == .limitExceeded)
    }

    @Test("A long query gives way at the end of every slice")
    func slices() throws {
        let query = try CypherQuery("UNWIND range(1, 100000) AS i WITH i WHERE i % 7 = 0 RETURN count(*)")
        let execution = try QueryExecution(query, evaluation: EvaluationContext())
        var graph = LocalGraph()
        var (pauses, rows) = (0, [[CypherValue]]())
        running: while true {
            switch try execution.step(sliceRows: 1_000) {
            case .rows(let more): rows += more
            case .asks(let request): execution.answer(try graph.answer(request))
            case .paused: pauses += 1
            case .finished: break running
            }
        }
        #expect(rows == [[14285]])
        #expect(pauses > 50)
    }

    @Test("A parameter that is not given is missing before anything runs")
    func missingParameter() {
        #expect(Self.error("CREATE (n {x: $x})")?.class == .parameterMissing)
    }

    @Test("The graph's own procedures tell of labels, types, keys and indexes")
    func procedures() throws {
        let graph = try Self.graph("CREATE (:A {x: 1})-[:T {y: 2}]->(:B)", "CREATE INDEX FOR (a:A) ON (a.x)")
        #expect(try Self.rows("CALL db.labels()", in: graph) == [["A"], ["B"]])
        #expect(try Self.rows("CALL db.relationshipTypes()", in: graph) == [["T"]])
        #expect(
            try Self.rows("CALL db.propertyKeys() YIELD propertyKey AS k RETURN k ORDER BY k", in: graph) == [["x"], ["y"]])
        #expect(try Self.rows("CALL db.indexes() YIELD label, property RETURN *", in: graph) == [["A", "x"]])
        #expect(Self.error("CALL db.label()")?.message.contains("did you mean `db.labels`?") == true)
    }
}
