import NIOCore

/// Who waits for an entry to be applied here, each until a deadline of its own. On the replica's event loop.
final class AppliedWatchers {
    /// True: it is applied.
    typealias Completion = (Bool) -> Void

    private var waiting: [Int: (index: UInt64, completion: Completion)] = [:]
    private var last = 0

    func wait(for index: UInt64, by deadline: NIODeadline, on loop: any EventLoop, _ completion: @escaping Completion) {
        last += 1
        let number = last
        waiting[number] = (index, completion)
        _ = loop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            self?.waiting.removeValue(forKey: number)?.completion(false)
        }
    }

    func applied(upTo index: UInt64) {
        guard !waiting.isEmpty else { return }
        let reached = waiting.filter { $0.value.index <= index }
        for number in reached.keys { waiting[number] = nil }
        for watcher in reached.values { watcher.completion(true) }
    }

    /// Nothing will be applied any more.
    func stop() {
        let all = waiting.values
        waiting = [:]
        for watcher in all { watcher.completion(false) }
    }
}
