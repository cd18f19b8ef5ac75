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
        let (status, output) = await ShellCommand.run(
            event.command, environment: ["NODE": event.node ?? "", "FAULT_NUMBER": String(event.number)])
        let lastLine = output.split(separator: "\n").last.map { String($0.prefix(200)) } ?? ""
        return FaultRecord(event: actual, ended: clock.now, status: status, lastLine: lastLine)
    }
}
