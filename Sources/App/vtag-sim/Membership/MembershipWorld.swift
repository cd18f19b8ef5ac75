import Membership

/// Thousands of members in virtual time, for measurements: the protocol core itself, on a network that loses and delays, in
/// processes that stand still or die. Frames are handed over as values, not as bytes.
struct MembershipWorld {
    struct Network {
        /// Share of frames that are lost, in tenths of a percent.
        var lossPerMille: UInt64
        /// One-way delay.
        var delayMilliseconds: ClosedRange<UInt64> = 1...5
    }

    /// A process that stands still for a while, again and again: its timers ring late, its mail waits.
    struct Slowness {
        var members: Range<Int>
        var pauseMilliseconds: UInt64
        var runMilliseconds: UInt64
    }

    private enum Event {
        case arrival(member: Int, slot: Int)
        case wake(member: Int)
        case pause(member: Int)
        case resume(member: Int)
        case crash(member: Int)
    }

    let count: Int
    private(set) var now: UInt64 = 0
    private(set) var log: MembershipLog
    private var members: [Membership] = []
    private var isRunning: [Bool]
    private var isPaused: [Bool]
    private var mailboxes: [[Frame]]
    /// When a wake is planned; `.max` for none.
    private var wakeAt: [UInt64]
    private var agenda = Calendar<Event>()
    private var frames = FrameStore()
    private var generator: SeededGenerator
    private let network: Network
    private var slowness: Slowness?

    /// A cluster in which all have met.
    init(members count: Int, parameters: MembershipParameters, network: Network, seed: UInt64) {
        self.count = count
        self.network = network
        generator = SeededGenerator(seed: seed)
        log = MembershipLog(members: count)
        isRunning = [Bool](repeating: true, count: count)
        isPaused = [Bool](repeating: false, count: count)
        mailboxes = [[Frame]](repeating: [], count: count)
        wakeAt = [UInt64](repeating: .max, count: count)
        let met = MemberTable(
            met: (0..<count).map { (id: Self.id($0), generation: 1, description: Self.description($0)) })
        members = (0..<count).map { number in
            Membership(
                id: Self.id(number), generation: 1, cluster: ClusterID(high: 1, low: 1),
                description: Self.description(number), seeds: [Self.description(0).peer, Self.description(1).peer],
                parameters: parameters, met: met, seed: generator.next())
        }
        for number in 0..<count { act(number) { $0.started(at: $1) } }
    }

    // MARK: Scripts

    /// At most half a minute ahead.
    mutating func plan(crashOf member: Int, at time: UInt64) {
        log.doomed.insert(member)
        agenda.add(.crash(member: member), at: time)
    }

    /// The members begin to be slow, each at a moment of its own.
    mutating func plan(_ slowness: Slowness) {
        self.slowness = slowness
        for member in slowness.members {
            let phase = generator.below(slowness.pauseMilliseconds + slowness.runMilliseconds)
            agenda.add(.pause(member: member), at: now + phase)
        }
    }

    mutating func run(until end: UInt64, unless isOver: (MembershipLog) -> Bool = { _ in false }) {
        while now < end, !isOver(log) {
            now += 1
            for event in agenda.take(at: now) { handle(event) }
        }
    }

    // MARK: The world

    private mutating func handle(_ event: Event) {
        switch event {
        case .arrival(let member, let slot):
            let frame = frames.take(slot)
            guard isRunning[member] else { return }
            if isPaused[member] {
                mailboxes[member].append(frame)
            } else {
                act(member) { $0.received(frame, at: $1) }
            }
        case .wake(let member):
            guard wakeAt[member] == now else { return }
            wakeAt[member] = .max
            guard isRunning[member], !isPaused[member] else { return }
            act(member) { $0.timePassed(at: $1) }
        case .pause(let member):
            guard let slowness else { return }
            isPaused[member] = true
            agenda.add(.resume(member: member), at: now + slowness.pauseMilliseconds)
        case .resume(let member):
            guard let slowness else { return }
            isPaused[member] = false
            act(member) { $0.timePassed(at: $1) }
            let mail = mailboxes[member]
            mailboxes[member] = []
            for frame in mail { act(member) { $0.received(frame, at: $1) } }
            agenda.add(.pause(member: member), at: now + slowness.runMilliseconds)
        case .crash(let member):
            isRunning[member] = false
            log.crashed(member, at: now)
        }
    }

    private mutating func act(_ number: Int, _ event: (inout Membership, UInt64) -> [MembershipEffect]) {
        for effect in event(&members[number], now) { carryOut(effect, of: number) }
        guard let deadline = members[number].nextDeadline else { return }
        let at = agenda.nearest(to: deadline, from: now)
        if at < wakeAt[number] || wakeAt[number] <= now {
            wakeAt[number] = at
            agenda.add(.wake(member: number), at: at)
        }
    }

    private mutating func carryOut(_ effect: MembershipEffect, of number: Int) {
        switch effect {
        case .send(let frame, let to): transmit(frame, to: to, trips: 1)
        case .dial(let to, let frame): transmit(frame, to: to, trips: 3)
        case .memberChanged(let change):
            log.changed(change, subject: Self.number(of: change.description.peer), observer: number)
        case .declaredDead(_, let next): act(number) { $0.generationRaised(to: next, at: $1) }
        case .incarnationRaised, .joined, .left, .conflict, .refused: break
        }
    }

    private mutating func transmit(_ frame: Frame, to address: PeerAddress, trips: UInt64) {
        log.frames += 1
        if generator.below(1_000) < network.lossPerMille { return }
        let delays = network.delayMilliseconds
        let delay = delays.lowerBound + generator.below(delays.upperBound - delays.lowerBound + 1)
        let slot = frames.add(frame)
        agenda.add(.arrival(member: Self.number(of: address), slot: slot), at: now + delay * trips)
    }

    // MARK: Names

    private static func id(_ number: Int) -> MemberID {
        var generator = SeededGenerator(seed: UInt64(number))
        return MemberID(high: generator.next(), low: generator.next())
    }

    private static func description(_ number: Int) -> MemberDescription {
        let peer = PeerAddress(host: "member", port: UInt16(number))
        return MemberDescription(
            name: "member-\(number)", peer: peer, client: peer, region: "local", zone: "", role: .node,
            startedAtMilliseconds: 0)
    }

    private static func number(of address: PeerAddress) -> Int { Int(address.port) }
}

/// Events of the next half minute by the millisecond. What lies further ahead is looked at again on the way.
private struct Calendar<Event> {
    private static var days: Int { 32_768 }
    private var entries = [[Event]](repeating: [], count: days)

    mutating func add(_ event: Event, at time: UInt64) { entries[Int(time % UInt64(Self.days))].append(event) }

    mutating func take(at time: UInt64) -> [Event] {
        var due: [Event] = []
        swap(&due, &entries[Int(time % UInt64(Self.days))])
        return due
    }

    /// The moment nearest to `time` that can be planned at `now`.
    func nearest(to time: UInt64, from now: UInt64) -> UInt64 { min(max(time, now + 1), now + UInt64(Self.days) - 1) }
}

/// Frames on their way.
private struct FrameStore {
    private var frames: [Frame?] = []
    private var free: [Int] = []

    mutating func add(_ frame: Frame) -> Int {
        if let slot = free.popLast() {
            frames[slot] = frame
            return slot
        }
        frames.append(frame)
        return frames.count - 1
    }

    mutating func take(_ slot: Int) -> Frame {
        guard let frame = frames[slot] else { preconditionFailure("no frame in slot \(slot)") }
        frames[slot] = nil
        free.append(slot)
        return frame
    }
}
