import Conditions
package import Model

/// What a cluster's resources are to each other, as far as some queries ask: says for a resource what each of them finds, and, as
/// resources change, for which ones that may have become something else.
///
/// A walk goes from resource to resource that is there, breadth first. Each counts by its shortest way from the start, which is no answer
/// itself. Of the answers the nearest is told; of several that are as near, the one whose way is the smallest, id by id.
///
/// Resources have small numbers inside: a million of them with two relationships each take some 200 MB.
package final class RelationIndex {
    /// Resources that one walk comes by, at most: then it ends with what it has found.
    package static let visitedMax = 100_000

    private let queries: [RelationQuery]
    private var subjects: [RelationSubject]
    /// Types that some query follows.
    private let types: RelationshipTypes
    private var edges = RelationEdges()
    /// By number: a hash of what the resource's row has of earlier answers; 0 for none.
    private var kept: [Int] = []
    private var affected = AffectedResources()
    private var visited = VisitMarks()
    private let context = EvaluationContext()

    /// - Parameters:
    ///   - queries: each key once.
    ///   - spelling: as in `CompiledCondition`.
    package init(queries: [RelationQuery], spelling: @escaping (String) -> String = { $0 }) {
        self.queries = queries.sorted { $0.key < $1.key }
        types = queries.reduce(into: []) { $0.formUnion($1.types) }
        var patterns = PatternCache()
        subjects = self.queries.map { RelationSubject($0.subject, spelling: spelling, patterns: &patterns) }
    }

    // MARK: Changes

    /// Takes in what a resource is now.
    package func put(_ record: ResourceRecord) {
        let resource = record.resource
        let number = number(of: resource.id)
        let wanted = resource.relationships.filter { types.contains($0.type) }
        let isNew = !edges.isPresent(number)
        let isMoved = isNew || !edges.hasSame(wanted, from: number)
        if isMoved, !isNew { markDependants(of: number) }
        if isMoved {
            let new = wanted.map { RelationEdges.Edge(other: self.number(of: $0.target), type: $0.type) }
            // First: a number that nobody has use for is given away.
            edges.setPresent(true, number)
            edges.set(new, from: number)
        }
        let answers = subjects.indices.filter { subjects[$0].take(record, number, in: context) }
        if isMoved {
            markDependants(of: number)
        } else {
            for position in answers { mark(dependantsOf: number, on: queries[position]) }
        }
        let found = Self.hash(resource.relations)
        if isNew || found != kept[Int(number)] { affected.insert(number) }
        kept[Int(number)] = found
    }

    /// The resource is gone.
    package func remove(_ id: ResourceID) {
        guard let number = edges.number(of: id), edges.isPresent(number) else { return }
        markDependants(of: number)
        for position in subjects.indices { subjects[position].forget(number) }
        kept[Int(number)] = 0
        edges.setPresent(false, number)
        edges.set([], from: number)
    }

    private func number(of id: ResourceID) -> UInt32 {
        let number = edges.makeNumber(of: id)
        while kept.count <= Int(number) { kept.append(0) }
        return number
    }

    private static func hash(_ facts: [RelationFact]) -> Int { facts.isEmpty ? 0 : facts.hashValue }

    // MARK: Who is concerned

    /// Resources that are there and may have other answers than before, each once; at most `limit` at a time.
    package func takeAffected(limit: Int) -> [ResourceID] {
        affected.take(limit, where: edges.isPresent).map { edges.id(of: $0) }
    }

    /// How many there are to take, or a few less.
    package var affectedCount: Int { affected.count }

    /// Of all resources that are there and meet `isWanted`.
    package func markAll(where isWanted: (ResourceID) -> Bool) {
        for number in edges.presentNumbers where isWanted(edges.id(of: number)) { affected.insert(number) }
    }

    private func markDependants(of number: UInt32) {
        affected.insert(number)
        for query in queries { mark(dependantsOf: number, on: query) }
    }

    /// Everybody from whom a walk of the query may come by.
    private func mark(dependantsOf number: UInt32, on query: RelationQuery) {
        visited.begin(edges.count)
        visited.insert(number)
        var level = [number]
        for _ in 0..<query.depths.upperBound {
            var next: [UInt32] = []
            for at in level {
                edges.forNeighbours(of: at, query.types, query.direction.reversed) { other in
                    guard edges.isPresent(other), visited.insert(other) else { return }
                    affected.insert(other)
                    next.append(other)
                }
            }
            level = next
        }
    }

    // MARK: Answers

    /// What the queries find for a resource, in the order of their keys; none for one that is not there.
    package func facts(of id: ResourceID) -> [RelationFact] {
        guard let start = edges.number(of: id), edges.isPresent(start) else { return [] }
        return queries.indices.compactMap { fact(of: start, $0) }
    }

    /// What the queries find, where the resource's row has something else; nil: it is as it should be, or gone.
    package func newFacts(of id: ResourceID) -> [RelationFact]? {
        guard let number = edges.number(of: id), edges.isPresent(number) else { return nil }
        let facts = facts(of: id)
        return kept[Int(number)] == Self.hash(facts) ? nil : facts
    }

    private func fact(of start: UInt32, _ position: Int) -> RelationFact? {
        let query = queries[position]
        visited.begin(edges.count)
        visited.insert(start)
        // Ways in the order of their ids, so that the first that comes by somewhere is the smallest.
        var ways = [Way(number: start, before: -1)]
        var level = ways.indices
        for depth in 1...query.depths.upperBound {
            let nextStart = ways.count
            for before in level {
                for number in newNeighbours(of: ways[before].number, query) {
                    ways.append(Way(number: number, before: before))
                    if depth >= query.depths.lowerBound, let value = subjects[position].answer(of: number) {
                        return RelationFact(query: query.key, value: value, path: path(to: ways.count - 1, ways))
                    }
                    if ways.count > Self.visitedMax { return nil }
                }
            }
            level = nextStart..<ways.count
            if level.isEmpty { return nil }
        }
        return nil
    }

    private struct Way {
        let number: UInt32
        /// The way's position without its last step; -1 at the start.
        let before: Int
    }

    private func newNeighbours(of number: UInt32, _ query: RelationQuery) -> [UInt32] {
        var found: [UInt32] = []
        edges.forNeighbours(of: number, query.types, query.direction) { other in
            if edges.isPresent(other), visited.insert(other) { found.append(other) }
        }
        return found.count < 2 ? found : found.sorted { edges.id(of: $0) < edges.id(of: $1) }
    }

    private func path(to end: Int, _ ways: [Way]) -> [ResourceID] {
        var path: [ResourceID] = []
        var at = end
        while ways[at].before >= 0 {
            path.append(edges.id(of: ways[at].number))
            at = ways[at].before
        }
        return path.reversed()
    }
}

extension RelationQuery.Direction {
    fileprivate var reversed: RelationQuery.Direction {
        switch self {
        case .outgoing: .incoming
        case .incoming: .outgoing
        case .any: .any
        }
    }
}
