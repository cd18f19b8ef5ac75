import Model

/// What a shard can be asked to do with the graphs that it keeps.
package enum GraphCommand: Hashable, Sendable {
    /// `created`, or `unchanged` where there is one of the name.
    case create(String)
    /// `deleted`, `notFound` or `preconditionFailed`.
    case drop(String, Precondition)
    /// A transaction that was tried on the graph as of this version: `updated`; `preconditionFailed` where the graph is not that
    /// any more, `notFound` where it is gone.
    case change(GraphTransaction)

    package var name: String {
        switch self {
        case .create(let name), .drop(let name, _): name
        case .change(let transaction): transaction.name
        }
    }
}

package struct GraphTransaction: Hashable, Sendable {
    package let name: String
    package let version: UInt64
    /// `MutationLog`'s form.
    package let mutations: [UInt8]
    /// The graph becomes larger by it: only then limits of memory concern it.
    package let grows: Bool
    /// What is kept for the request's idempotency key; nil: nothing.
    package let answer: [UInt8]?

    package init(name: String, version: UInt64, mutations: [UInt8], grows: Bool, answer: [UInt8]?) {
        self.name = name
        self.version = version
        self.mutations = mutations
        self.grows = grows
        self.answer = answer
    }
}

/// What an entry does to a shard's graphs.
package enum GraphEffect: Hashable, Sendable {
    case created(String)
    case dropped(String)
    /// Carried out on the graph as of this version, and only on that.
    case changed(String, version: UInt64, mutations: [UInt8])

    var name: String {
        switch self {
        case .created(let name), .dropped(let name), .changed(let name, _, _): name
        }
    }
}

extension GraphCommand: PeerCodable {
    func write(to writer: inout ByteWriter) {
        switch self {
        case .create(let name): writer.put(1, name)
        case .drop(let name, let precondition): writer.put(2, name, precondition)
        case .change(let transaction):
            writer.put(3, transaction.name, transaction.version)
            writer.blob(transaction.mutations)
            writer.byte(transaction.grows ? 1 : 0)
            writer.byte(transaction.answer == nil ? 0 : 1)
            if let answer = transaction.answer { writer.blob(answer) }
        }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        switch try reader.byte() {
        case 1: self = .create(try reader.take())
        case 2: self = .drop(try reader.take(), try reader.take())
        case 3:
            let (name, version): (String, UInt64) = (try reader.take(), try reader.take())
            let mutations = try reader.blob()
            let grows = try reader.byte() == 1
            self = .change(
                GraphTransaction(
                    name: name, version: version, mutations: mutations, grows: grows,
                    answer: try reader.byte() == 0 ? nil : try reader.blob()))
        case let kind: throw CodecError("unknown kind of command \(kind) for a graph")
        }
        guard NamedGraphLimits.isName(name) else { throw CodecError("a graph cannot have such a name") }
    }
}

extension ByteWriter {
    mutating func effect(_ effect: GraphEffect) {
        string(effect.name)
        switch effect {
        case .created: byte(1)
        case .dropped: byte(2)
        case .changed(_, let version, let mutations):
            byte(3)
            varint(version)
            blob(mutations)
        }
    }
}

extension ByteReader {
    mutating func graphEffect() throws(CodecError) -> GraphEffect {
        let name = try string()
        switch try byte() {
        case 1: return .created(name)
        case 2: return .dropped(name)
        case 3:
            let version = try varint()
            return .changed(name, version: version, mutations: try blob())
        case let kind: throw CodecError("unknown effect \(kind) on a graph")
        }
    }
}

extension NamedGraphSummary: PeerCodable {
    func write(to writer: inout ByteWriter) {
        writer.string(name)
        writer.varint(version)
        for count in [nodes, relationships, bytes] { writer.varint(UInt64(count)) }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        name = try reader.string()
        version = try reader.varint()
        nodes = Int(clamping: try reader.varint())
        relationships = Int(clamping: try reader.varint())
        bytes = Int(clamping: try reader.varint())
    }
}
