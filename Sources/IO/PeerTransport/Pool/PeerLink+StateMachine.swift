import DequeModule
import NIOCore

extension PeerLink {
    /// One lane to one peer without its sockets: when to dial, which call goes out now, which waits and which is refused.
    ///
    /// Events are past tense and say what the shell has to do. Time and chance arrive as arguments.
    struct StateMachine {
        struct ConnectionID: Hashable { let number: UInt64 }
        struct CallID: Hashable { let number: UInt64 }

        struct Limits: Equatable {
            var requestsMax: Int
            var requestBytesMax: Int
            var streamsMax: Int
            var backOff: TimeAmount
            var backOffMax: TimeAmount
        }

        enum OnCallArrived: Equatable {
            case start(on: ConnectionID)
            case wait
            case dialAndWait(ConnectionID)
            case refuseOverloaded
            /// The last dial failed, and it is not time for the next.
            case refuseBackingOff
            case refuseClosed
        }

        enum OnStreamEnded: Equatable {
            case nothing
            case start(CallID)
            /// It was the last one on a connection that takes no more.
            case close(ConnectionID)
        }

        enum OnConnected: Equatable {
            case ignore
            /// `superseded` takes no more calls; it is closed now if it has none.
            case start([CallID], superseded: ConnectionID?, closeNow: Bool)
            case close(ConnectionID)
        }

        enum OnConnectionClosed: Equatable {
            case nothing
            /// Calls wait that were never sent: they get another connection.
            case dial(ConnectionID)
            case fail([CallID])
        }

        private enum State {
            case idle
            case dialling(ConnectionID)
            case backingOff(until: NIODeadline)
            case connected(Connected)
            case closed
        }

        private struct Connected {
            let id: ConnectionID
            var streamsMax: Int
            var streams: Int
        }

        private let limits: Limits
        private var state = State.idle
        private var failures = 0
        private var waiting: Deque<CallID> = []
        /// Connections that only finish what they have, with the streams that are left.
        private var finishing: [ConnectionID: Int] = [:]
        private var nextConnection: UInt64 = 1
        /// Calls that have not completed, and their bytes.
        private(set) var calls = 0
        private(set) var callBytes = 0

        init(limits: Limits) { self.limits = limits }

        // MARK: Calls

        /// One call always fits, however large it is.
        mutating func callArrived(_ call: CallID, bytes: Int, at now: NIODeadline) -> OnCallArrived {
            guard calls == 0 || calls < limits.requestsMax && callBytes + bytes <= limits.requestBytesMax else {
                return .refuseOverloaded
            }
            switch state {
            case .closed:
                return .refuseClosed
            case .backingOff(let until) where now < until:
                return .refuseBackingOff
            case .idle, .backingOff:
                admit(bytes)
                waiting.append(call)
                return .dialAndWait(beginDial())
            case .dialling:
                admit(bytes)
                waiting.append(call)
                return .wait
            case .connected(var connected):
                admit(bytes)
                guard waiting.isEmpty, connected.streams < connected.streamsMax else {
                    waiting.append(call)
                    return .wait
                }
                connected.streams += 1
                state = .connected(connected)
                return .start(on: connected.id)
            }
        }

        /// A call has its outcome. One that was given up while it waited is taken out of the queue.
        mutating func callCompleted(_ call: CallID, bytes: Int, wasWaiting: Bool) {
            precondition(calls > 0 && callBytes >= bytes, "Call \(call.number) completed twice")
            calls -= 1
            callBytes -= bytes
            if wasWaiting { waiting.removeAll { $0 == call } }
        }

        mutating func streamEnded(on connection: ConnectionID) -> OnStreamEnded {
            guard case .connected(var connected) = state, connected.id == connection else {
                guard let left = finishing[connection] else { return .nothing }
                precondition(left > 0, "Connection \(connection.number) ended a stream it did not have")
                finishing[connection] = left - 1
                return left == 1 ? .close(connection) : .nothing
            }
            precondition(connected.streams > 0, "Connection \(connection.number) ended a stream it did not have")
            connected.streams -= 1
            let next = connected.streams < connected.streamsMax ? waiting.popFirst() : nil
            if next != nil { connected.streams += 1 }
            state = .connected(connected)
            return next.map(OnStreamEnded.start) ?? .nothing
        }

