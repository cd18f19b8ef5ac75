/// What is asked of the resources around one: by a `related` condition, or by an `inherit_tag` action.
package struct RelationQuery: Hashable, Sendable {
    /// Along relationships as they point, against them, or both ways at each step.
    package enum Direction: String, CaseIterable, Hashable, Sendable {
        case outgoing = "out"
        case incoming = "in"
        case any
    }

    package enum Subject: Hashable, Sendable {
        /// Whether it holds for one of them. Without `related` inside.
        case condition(Condition)
        /// What the nearest of them has for the tag of that key and does not inherit along relationships itself.
        case tag(String)
    }

    /// Steps, at most.
    package static let depthMax = 4

    package let types: RelationshipTypes
    package let direction: Direction
    /// How many steps away they are, each resource by its shortest way; from 1 to `depthMax`.
    package let depths: ClosedRange<Int>
    package let subject: Subject
    /// The same for equal queries, in whichever rule, in every process and for good: what answers are kept under.
    package let key: UUID128

    package init(types: RelationshipTypes, direction: Direction, depths: ClosedRange<Int>, subject: Subject) {
        precondition(
            depths.lowerBound >= 1 && depths.upperBound <= Self.depthMax, "\(depths) steps of a query along relationships")
        self.types = types
        self.direction = direction
        self.depths = depths
        self.subject = subject
        var writer = ByteWriter(reserving: 128)
        writer.relation(types, direction, depths)
        switch subject {
        case .condition(let condition):
            writer.byte(1)
            writer.condition(condition)
        case .tag(let key):
            writer.byte(2)
            writer.string(key)
        }
        let bytes = writer.bytes
        key = UUID128(
            high: StableHash.hash(bytes: bytes, seed: 0x72656C), low: StableHash.hash(bytes: bytes, seed: 0x6174696F6E))
    }
}

extension RelationQuery {
    /// Bytes of a key.
    package static let keyBytes = 16
}

extension UUID128 {
    /// As stored forms have it.
    package var bytes: [UInt8] {
        var writer = ByteWriter(reserving: 16)
        writer.uuid(self)
        return writer.bytes
    }
}

/// What came of a query for one resource, where anything did: kept in its row, so that rules find it there.
package struct RelationFact: Hashable, Sendable {
    /// The query's key.
    package let query: UUID128
    /// The tag's value; empty for a condition that holds.
    package let value: String
    /// The way to the resource that it is found at, which is the last; of several the shortest, then the smallest by ids.
    package let path: [ResourceID]

    package init(query: UUID128, value: String, path: [ResourceID]) {
        self.query = query
        self.value = value
        self.path = path
    }
}
