internal import Conditions
package import CypherSyntax

/// A moment as the clock gives it; times within a query are told from it.
package struct Instant: Hashable, Sendable {
    /// Seconds since 1970-01-01T00:00Z.
    package let epochSeconds: Int64
    package let nanosecond: Int32

    package init(epochSeconds: Int64, nanosecond: Int32 = 0) {
        self.epochSeconds = epochSeconds
        self.nanosecond = nanosecond
    }
}

/// Finds entities that an expression reaches through others: the ends of a relationship, and what this query has changed.
package protocol EntityLookup: AnyObject {
    /// The node as it is now, or nil when it is not at hand; the context then notes it as missing.
    func node(_ handle: NodeHandle) -> NodeValue?
    /// The newest state of an entity that this query has changed; nil when it has not.
    func changed(_ node: NodeHandle) -> NodeValue?
    func changed(_ relationship: RelationshipHandle) -> RelationshipValue?
}

/// What all expressions of one run of a query share. Used by one thread at a time.
package final class EvaluationContext {
    package let parameters: CypherMap
    /// The time that `date()` and its kin tell, the same all through the query.
    package let statementTime: Instant
    package let zones: any TimeZoneSource
    package let limits: ValueLimits
    package var entities: (any EntityLookup)?
    /// Nodes that were asked for and are not at hand. Whoever evaluates fetches them and evaluates again.
    package var missing: Set<NodeHandle> = []
    /// Called now and then while an expression runs long: throws when the query is to end.
    package var interruption: (() throws(CypherError) -> Void)?

    private var random: UInt64
    private var patterns: [String: Pattern] = [:]
    private var steps = 0

    /// How many different regular expressions one query keeps compiled.
    private static let patternsMax = 64
    private static let stepsBetweenInterruptions = 4096

    package init(
        parameters: CypherMap = CypherMap(), statementTime: Instant = Instant(epochSeconds: 0), seed: UInt64 = 0,
        zones: any TimeZoneSource = NoNamedZones(), limits: ValueLimits = ValueLimits()
    ) {
        self.parameters = parameters
        self.statementTime = statementTime
        self.zones = zones
        self.limits = limits
        random = seed
    }

    /// Counts one turn of a loop that a query can make long. Throws when the query is to end.
    package func step() throws(CypherError) {
        steps &+= 1
        if steps % Self.stepsBetweenInterruptions == 0 { try interruption?() }
    }

    /// SplitMix64: the next 64 bits.
    func nextRandom() -> UInt64 {
        random &+= 0x9E37_79B9_7F4A_7C15
        var mixed = random
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// True when the expression matches all of the text, in time linear in it.
    func matches(_ text: String, _ expression: String) throws(CypherError) -> Bool {
        if let known = patterns[expression] { return known.occurs(in: text) }
        let made: Pattern
        do {
            made = try Pattern(checking: "\\A(?:\(expression))\\z")
        } catch {
            throw .badArgument("=~ wants a regular expression: \(error.message)")
        }
        if patterns.count >= Self.patternsMax { patterns = [:] }
        patterns[expression] = made
        return made.occurs(in: text)
    }

    func current(_ node: NodeValue) throws(CypherError) -> NodeValue {
        let newest = entities?.changed(node.handle) ?? node
        guard !newest.isDeleted else {
            throw CypherError(
                .entityNotFound, .runtime, .deletedEntityAccess,
                "the node \(node.elementId) was deleted by this query: its labels and properties are gone")
        }
        return newest
    }

    func current(_ relationship: RelationshipValue) throws(CypherError) -> RelationshipValue {
        let newest = entities?.changed(relationship.handle) ?? relationship
        guard !newest.isDeleted else {
            throw CypherError(
                .entityNotFound, .runtime, .deletedEntityAccess,
                "the relationship \(relationship.elementId) was deleted by this query: its properties are gone")
        }
        return newest
    }

    /// An end of a relationship.
    func end(_ handle: NodeHandle) -> NodeValue {
        if let known = entities?.node(handle) { return known }
        missing.insert(handle)
        return NodeValue(handle: handle)
    }
}