        // MARK: Connections

        /// A dial for its own sake, whatever the state: its connection takes the place of the one in use.
        mutating func freshDialRequested() -> ConnectionID? {
            if case .closed = state { return nil }
            return makeConnection()
        }

        mutating func connected(_ connection: ConnectionID, streamsMax: Int) -> OnConnected {
            var superseded: Connected?
            switch state {
            case .closed: return .close(connection)
            case .connected(let current): superseded = current
            // A fresh dial came before the regular one, which then finds itself superseded.
            case .idle, .backingOff, .dialling: break
            }
            failures = 0
            if let superseded { finishing[superseded.id] = superseded.streams }
            let room = min(max(1, streamsMax), limits.streamsMax)
            let started = takeWaiting(upTo: room)
            state = .connected(Connected(id: connection, streamsMax: room, streams: started.count))
            return .start(started, superseded: superseded?.id, closeNow: superseded?.streams == 0)
        }

        mutating func streamsMaxChanged(_ connection: ConnectionID, to streamsMax: Int) -> [CallID] {
            guard case .connected(var connected) = state, connected.id == connection else { return [] }
            connected.streamsMax = min(max(0, streamsMax), limits.streamsMax)
            let started = takeWaiting(upTo: connected.streamsMax - connected.streams)
            connected.streams += started.count
            state = .connected(connected)
            return started
        }

        /// The peer takes no more calls on it. Returns the connection to dial for those that wait.
        mutating func drainingBegan(_ connection: ConnectionID) -> ConnectionID? {
            guard case .connected(let connected) = state, connected.id == connection else { return nil }
            finishing[connection] = connected.streams
            state = .idle
            return waiting.isEmpty ? nil : beginDial()
        }

        /// A connection is gone, or did not come about. `chance` is evenly drawn from 0 to 1.
        mutating func connectionClosed(_ connection: ConnectionID, at now: NIODeadline, chance: Double) -> OnConnectionClosed
        {
            finishing[connection] = nil
            switch state {
            case .connected(let connected) where connected.id == connection:
                state = .idle
                return waiting.isEmpty ? .nothing : .dial(beginDial())
            case .dialling(connection):
                failures += 1
                state = .backingOff(until: now + pause(chance: chance))
                let failed = Array(waiting)
                waiting.removeAll()
                return .fail(failed)
            case .idle, .dialling, .backingOff, .connected, .closed:
                return .nothing
            }
        }

        /// The lane is given up. Returns what waited; the connections are the shell's to close.
        mutating func closeRequested() -> [CallID] {
            state = .closed
            let failed = Array(waiting)
            waiting.removeAll()
            return failed
        }

        // MARK: Queries

        var isConnected: Bool { if case .connected = state { true } else { false } }
        var waitingCount: Int { waiting.count }

        // MARK: Private helpers

        private mutating func admit(_ bytes: Int) {
            calls += 1
            callBytes += bytes
        }

        private mutating func makeConnection() -> ConnectionID {
            defer { nextConnection += 1 }
            return ConnectionID(number: nextConnection)
        }

        private mutating func beginDial() -> ConnectionID {
            let connection = makeConnection()
            state = .dialling(connection)
            return connection
        }

        private mutating func takeWaiting(upTo count: Int) -> [CallID] {
            let taken = Array(waiting.prefix(max(0, count)))
            waiting.removeFirst(taken.count)
            return taken
        }

        /// Doubles with each failure; drawn from the upper half, so that many nodes do not dial at the same moment.
        private func pause(chance: Double) -> TimeAmount {
            let doublings = min(failures - 1, 16)
            let longest = min(limits.backOff.nanoseconds << doublings, limits.backOffMax.nanoseconds)
            return .nanoseconds(longest / 2 + Int64(Double(longest / 2) * chance))
        }
    }
}
