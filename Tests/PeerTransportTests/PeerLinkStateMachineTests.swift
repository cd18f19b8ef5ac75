import NIOCore
import Testing

@testable import PeerTransport

@Suite("When a lane dials, sends and refuses")
struct PeerLinkStateMachineTests {
    typealias Machine = PeerLink.StateMachine

    private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    private func machine(requestsMax: Int = 10, bytesMax: Int = 100, streamsMax: Int = 2) -> Machine {
        Machine(
            limits: Machine.Limits(
                requestsMax: requestsMax, requestBytesMax: bytesMax, streamsMax: streamsMax, backOff: .milliseconds(100),
                backOffMax: .milliseconds(350)))
    }

    private func call(_ number: UInt64) -> Machine.CallID { Machine.CallID(number: number) }
    private func connection(_ number: UInt64) -> Machine.ConnectionID { Machine.ConnectionID(number: number) }

    @Test("The first call dials, those after it wait, and all go out in order as streams are free")
    func dialling() {
        var machine = machine()
        #expect(machine.callArrived(call(1), bytes: 1, at: Self.start) == .dialAndWait(connection(1)))
        #expect(machine.callArrived(call(2), bytes: 1, at: Self.start) == .wait)
        #expect(machine.callArrived(call(3), bytes: 1, at: Self.start) == .wait)
        #expect(
            machine.connected(connection(1), streamsMax: 100)
                == .start([call(1), call(2)], superseded: nil, closeNow: false))
        #expect(machine.callArrived(call(4), bytes: 1, at: Self.start) == .wait)
        #expect(machine.streamEnded(on: connection(1)) == .start(call(3)))
        #expect(machine.streamEnded(on: connection(1)) == .start(call(4)))
        #expect(machine.streamEnded(on: connection(1)) == .nothing)
        #expect(machine.callArrived(call(5), bytes: 1, at: Self.start) == .start(on: connection(1)))
    }

    @Test("Pauses double up to the longest, are drawn from the upper half, and end with a success")
    func backOff() {
        var machine = machine()
        var now = Self.start
        var number: UInt64 = 1
        for (longest, chance) in [(100, 1.0), (200, 0.5), (350, 1.0), (350, 0.0)] {
            #expect(machine.callArrived(call(number), bytes: 1, at: now) == .dialAndWait(connection(number)))
            #expect(machine.connectionClosed(connection(number), at: now, chance: chance) == .fail([call(number)]))
            machine.callCompleted(call(number), bytes: 1, wasWaiting: false)
            let pause = TimeAmount.microseconds(Int64(Double(longest * 1_000) * (0.5 + chance / 2)))
            #expect(machine.callArrived(call(99), bytes: 1, at: now + pause - .nanoseconds(1)) == .refuseBackingOff)
            now = now + pause
            number += 1
        }
        #expect(machine.callArrived(call(5), bytes: 1, at: now) == .dialAndWait(connection(5)))
        _ = machine.connected(connection(5), streamsMax: 1)
        machine.callCompleted(call(5), bytes: 1, wasWaiting: false)
        #expect(machine.connectionClosed(connection(5), at: now, chance: 1) == .nothing)
        #expect(machine.callArrived(call(6), bytes: 1, at: now) == .dialAndWait(connection(6)))
        #expect(machine.connectionClosed(connection(6), at: now, chance: 1) == .fail([call(6)]))
        machine.callCompleted(call(6), bytes: 1, wasWaiting: false)
        #expect(machine.callArrived(call(7), bytes: 1, at: now + .milliseconds(100)) == .dialAndWait(connection(7)))
    }

    @Test("Requests and their bytes are bounded; one always fits")
    func bounds() {
        var machine = machine(requestsMax: 2, bytesMax: 100)
        #expect(machine.callArrived(call(1), bytes: 1_000, at: Self.start) == .dialAndWait(connection(1)))
        #expect(machine.callArrived(call(2), bytes: 1, at: Self.start) == .refuseOverloaded)
        machine.callCompleted(call(1), bytes: 1_000, wasWaiting: true)
        #expect(machine.callArrived(call(3), bytes: 60, at: Self.start) == .wait)
        #expect(machine.callArrived(call(4), bytes: 41, at: Self.start) == .refuseOverloaded)
        #expect(machine.callArrived(call(5), bytes: 40, at: Self.start) == .wait)
        #expect(machine.callArrived(call(6), bytes: 0, at: Self.start) == .refuseOverloaded)
        #expect(
            machine.connected(connection(1), streamsMax: 5)
                == .start([call(3), call(5)], superseded: nil, closeNow: false))
    }

    @Test("What was not sent on a lost connection gets another; what was is not sent again")
    func lost() {
        var machine = machine(streamsMax: 1)
        _ = machine.callArrived(call(1), bytes: 1, at: Self.start)
        _ = machine.connected(connection(1), streamsMax: 1)
        #expect(machine.callArrived(call(2), bytes: 1, at: Self.start) == .wait)
        #expect(machine.connectionClosed(connection(1), at: Self.start, chance: 0) == .dial(connection(2)))
        machine.callCompleted(call(1), bytes: 1, wasWaiting: false)
        #expect(
            machine.connected(connection(2), streamsMax: 1) == .start([call(2)], superseded: nil, closeNow: false))
    }

    @Test("A peer that goes away gets no new calls; the old connection is closed after its last one")
    func draining() {
        var machine = machine()
        _ = machine.callArrived(call(1), bytes: 1, at: Self.start)
        _ = machine.connected(connection(1), streamsMax: 2)
        #expect(machine.drainingBegan(connection(1)) == nil)
        #expect(machine.callArrived(call(2), bytes: 1, at: Self.start) == .dialAndWait(connection(2)))
        #expect(machine.streamEnded(on: connection(1)) == .close(connection(1)))
        #expect(machine.connectionClosed(connection(1), at: Self.start, chance: 0) == .nothing)
        #expect(
            machine.connected(connection(2), streamsMax: 2) == .start([call(2)], superseded: nil, closeNow: false))
    }

    @Test("A fresh connection takes the place of the one in use, which ends with its last call")
    func freshDial() {
        var machine = machine()
        _ = machine.callArrived(call(1), bytes: 1, at: Self.start)
        _ = machine.connected(connection(1), streamsMax: 2)
        #expect(machine.freshDialRequested() == connection(2))
        #expect(
            machine.connected(connection(2), streamsMax: 2)
                == .start([], superseded: connection(1), closeNow: false))
        #expect(machine.callArrived(call(2), bytes: 1, at: Self.start) == .start(on: connection(2)))
        #expect(machine.streamEnded(on: connection(1)) == .close(connection(1)))
        #expect(machine.freshDialRequested() == connection(3))
        #expect(machine.connectionClosed(connection(3), at: Self.start, chance: 0) == .nothing)
        #expect(machine.callArrived(call(3), bytes: 1, at: Self.start) == .start(on: connection(2)))
    }

    @Test("After its end a lane takes nothing")
    func closed() {
        var machine = machine()
        _ = machine.callArrived(call(1), bytes: 1, at: Self.start)
        #expect(machine.closeRequested() == [call(1)])
        #expect(machine.connected(connection(1), streamsMax: 1) == .close(connection(1)))
        #expect(machine.connectionClosed(connection(1), at: Self.start, chance: 0) == .nothing)
        #expect(machine.callArrived(call(2), bytes: 1, at: Self.start) == .refuseClosed)
        #expect(machine.freshDialRequested() == nil)
    }
}
