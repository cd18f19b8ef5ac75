package import CypherSyntax

/// How large one value of a query may become. What a query keeps of them is counted by its executor.
package struct ValueLimits: Sendable {
    /// About how many bytes a single list, map or string may take, with all that is in it, counted as often as it occurs.
    package var bytesMax: Int
    /// How deep lists and maps may be nested in one another.
    package var nestingMax: Int
    /// What to do about it, for the message: which setting raises the limit.
    package var howToRaise: String

    package init(
        bytesMax: Int = 64 << 20, nestingMax: Int = 100, howToRaise: String = "raise the query's memory budget"
    ) {
        self.bytesMax = bytesMax
        self.nestingMax = nestingMax
        self.howToRaise = howToRaise
    }

    /// About what a slot of a list takes.
    static let slotBytes = MemoryLayout<CypherValue>.stride

    /// Refuses a list of so many members before it is made.
    package func admitList(count: Int, as what: @autoclosure () -> String) throws(CypherError) {
        guard count > bytesMax / Self.slotBytes else { return }
        throw tooLarge("\(what()) would have \(count) members", allowed: "\(bytesMax / Self.slotBytes) members")
    }

    /// Refuses a string of so many bytes before it is made.
    package func admitString(bytes: Int, as what: @autoclosure () -> String) throws(CypherError) {
        guard bytes > bytesMax else { return }
        throw tooLarge("\(what()) would have \(bytes) bytes", allowed: "\(bytesMax) bytes")
    }

    /// Refuses what has come to so many bytes.
    package func admit(bytes: Int, as what: @autoclosure () -> String) throws(CypherError) {
        guard bytes > bytesMax else { return }
        throw tooLarge("\(what()) takes \(bytes) bytes", allowed: "\(bytesMax) bytes")
    }

    /// Refuses a list or map whose parts, each counted wherever it occurs, are too many or too deep. Values that share parts cost
    /// little to make but as much to compare or print as their parts told out: hence the count.
    package func admit(_ value: CypherValue) throws(CypherError) {
        var left = bytesMax
        try weigh(value, depth: 0, left: &left)
    }

    private func weigh(_ value: CypherValue, depth: Int, left: inout Int) throws(CypherError) {
        left -= Self.slotBytes
        guard left >= 0 else { throw tooLarge("a nested value would be larger", allowed: "\(bytesMax) bytes in all") }
        switch value {
        case .list(let members):
            try deepen(depth)
            for member in members { try weigh(member, depth: depth + 1, left: &left) }
        case .map(let map):
            try deepen(depth)
            for (key, member) in map {
                left -= key.utf8.count
                try weigh(member, depth: depth + 1, left: &left)
            }
        case .string(let text): left -= text.utf8.count
        default: break
        }
    }

    private func deepen(_ depth: Int) throws(CypherError) {
        guard depth >= nestingMax else { return }
        throw CypherError.limit(
            .memory, "lists and maps may be nested \(nestingMax) deep in one another; this is deeper")
    }

    var batchTooLarge: CypherError {
        .limit(.memory, "The values of \(bytesMax) bytes that some rows may have at a time are used up: \(howToRaise)")
    }

    private func tooLarge(_ what: String, allowed: String) -> CypherError {
        CypherError.limit(.memory, "\(what); one value may have \(allowed): \(howToRaise)")
    }
}

extension CypherValue {
    var isContainer: Bool {
        switch self {
        case .list, .map: true
        default: false
        }
    }

    /// About how many bytes it keeps outside of itself, its parts' own not counted.
    var ownBytes: Int {
        switch self {
        case .string(let text): text.utf8.count
        case .list(let members): members.count * MemoryLayout<CypherValue>.stride
        case .map(let map): map.count * 64
        default: 0
        }
    }

    /// About how many bytes the value takes, with what it alone holds. Parts that several values share are counted in each.
    package var footprintBytes: Int {
        let own = MemoryLayout<CypherValue>.stride
        switch self {
        case .null, .boolean, .integer, .float, .date, .localTime, .time, .localDateTime: return own
        case .string(let text): return own + (text.utf8.count > 15 ? text.utf8.count + 32 : 0)
        case .dateTime, .duration: return own + 48
        case .list(let members): return members.reduce(own + 32) { $0 + $1.footprintBytes }
        case .map(let map): return own + map.footprintBytes
        case .node(let node): return own + node.footprintBytes
        case .relationship(let relationship): return own + relationship.footprintBytes
        case .path(let path):
            return own + 64 + path.nodes.reduce(0) { $0 + $1.footprintBytes }
                + path.relationships.reduce(0) { $0 + $1.footprintBytes }
        }
    }
}

extension CypherMap {
    package var footprintBytes: Int {
        reduce(64) { sum, pair in sum + 16 + pair.0.utf8.count + pair.1.footprintBytes }
    }
}

extension NodeValue {
    package var footprintBytes: Int { 120 + labels.count * 16 + properties.footprintBytes }
}

extension RelationshipValue {
    package var footprintBytes: Int { 120 + properties.footprintBytes }
}
