import Model
import PropertyGraph
import Shard

/// How a shard's named graphs are stored in the checkpoint: pages among the small things of its state, so that they are guarded,
/// carried in snapshots and loaded as these are.
enum NamedGraphKey {
    static let prefix = "graph/"

    enum Part: Hashable {
        /// The graph's name and version.
        case name
        case page(GraphPage)
    }

    static func text(_ graph: UInt64, _ part: Part) -> String {
        let id = prefix + digits(graph, 16)
        return switch part {
        case .name: id + "/name"
        case .page(.head): id + "/head"
        case .page(.nodes(let number)): id + "/n/" + digits(UInt64(number), 8)
        case .page(.relationships(let number)): id + "/r/" + digits(UInt64(number), 8)
        }
    }

    /// Nil: that is no key of a graph.
    static func parse(_ key: String) -> (graph: UInt64, part: Part)? {
        guard key.hasPrefix(prefix) else { return nil }
        let parts = key.dropFirst(prefix.count).split(separator: "/")
        guard (2...3).contains(parts.count), let graph = UInt64(parts[0], radix: 16) else { return nil }
        let number = parts.count == 3 ? Int(parts[2], radix: 16) : nil
        let part: Part
        switch (parts[1], number) {
        case ("name", nil): part = .name
        case ("head", nil): part = .page(.head)
        case ("n", let number?): part = .page(.nodes(number))
        case ("r", let number?): part = .page(.relationships(number))
        default: return nil
        }
        return text(graph, part) == key ? (graph, part) : nil
    }

    private static func digits(_ number: UInt64, _ width: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
}

/// What changed in a shard's graphs since the last batch for the checkpoint.
struct NamedGraphBacklog: Sendable {
    private var changed: [UInt64: PageChanges] = [:]
    /// Graphs that are gone, with how many pages they had: all of them are to go.
    private var dropped: [UInt64: (nodes: Int, relationships: Int)] = [:]

    var count: Int {
        changed.values.reduce(0) { $0 + $1.count } + dropped.values.reduce(0) { $0 + $1.nodes + $1.relationships + 1 }
    }

    mutating func note(_ change: NamedGraphTable.Change) {
        if let graph = change.dropped {
            changed[change.id] = nil
            dropped[change.id] = graph.graph.pageCounts
        } else {
            changed[change.id, default: PageChanges()].formUnion(change.pages)
        }
    }

    /// What is to be written, made of snapshots of the graphs as they are now when the checkpoint gets to it.
    mutating func take(from graphs: NamedGraphTable) -> NamedGraphPages {
        defer { self = NamedGraphBacklog() }
        let all = Dictionary(uniqueKeysWithValues: graphs.all.map { ($0.id, $0) })
        return NamedGraphPages(
            changed: changed.sorted { $0.key < $1.key }.compactMap { id, pages in all[id].map { ($0, pages) } },
            dropped: dropped.sorted { $0.key < $1.key }.map { ($0.key, $0.value.nodes, $0.value.relationships) })
    }
}

/// Pages of graphs on their way to the checkpoint.
struct NamedGraphPages: Sendable {
    let changed: [(graph: NamedGraph, pages: PageChanges)]
    let dropped: [(id: UInt64, nodes: Int, relationships: Int)]

    /// Lends `body` each key with its value, nil where it goes; any number of times.
    func forEach(_ body: (String, [UInt8]?) throws -> Void) rethrows {
        for (id, nodes, relationships) in dropped {
            try body(NamedGraphKey.text(id, .name), nil)
            try body(NamedGraphKey.text(id, .page(.head)), nil)
            for number in 0..<nodes { try body(NamedGraphKey.text(id, .page(.nodes(number))), nil) }
            for number in 0..<relationships { try body(NamedGraphKey.text(id, .page(.relationships(number))), nil) }
        }
        for (graph, pages) in changed {
            func put(_ page: GraphPage) throws {
                try body(NamedGraphKey.text(graph.id, .page(page)), graph.graph.bytes(of: page))
            }
            try body(NamedGraphKey.text(graph.id, .name), Self.encodedName(of: graph))
            try put(.head)
            for number in pages.nodePages.sorted() { try put(.nodes(number)) }
            for number in pages.relationshipPages.sorted() { try put(.relationships(number)) }
        }
    }

    private static func encodedName(of graph: NamedGraph) -> [UInt8] {
        var writer = ByteWriter(reserving: 80)
        writer.string(graph.name)
        writer.varint(graph.version)
        return writer.bytes
    }
}

/// Graphs as they are read back.
struct RestoredGraphs: Sendable {
    private var names: [UInt64: (name: String, version: UInt64)] = [:]
    private var restorers: [UInt64: GraphRestorer] = [:]

    /// Throws `CodecError` for a value that was not stored under this key.
    mutating func take(_ key: String, _ reader: inout ByteReader) throws(CodecError) {
        guard let (graph, part) = NamedGraphKey.parse(key) else { throw CodecError("unknown state \(key)") }
        switch part {
        case .name:
            let name = try reader.string()
            guard NamedGraphLimits.isName(name) else { throw CodecError("a graph has an impossible name") }
            names[graph] = (name, try reader.varint())
        case .page(let page): try restorers[graph, default: GraphRestorer()].take(page, &reader)
        }
    }

    /// Throws `CodecError` where pages are missing or do not fit together.
    consuming func graphs() throws(CodecError) -> [NamedGraph] {
        var found: [NamedGraph] = []
        for (id, known) in names.sorted(by: { $0.key < $1.key }) {
            guard let restorer = restorers.removeValue(forKey: id) else {
                throw CodecError("the graph \(known.name) has no pages")
            }
            let (graph, bytes) = try restorer.graph()
            found.append(NamedGraph(name: known.name, id: id, version: known.version, graph: graph, propertyBytes: bytes))
        }
        guard restorers.isEmpty else { throw CodecError("pages of a graph without a name") }
        return found
    }
}
