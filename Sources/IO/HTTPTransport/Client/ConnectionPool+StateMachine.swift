import NIOCore
import OrderedCollections

extension ConnectionPool {
    /// The pool of one origin without its sockets: which request goes to which connection, when to connect and when to close.
    ///
    /// Events are past tense; each returns what the shell has to do, in order. Time arrives as an argument.
    struct StateMachine {
        struct ConnectionID: Hashable, Comparable {
            let number: UInt64; static func < (a: Self, b: Self) -> Bool { a.number < b.number }
        }
        struct RequestID: Hashable { let number: UInt64 }

        enum Action: Equatable {
            case connect(ConnectionID)
            case start(RequestID, on: ConnectionID)
            /// Too many requests wait already.
            case refuse(RequestID)
            /// The connection that these waited for failed, and there is no other.
            case fail([RequestID], becauseOf: ConnectionID)
            /// The pool is being shut down.
            case cancel([RequestID])
            case close(ConnectionID)
        }

        struct Limits: Equatable {
            var connectionsMax: Int
            var streamsPerConnectionMax: Int
            var waitersMax: Int
            var idle: TimeAmount
            var connectPause: TimeAmount
            /// How many streams a connection is expected to carry before the first one has told.
            var expectedStreams: Int
        }

        private enum Connection {
            case connecting
            case open(Open)
        }

        private struct Open {
            var streams = 0
            var streamsMax: Int
            /// The peer takes no new streams, or we want none: closed when the last one ends.
            var isDraining = false
            var idleSince: NIODeadline
        }

        private let limits: Limits
        private var connections: OrderedDictionary<ConnectionID, Connection> = [:]
        private var waiting: OrderedSet<RequestID> = []
        private var expectedStreams: Int
        private var nextConnection: UInt64 = 1
        private var connectNotBefore: NIODeadline?
        private var isShutDown = false

        init(limits: Limits) {
            self.limits = limits
            expectedStreams = max(1, limits.expectedStreams)
        }

        // MARK: Events

        mutating func requestArrived(_ request: RequestID, at now: NIODeadline) -> [Action] {
            if isShutDown { return [.cancel([request])] }
            if waiting.isEmpty, let connection = leastBusy() {
                take(connection)
                return [.start(request, on: connection)]
            }
            guard waiting.count < limits.waitersMax else { return [.refuse(request)] }
            waiting.append(request)
            return connectAsNeeded(at: now)
        }

        /// The request was cancelled or its deadline passed while it waited.
        mutating func requestAbandoned(_ request: RequestID) { waiting.remove(request) }

        mutating func connected(_ connection: ConnectionID, streamsMax: Int, at now: NIODeadline) -> [Action] {
            guard case .connecting = connections[connection] else { return [] }
            let streamsMax = min(max(0, streamsMax), limits.streamsPerConnectionMax)
            connections[connection] = .open(Open(streamsMax: streamsMax, idleSince: now))
            expectedStreams = max(1, streamsMax)
            connectNotBefore = nil
            if isShutDown { return [.close(connection)] }
            return serveWaiting() + connectAsNeeded(at: now)
        }

        /// The peer allows another number of concurrent streams.
        mutating func streamsMaxChanged(_ connection: ConnectionID, to streamsMax: Int, at now: NIODeadline) -> [Action] {
            guard case .open(var open) = connections[connection] else { return [] }
            open.streamsMax = min(max(0, streamsMax), limits.streamsPerConnectionMax)
            connections[connection] = .open(open)
            expectedStreams = max(1, open.streamsMax)
            return serveWaiting() + connectAsNeeded(at: now)
        }

        mutating func connectFailed(_ connection: ConnectionID, at now: NIODeadline) -> [Action] {
            guard case .connecting = connections[connection] else { return [] }
            connections.removeValue(forKey: connection)
            guard !isShutDown else { return [] }
            if connections.isEmpty {
                let failed = Array(waiting)
                waiting.removeAll()
                return failed.isEmpty ? [] : [.fail(failed, becauseOf: connection)]
            }
            // Those who wait have other connections to hope for; the origin gets a rest.
            connectNotBefore = now + limits.connectPause
            return []
        }

