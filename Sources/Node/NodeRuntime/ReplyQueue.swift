import DequeModule
import Shard

/// Replies that wait for their entry, in the order of the entries. Every completion is called once.
struct ReplyQueue {
    typealias Completion = (Result<ShardReply, NodeError>) -> Void

    private struct Waiting {
        let index: UInt64
        let reply: ShardReply
        let completion: Completion
    }

    private var waiting: Deque<Waiting> = []

    /// Answers once everything up to `index`, which is not applied yet, is.
    mutating func wait(for index: UInt64, _ reply: ShardReply, _ completion: @escaping Completion) {
        // A repeated request may wait for an entry that is older than the newest one.
        let position = waiting.lastIndex { $0.index <= index }.map { $0 + 1 } ?? 0
        waiting.insert(Waiting(index: index, reply: reply, completion: completion), at: position)
    }

    /// Takes out what may be answered. The caller answers afterwards: a completion may submit the next command.
    mutating func take(upTo index: UInt64) -> [(reply: ShardReply, completion: Completion)] {
        var released: [(reply: ShardReply, completion: Completion)] = []
        while let first = waiting.first, first.index <= index {
            waiting.removeFirst()
            released.append((first.reply, first.completion))
        }
        return released
    }

    /// Takes out everything that waits.
    mutating func takeAll() -> [Completion] {
        defer { waiting = [] }
        return waiting.map(\.completion)
    }
}
