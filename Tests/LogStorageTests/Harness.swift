import Logging
import NIOCore
import NIOPosix
import WriteAheadLog

@testable import LogStorage

/// A log with its threads, one producer, and what it was told.
final class Harness: Sendable {
    static let node = LogNodeID(high: 1, low: 2)
    let storage: LogStorage
    let producer: LogProducer
    let eventLoop: any EventLoop
    let notices = Notices()
    /// The newest base of each group that was told after a trim.
    let bases = Monitor<[GroupID: LogPoint]>([:])
    let fatal = Monitor<LogIOError?>(nil)

    init(_ recovered: RecoveredLog, on eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()) throws {
        self.eventLoop = eventLoop
        storage = try recovered.start(
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            onTrimmed: { [bases] trimmed in bases.change { $0.merge(trimmed) { $1 } } },
            onFatal: { [fatal] error in fatal.change { $0 = error } })
        producer = storage.producer(on: eventLoop) { [notices] in notices.add($0) }
    }

    /// Appends entries of `group` with consecutive indexes, which are their tickets; the error of the first refusal.
    func append(_ indexes: ClosedRange<UInt64>, group: GroupID = 1, payload: [UInt8] = [1, 2, 3]) throws {
        try eventLoop.submit { [producer] in
            for index in indexes {
                try producer.reserve(bytes: payload.count)
                producer.write(group: group, .entry(index, payload))
            }
        }.wait()
    }

    func write(_ write: GroupWrite, group: GroupID = 1) throws {
        try eventLoop.submit { [producer] in producer.write(group: group, write) }.wait()
    }

    func remove(group: GroupID = 1, ticket: UInt64) throws {
        try eventLoop.submit { [producer] in producer.remove(group: group, ticket: ticket) }.wait()
    }
}

/// The highest ticket of each group that is durable.
final class Notices: Sendable {
    private let tickets = Monitor<[GroupID: UInt64]>([:])

    func add(_ notices: [DurableNotice]) {
        tickets.change { tickets in
            for notice in notices { tickets[notice.group] = notice.ticket }
        }
    }

    func wait(for ticket: UInt64, group: GroupID = 1) {
        _ = tickets.wait { $0[group, default: 0] >= ticket ? true : nil }
    }

    var all: [GroupID: UInt64] { tickets.change { $0 } }
}

extension GroupWrite {
    /// One entry of term 1, its index as the ticket.
    static func entry(_ index: UInt64, _ payload: [UInt8]) -> GroupWrite {
        GroupWrite(entries: [LogEntry(point: LogPoint(index: index, term: 1), payload: payload)], ticket: index)
    }
}