        mutating func streamEnded(on connection: ConnectionID, at now: NIODeadline) -> [Action] {
            guard case .open(var open) = connections[connection] else { return [] }
            precondition(open.streams > 0, "connection \(connection.number) ended a stream it did not have")
            open.streams -= 1
            open.idleSince = now
            connections[connection] = .open(open)
            if open.isDraining { return open.streams == 0 ? [.close(connection)] : [] }
            return serveWaiting()
        }

        /// The peer will take no more streams on this connection, or it cannot be used again.
        mutating func drainingBegan(_ connection: ConnectionID, at now: NIODeadline) -> [Action] {
            guard case .open(var open) = connections[connection], !open.isDraining else { return [] }
            open.isDraining = true
            connections[connection] = .open(open)
            return (open.streams == 0 ? [.close(connection)] : []) + connectAsNeeded(at: now)
        }

        /// An open connection is gone; its streams have ended, or end without further notice.
        mutating func connectionClosed(_ connection: ConnectionID, at now: NIODeadline) -> [Action] {
            guard connections.removeValue(forKey: connection) != nil, !isShutDown else { return [] }
            return connectAsNeeded(at: now)
        }

        /// Time has come to `nextWake`.
        mutating func timePassed(to now: NIODeadline) -> [Action] {
            var actions: [Action] = []
            for (id, connection) in connections {
                guard case .open(var open) = connection, open.streams == 0, !open.isDraining,
                    open.idleSince + limits.idle <= now
                else { continue }
                open.isDraining = true
                connections[id] = .open(open)
                actions.append(.close(id))
            }
            return actions + connectAsNeeded(at: now)
        }

        /// Every connection is closed, every waiting request cancelled; later requests too.
        mutating func shutDownRequested() -> [Action] {
            isShutDown = true
            let cancelled = Array(waiting)
            waiting.removeAll()
            let close = connections.keys.map(Action.close)
            return (cancelled.isEmpty ? [] : [.cancel(cancelled)]) + close
        }

        // MARK: Queries

        /// When `timePassed` has something to do; nil for never.
        var nextWake: NIODeadline? {
            var wake = waiting.isEmpty ? nil : connectNotBefore
            for connection in connections.values {
                guard case .open(let open) = connection, open.streams == 0, !open.isDraining else { continue }
                let idle = open.idleSince + limits.idle
                wake = min(wake ?? idle, idle)
            }
            return wake
        }

        var waitingCount: Int { waiting.count }
        var connectionCount: Int { connections.count }
        var isEmpty: Bool { connections.isEmpty && waiting.isEmpty }

        // MARK: Private helpers

        /// The open connection with the fewest streams and room for one more; the one used last among equals, so that
        /// surplus connections become idle and go away.
        private func leastBusy() -> ConnectionID? {
            var best: (id: ConnectionID, open: Open)?
            for (id, connection) in connections {
                guard case .open(let open) = connection, !open.isDraining, open.streams < open.streamsMax else { continue }
                if let best, (best.open.streams, open.idleSince) <= (open.streams, best.open.idleSince) { continue }
                best = (id, open)
            }
            return best?.id
        }

        private mutating func take(_ connection: ConnectionID) {
            guard case .open(var open) = connections[connection] else {
                preconditionFailure("connection \(connection) is not open")
            }
            open.streams += 1
            connections[connection] = .open(open)
        }

        private mutating func serveWaiting() -> [Action] {
            var actions: [Action] = []
            while !waiting.isEmpty, let connection = leastBusy() {
                take(connection)
                actions.append(.start(waiting.removeFirst(), on: connection))
            }
            return actions
        }

        /// Opens as many connections as the waiting requests are expected to fill, within the limit.
        private mutating func connectAsNeeded(at now: NIODeadline) -> [Action] {
            guard !isShutDown, !waiting.isEmpty else { return [] }
            if let connectNotBefore, !connections.isEmpty, now < connectNotBefore { return [] }
            connectNotBefore = nil
            var connecting = 0
            var usable = 0
            for connection in connections.values {
                switch connection {
                case .connecting: connecting += 1; usable += 1
                case .open(let open): usable += open.isDraining ? 0 : 1
                }
            }
            var actions: [Action] = []
            while connecting * expectedStreams < waiting.count, usable < limits.connectionsMax {
                let id = ConnectionID(number: nextConnection)
                nextConnection += 1
                connections[id] = .connecting
                connecting += 1
                usable += 1
                actions.append(.connect(id))
            }
            return actions
        }
    }
}
