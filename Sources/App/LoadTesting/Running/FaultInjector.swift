import Foundation
import Synchronization

/// A fault as it went.
package struct FaultRecord: Equatable, Sendable {
    /// With the moment at which its command was really started.
    package let event: FaultEvent
    package let ended: Microseconds
    package let status: Int32
    /// The last line that the command printed.
    package let lastLine: String

    package init(event: FaultEvent, ended: Microseconds, status: Int32, lastLine: String) {
        self.event = event
        self.ended = ended
        self.status = status
        self.lastLine = lastLine
    }
}

/// Runs the commands of a fault timeline. What was done is undone, even when the run is stopped early.
final class FaultInjector: Sendable {
    /// Longest time a command may take, in seconds; then it is ended.
    static let commandSecondsMax = 60

    private let events: [FaultEvent]
    private let clock: LoadClock
    private let isStopped: @Sendable () -> Bool
    private let done = Mutex<[FaultRecord]>([])

    init(events: [FaultEvent], clock: LoadClock, isStopped: @escaping @Sendable () -> Bool) {
        self.events = events
        self.clock = clock
        self.isStopped = isStopped
    }

    var records: [FaultRecord] { done.withLock { $0 } }

    /// Returns when the last command has ended.
    func run() async {
        var begun: Set<Int> = []
        for event in events {
            while clock.now < event.time, !isStopped() {
                try? await clock.sleep(until: min(event.time, clock.now + 100_000))
            }
            if event.isUndo {
                guard begun.contains(event.number) else { continue }
            } else {
                guard !isStopped() else { continue }
                begun.insert(event.number)
            }
            let record = await carryOut(event)
            done.withLock { $0.append(record) }
        }
    }

    private func carryOut(_ event: FaultEvent) async -> FaultRecord {
        let actual = FaultEvent(
            time: clock.now, number: event.number, name: event.name, command: event.command, node: event.node,
            isUndo: event.isUndo)
        let (status, output) = await Self.shell(event)
        let lastLine = output.split(separator: "\n").last.map { String($0.prefix(200)) } ?? ""
        return FaultRecord(event: actual, ended: clock.now, status: status, lastLine: lastLine)
    }

    /// Runs the command in the current directory. Its output goes to a file: a pipe would stay open for as long as anything
    /// that the command starts and leaves running.
    private static func shell(_ event: FaultEvent) async -> (status: Int32, output: String) {
        let path = FileManager.default.temporaryDirectory.appending(path: "vtag-load-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: path) }
        guard FileManager.default.createFile(atPath: path.path, contents: nil),
            let file = try? FileHandle(forWritingTo: path)
        else { return (-1, "cannot write to \(path.path)") }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["timeout", "--kill-after=1", String(commandSecondsMax), "/bin/sh", "-c", event.command]
        var environment = ProcessInfo.processInfo.environment
        environment["NODE"] = event.node
        environment["FAULT_NUMBER"] = String(event.number)
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = file
        process.standardError = file
        let status: Int32 = await withCheckedContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do {
                try process.run()
            } catch {
                process.terminationHandler = nil
                continuation.resume(returning: -1)
            }
        }
        return (status, (try? String(contentsOf: path, encoding: .utf8)) ?? "")
    }
}
