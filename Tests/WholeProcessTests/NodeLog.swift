import Foundation
import Synchronization

/// The lines of a node's log, as they come.
final class NodeLog: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        /// Lines that were handed out or looked at by nobody's search: the next search begins here.
        var searched = 0
        var isEnded = false
        var waiter: (part: String, continuation: CheckedContinuation<String?, Never>)?

        /// The next line that holds `part`.
        mutating func nextLine(with part: String) -> String? {
            while let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: bytes[searched..<end], as: UTF8.self)
                searched = end + 1
                if line.contains(part) { return line }
            }
            return nil
        }
    }

    private let state = Mutex(State())

    /// Reads on a thread of its own until the pipe's end, so that it never fills up.
    init(_ handle: FileHandle) {
        Foundation.Thread.detachNewThread {
            while case let part = handle.availableData, !part.isEmpty { self.received([UInt8](part)) }
            self.received(nil)
        }
    }

    /// Everything so far.
    var text: String { state.withLock { String(decoding: $0.bytes, as: UTF8.self) } }

    /// The next line, after the last one found, that holds `part`; nil when the log ends without one. One caller at a time.
    func line(with part: String) async -> String? {
        await withCheckedContinuation { continuation in
            let known: String?? = state.withLock { state in
                if let line = state.nextLine(with: part) { return .some(line) }
                if state.isEnded { return .some(nil) }
                state.waiter = (part, continuation)
                return nil
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    /// More bytes; nil at the end.
    private func received(_ bytes: [UInt8]?) {
        let resumption: (CheckedContinuation<String?, Never>, String?)? = state.withLock { state in
            if let bytes { state.bytes += bytes } else { state.isEnded = true }
            guard let waiter = state.waiter else { return nil }
            let line = state.nextLine(with: waiter.part)
            guard line != nil || state.isEnded else { return nil }
            state.waiter = nil
            return (waiter.continuation, line)
        }
        if let (continuation, line) = resumption { continuation.resume(returning: line) }
    }
}
