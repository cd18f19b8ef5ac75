import NIOCore
import Shard
import Synchronization

/// Entries of the shards' logs, by their indexes: where a request's writes are, or how far somebody has come. As text, which is meant for
/// whoever reads on elsewhere, `SHARD:INDEX` for each, ascending and with commas between; shard 0 is the catalogue.
package struct Revision: Hashable, Sendable {
    /// By group.
    package private(set) var indexes: [Int: UInt64]

    package init(_ indexes: [Int: UInt64] = [:]) { self.indexes = indexes }

    /// Nil where it is not of that form, or names a shard twice.
    package init?(_ text: String) {
        indexes = [:]
        for part in text.utf8.split(separator: UInt8(ascii: ","), maxSplits: Self.partsMax, omittingEmptySubsequences: false)
        {
            let numbers = part.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
            guard numbers.count == 2, let group = Self.number(numbers[0]).flatMap({ Int(exactly: $0) }),
                group <= NodeOptions.shardsMax, let index = Self.number(numbers[1]), indexes[group] == nil
            else { return nil }
            indexes[group] = index
        }
    }

    private static let partsMax = NodeOptions.shardsMax + 1
    private static let digitsMax = 20

    /// Digits alone: `UInt64` itself would take a sign.
    private static func number(_ digits: Substring.UTF8View.SubSequence) -> UInt64? {
        guard (1...digitsMax).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return UInt64(Substring(digits))
    }

    package var isEmpty: Bool { indexes.isEmpty }

    package var text: String {
        indexes.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: ",")
    }

    package mutating func note(_ group: Int, _ index: UInt64) { indexes[group] = max(indexes[group] ?? 0, index) }
}

/// What the writes of one request came to, told by the node to whoever answers the request: tasks carry it along.
package final class RequestWrites: Sendable {
    @TaskLocal package static var current: RequestWrites?

    private let noted = Mutex(Revision())

    package init() {}

    package var revision: Revision { noted.withLock { $0 } }

    func note(_ group: Int, _ index: UInt64) { noted.withLock { $0.note(group, index) } }
}

extension Node {
    /// Longest time that a read waits for a revision, in milliseconds.
    package static var revisionMillisecondsMax: Int64 { 10_000 }

    /// Waits until what is applied here holds that revision, as far as it concerns shards that have a replica here. Nil: it does. Else how
    /// far those shards are when the time is over.
    package func wait(for wanted: Revision, milliseconds: Int64 = revisionMillisecondsMax) async -> Revision? {
        let deadline = NIODeadline.now() + .milliseconds(milliseconds)
        var missing = Revision()
        for (group, index) in wanted.indexes.sorted(by: { $0.key < $1.key }) {
            let reached = await reached(group, index, by: deadline)
            if let reached, reached < index { missing.note(group, reached) }
        }
        return missing.isEmpty ? nil : missing
    }

    /// Whether each of those shards has a replica here. One that the cluster does not have counts as here: nobody else has it.
    package func holds(_ revision: Revision) -> Bool {
        revision.indexes.keys.allSatisfy { $0 == SystemShard.group || $0 > shardCount || shards[$0 - 1] != nil }
    }

    /// How far the group is here once it has that entry, or at the deadline; nil where it has no replica here.
    private func reached(_ group: Int, _ index: UInt64, by deadline: NIODeadline) async -> UInt64? {
        guard group <= shardCount else { return 0 }
        if group == SystemShard.group {
            let system = self.system
            return try? await system.eventLoop.result { completion in
                system.whenApplied(index, by: deadline) { _ in completion(.success(system.shard.state.appliedIndex)) }
            }
        }
        guard let host = shards[group - 1] else { return nil }
        return try? await host.eventLoop.result { completion in
            host.whenApplied(index, by: deadline) { _ in completion(.success(host.shard.state.appliedIndex)) }
        }
    }
}
