/// The identity of a node in all groups that it has replicas of. Never 0.
///
/// It stands for one data directory: a node that comes back with an empty disk must come back under another id. Under
/// its old one it could vote a second time in a term in which it had voted.
package struct ReplicaID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: UInt64

    package init(_ rawValue: UInt64) { self.rawValue = rawValue }

    package static func < (left: ReplicaID, right: ReplicaID) -> Bool { left.rawValue < right.rawValue }

    package var description: String { "n\(rawValue)" }
}
