package import Model
package import PropertyGraph

/// The graphs of a shard, by name.
package struct NamedGraphTable: Sendable {
    /// What an entry did to one of them, for whoever keeps a copy.
    package struct Change: Sendable {
        package let id: UInt64
        package let pages: PageChanges
        /// It is gone, and this is what it was.
        package let dropped: NamedGraph?
    }

    private var graphs: [String: NamedGraph] = [:]
    /// Relationships that are put in order after each transaction: about 50 µs.
    private static let sealBudget = 16_384

    package init() {}

    package subscript(_ name: String) -> NamedGraph? { graphs[name] }

    package var count: Int { graphs.count }

    /// By name.
    package var summaries: [NamedGraphSummary] {
        graphs.values.map(\.summary).sorted { $0.name < $1.name }
    }

    package var all: [NamedGraph] { graphs.values.sorted { $0.id < $1.id } }

    var byteCount: Int { graphs.values.reduce(0) { $0 + $1.byteCount } }

    /// One of a checkpoint. Throws when there is one of the name.
    package mutating func restore(_ graph: NamedGraph) throws(CodecError) {
        guard graphs.updateValue(graph, forKey: graph.name) == nil else {
            throw CodecError("the graph \(graph.name) is there twice")
        }
    }

    /// Throws when the graph is not the one that the effect was worked out for: the state differs from that of other replicas.
    mutating func apply(_ effect: GraphEffect, at index: UInt64) throws(CodecError) -> Change {
        let name = effect.name
        switch effect {
        case .created:
            guard graphs[name] == nil else { throw CodecError("there is a graph \(name) already") }
            var graph = LocalGraph()
            graph.trackChanges()
            graphs[name] = NamedGraph(name: name, id: index, version: index, graph: graph, propertyBytes: 0)
            return Change(id: index, pages: PageChanges(all: graph), dropped: nil)
        case .dropped:
            guard let graph = graphs.removeValue(forKey: name) else { throw CodecError("there is no graph \(name) to drop") }
            return Change(id: graph.id, pages: PageChanges(), dropped: graph)
        case .changed(_, let version, let mutations):
            guard graphs[name]?.version == version else {
                throw CodecError("a change of the graph \(name) as of \(version), which it is not")
            }
            let log = try MutationLog(decoding: mutations)
            return try change(name, log, at: index)
        }
    }

    private mutating func change(_ name: String, _ log: MutationLog, at index: UInt64) throws(CodecError) -> Change {
        // Taken out, so that nobody else holds what is written to.
        guard var graph = graphs.removeValue(forKey: name) else { throw CodecError("there is no graph \(name)") }
        defer { graphs[name] = graph }
        do throws(GraphError) { try graph.graph.apply(log) } catch {
            throw CodecError("a change of the graph \(name) cannot be carried out: \(error)")
        }
        let pages = graph.graph.takeChanges() ?? PageChanges(all: graph.graph)
        graph.propertyBytes += pages.bytes
        graph.version = index
        _ = graph.graph.seal(budget: Self.sealBudget)
        return Change(id: graph.id, pages: pages, dropped: nil)
    }
}
