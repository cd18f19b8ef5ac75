/// The identity of a node in all groups that it has replicas of. Never 0.
///
/// It stands for one data directory: a node that comes back with an empty disk must come back under another id. Under
/// its old one it could vote a second time in a term in which it had voted, and be counted for entries that it has no more.
/// A node that only gave up its replica of one group, and is to have one again, keeps the old hard state of that group and
/// starts with `ReplicaStart(againWith:)`.
package struct ReplicaID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: UInt64

    package init(_ rawValue: UInt64) { self.rawValue = rawValue }

    package static func < (left: ReplicaID, right: ReplicaID) -> Bool { left.rawValue < right.rawValue }

    package var description: String { "n\(rawValue)" }
}
