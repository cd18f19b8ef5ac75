import NIOCore
import Testing

@testable import HTTPTransport

@Suite("Connection pool")
struct ConnectionPoolStateMachineTests {
    typealias Machine = ConnectionPool.StateMachine
    typealias Action = Machine.Action

    private func machine(
        connections: Int = 2, streams: Int = 100, waiters: Int = 10, expectedStreams: Int = 100
    ) -> Machine {
        Machine(
            limits: Machine.Limits(
                connectionsMax: connections, streamsPerConnectionMax: streams, waitersMax: waiters, idle: .seconds(60),
                connectPause: .seconds(1), expectedStreams: expectedStreams))
    }

    private func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(1_000_000_000) + .seconds(seconds) }
    private func connection(_ number: UInt64) -> Machine.ConnectionID { .init(number: number) }
    private func request(_ number: UInt64) -> Machine.RequestID { .init(number: number) }

    @Test("The first request opens a connection and starts when it is there")
    func firstRequest() {
        var pool = machine()
        #expect(pool.requestArrived(request(1), at: at(0)) == [.connect(connection(1))])
        #expect(pool.requestArrived(request(2), at: at(0)) == [])
        #expect(
            pool.connected(connection(1), streamsMax: 100, at: at(0))
                == [.start(request(1), on: connection(1)), .start(request(2), on: connection(1))])
        #expect(pool.requestArrived(request(3), at: at(0)) == [.start(request(3), on: connection(1))])
        #expect(pool.waitingCount == 0)
    }

    @Test("The peer's limit on concurrent streams is kept to, and a full connection brings another one")
    func peerStreamLimit() {
        var pool = machine()
        for number in 1...5 { _ = pool.requestArrived(request(UInt64(number)), at: at(0)) }
        #expect(
            pool.connected(connection(1), streamsMax: 2, at: at(0))
                == [.start(request(1), on: connection(1)), .start(request(2), on: connection(1)), .connect(connection(2))])
        #expect(
            pool.connected(connection(2), streamsMax: 2, at: at(0))
                == [.start(request(3), on: connection(2)), .start(request(4), on: connection(2))])
        #expect(pool.waitingCount == 1)
        #expect(pool.streamEnded(on: connection(1), at: at(1)) == [.start(request(5), on: connection(1))])
    }

    @Test("Our own limit on streams holds where the peer allows more")
    func ownStreamLimit() {
        var pool = machine(connections: 1, streams: 1)
        _ = pool.requestArrived(request(1), at: at(0))
        _ = pool.requestArrived(request(2), at: at(0))
        #expect(pool.connected(connection(1), streamsMax: 1_000, at: at(0)) == [.start(request(1), on: connection(1))])
        #expect(pool.streamsMaxChanged(connection(1), to: 2_000, at: at(0)) == [])
    }

    @Test("A peer that raises its limit gets the waiting requests at once")
    func raisedLimit() {
        var pool = machine(connections: 1)
        for number in 1...3 { _ = pool.requestArrived(request(UInt64(number)), at: at(0)) }
        #expect(pool.connected(connection(1), streamsMax: 0, at: at(0)) == [])
        #expect(
            pool.streamsMaxChanged(connection(1), to: 2, at: at(0))
                == [.start(request(1), on: connection(1)), .start(request(2), on: connection(1))])
    }

    @Test("Where a connection carries one request, as many are opened as requests wait, within the limit")
    func oneRequestEach() {
        var pool = machine(connections: 2, expectedStreams: 1)
        #expect(pool.requestArrived(request(1), at: at(0)) == [.connect(connection(1))])
        #expect(pool.requestArrived(request(2), at: at(0)) == [.connect(connection(2))])
        #expect(pool.requestArrived(request(3), at: at(0)) == [])
        #expect(pool.connected(connection(2), streamsMax: 1, at: at(0)) == [.start(request(1), on: connection(2))])
        #expect(pool.streamEnded(on: connection(2), at: at(0)) == [.start(request(2), on: connection(2))])
    }

    @Test("More waiting requests than the limit are refused; an abandoned one makes room")
    func waiterLimit() {
        var pool = machine(waiters: 2)
        _ = pool.requestArrived(request(1), at: at(0))
        _ = pool.requestArrived(request(2), at: at(0))
        #expect(pool.requestArrived(request(3), at: at(0)) == [.refuse(request(3))])
        pool.requestAbandoned(request(1))
        #expect(pool.requestArrived(request(4), at: at(0)) == [])
        #expect(
            pool.connected(connection(1), streamsMax: 10, at: at(0))
                == [.start(request(2), on: connection(1)), .start(request(4), on: connection(1))])
    }

    @Test("When the only connection attempt fails, everyone who waited for it fails")
    func connectFailure() {
        var pool = machine()
        _ = pool.requestArrived(request(1), at: at(0))
        _ = pool.requestArrived(request(2), at: at(0))
        #expect(pool.connectFailed(connection(1), at: at(0)) == [.fail([request(1), request(2)], becauseOf: connection(1))])
        #expect(pool.isEmpty)
        #expect(pool.requestArrived(request(3), at: at(0)) == [.connect(connection(2))])
    }

    @Test("When an additional connection fails, the others go on and the next attempt waits for the pause")
    func additionalConnectFailure() {
        var pool = machine(streams: 1)
        _ = pool.requestArrived(request(1), at: at(0))
        _ = pool.connected(connection(1), streamsMax: 1, at: at(0))
        #expect(pool.requestArrived(request(2), at: at(0)) == [.connect(connection(2))])
        #expect(pool.connectFailed(connection(2), at: at(0)) == [])
        #expect(pool.requestArrived(request(3), at: at(0)) == [])
        #expect(pool.nextWake == at(1))
        #expect(pool.timePassed(to: at(1)) == [.connect(connection(3))])
    }

    @Test("After GOAWAY new requests go to a new connection, and the old one closes after its last stream")
    func draining() {
        var pool = machine()
        _ = pool.requestArrived(request(1), at: at(0))
        _ = pool.connected(connection(1), streamsMax: 10, at: at(0))
        #expect(pool.drainingBegan(connection(1), at: at(1)) == [])
        #expect(pool.requestArrived(request(2), at: at(1)) == [.connect(connection(2))])
        #expect(pool.streamEnded(on: connection(1), at: at(2)) == [.close(connection(1))])
        #expect(pool.connectionClosed(connection(1), at: at(2)) == [])
        #expect(pool.connectionCount == 1)
    }

    @Test("A connection that is idle for the limit is closed, one in use is not")
    func idleClose() {
        var pool = machine(streams: 1)
        _ = pool.requestArrived(request(1), at: at(0))
        _ = pool.requestArrived(request(2), at: at(0))
        _ = pool.connected(connection(1), streamsMax: 1, at: at(0))
        _ = pool.connected(connection(2), streamsMax: 1, at: at(0))
        #expect(pool.nextWake == nil)
        _ = pool.streamEnded(on: connection(2), at: at(10))
        #expect(pool.nextWake == at(70))
        #expect(pool.timePassed(to: at(69)) == [])
        #expect(pool.timePassed(to: at(70)) == [.close(connection(2))])
        #expect(pool.nextWake == nil)
        _ = pool.connectionClosed(connection(2), at: at(70))
        #expect(pool.connectionCount == 1)
    }

    @Test("A lost connection is replaced when requests wait")
    func lostConnection() {
        var pool = machine(connections: 1, streams: 1)
        _ = pool.requestArrived(request(1), at: at(0))
        _ = pool.connected(connection(1), streamsMax: 1, at: at(0))
        _ = pool.requestArrived(request(2), at: at(0))
        #expect(pool.connectionClosed(connection(1), at: at(1)) == [.connect(connection(2))])
    }

    @Test("A shut-down pool closes everything, cancels who waits and takes nothing new")
    func shutDown() {
        var pool = machine(streams: 1)
        _ = pool.requestArrived(request(1), at: at(0))
        _ = pool.connected(connection(1), streamsMax: 1, at: at(0))
        _ = pool.requestArrived(request(2), at: at(0))
        #expect(pool.shutDownRequested() == [.cancel([request(2)]), .close(connection(1)), .close(connection(2))])
        #expect(pool.requestArrived(request(3), at: at(0)) == [.cancel([request(3)])])
        #expect(pool.connected(connection(2), streamsMax: 1, at: at(0)) == [.close(connection(2))])
        #expect(pool.connectionClosed(connection(1), at: at(0)) == [])
    }

    @Test("Through random lives, limits hold and every request starts, fails or is refused exactly once")
    func randomLives() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SplitMix(state: seed)
        for _ in 0..<300 {
            var model = Model(
                machine(connections: 3, streams: 4, waiters: 6, expectedStreams: Int.random(in: 1...4, using: &random)))
            for _ in 0..<200 { model.step(&random) }
            #expect(model.violations == [], "seed \(seed)")
        }
    }

    /// Plays the shell: carries out actions, and remembers what must hold.
    private struct Model {
        var machine: Machine
        var now = NIODeadline.uptimeNanoseconds(1)
        var connecting: [Machine.ConnectionID] = []
        var streams: [Machine.ConnectionID: Int] = [:]
        var allowed: [Machine.ConnectionID: Int] = [:]
        var open: [Machine.RequestID] = []
        var nextRequest: UInt64 = 1
        var violations: [String] = []

        init(_ machine: Machine) { self.machine = machine }

        mutating func step(_ random: inout SplitMix) {
            now = now + .milliseconds(Int64.random(in: 0...20_000, using: &random))
            switch Int.random(in: 0..<9, using: &random) {
            case 0, 1, 2:
                let request = Machine.RequestID(number: nextRequest)
                nextRequest += 1
                open.append(request)
                run(machine.requestArrived(request, at: now))
            case 3:
                guard let id = connecting.randomElement(using: &random) else { return }
                connecting.removeAll { $0 == id }
                if Bool.random(using: &random) {
                    let streamsMax = Int.random(in: 0...6, using: &random)
                    (streams[id], allowed[id]) = (0, streamsMax)
                    run(machine.connected(id, streamsMax: streamsMax, at: now))
                } else {
                    run(machine.connectFailed(id, at: now))
                }
            case 4, 5:
                guard let id = streams.filter({ $0.value > 0 }).keys.min() else { return }
                streams[id, default: 0] -= 1
                run(machine.streamEnded(on: id, at: now))
            case 6:
                guard let id = streams.keys.max() else { return }
                allowed[id] = 0
                run(machine.drainingBegan(id, at: now))
            case 7:
                guard let id = streams.keys.min() else { return }
                streams[id] = nil
                run(machine.connectionClosed(id, at: now))
            default:
                if let abandoned = open.randomElement(using: &random) {
                    open.removeAll { $0 == abandoned }
                    machine.requestAbandoned(abandoned)
                }
                if let wake = machine.nextWake, wake <= now { run(machine.timePassed(to: now)) }
            }
            if machine.waitingCount != open.count { violations.append("\(machine.waitingCount) wait, \(open.count) should") }
        }

        private mutating func run(_ actions: [Action]) {
            for action in actions {
                switch action {
                case .connect(let id): connecting.append(id)
                case .start(let request, let id):
                    finish(request)
                    streams[id, default: 0] += 1
                    if streams[id] ?? 0 > min(allowed[id] ?? 0, 4) { violations.append("\(id) has too many streams") }
                case .refuse(let request): finish(request)
                case .fail(let requests, _), .cancel(let requests): requests.forEach { finish($0) }
                case .close(let id):
                    if streams[id] != 0 { violations.append("\(id) closed in use") }
                    streams[id] = nil
                    run(machine.connectionClosed(id, at: now))
                }
            }
        }

        private mutating func finish(_ request: Machine.RequestID) {
            guard let index = open.firstIndex(of: request) else { return violations.append("\(request) ended twice") }
            open.remove(at: index)
        }
    }
}
