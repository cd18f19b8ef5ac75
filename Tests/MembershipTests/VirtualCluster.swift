import Membership

/// Members in virtual time on a hostile network: every frame goes through the codec, every choice comes from one seed.
struct VirtualCluster {
    /// One process and its data directory.
    struct Node {
        /// nil while the process is down.
        var membership: Membership?
        let id: MemberID
        var description: MemberDescription
        /// As persisted.
        var generation: UInt64 = 0
        var isPaused = false
        var mailbox: [[UInt8]] = []
        /// Counts processes: what was set for an earlier one is void.
        var process = 0
        var wakeAt: UInt64?
        var changes: [MemberChange] = []
        var effects: [MembershipEffect] = []
    }

    /// What the network does to every frame.
    struct Network {
        var lossPercent: UInt64 = 0
        var duplicatePercent: UInt64 = 0
        var delayMilliseconds: ClosedRange<UInt64> = 1...5
        /// Ways (from, to) on which nothing arrives.
        var cuts: Set<Way> = []
        /// Ways whose pooled connection is stuck; a fresh one works.
        var stuck: Set<Way> = []
    }

    struct Way: Hashable {
        var from: Int
        var to: Int
    }

    private enum Event {
        case arrival(node: Int, bytes: [UInt8])
        case wake(node: Int, process: Int)
        case resume(node: Int, process: Int)
    }

    let seed: UInt64
    var nodes: [Node] = []
    var network = Network()
    var parameters: MembershipParameters
    /// A node that is declared dead goes on at once in a new generation.
    var restartsTheDead = true
    private(set) var now: UInt64 = 0
    private(set) var frames = 0
    private(set) var bytes = 0
    /// What arrived where, if it is kept.
    private(set) var history: [(node: Int, bytes: [UInt8])] = []
    var keepsHistory = false
    /// Folds every arrival and wake: equal for equal runs.
    private(set) var trace: UInt64 = 0
    private var generator: SeededGenerator
    private var agenda = Agenda<Event>()

    init(seed: UInt64, parameters: MembershipParameters = MembershipParameters()) {
        self.seed = seed
        self.parameters = parameters
        generator = SeededGenerator(seed: seed)
    }

    static let cluster = ClusterID(high: 0xC1, low: 0x05)

    // MARK: What a script may do

    /// Adds a node that is down; its number is its place in `nodes`.
    @discardableResult
    mutating func add(name: String? = nil) -> Int {
        let number = nodes.count
        nodes.append(
            Node(
                id: MemberID(high: generator.next(), low: generator.next()),
                description: MemberDescription(
                    name: name ?? "node-\(number)", peer: PeerAddress(host: "n\(number)", port: 7000),
                    client: PeerAddress(host: "n\(number)", port: 8080), region: "local", zone: "z\(number % 3)",
                    role: .node, startedAtMilliseconds: 0)))
        return number
    }

    /// Starts a node's process at a higher generation than ever before.
    mutating func start(_ number: Int, seeds: [Int]) {
        nodes[number].generation += 1
        nodes[number].process += 1
        nodes[number].mailbox = []
        nodes[number].isPaused = false
        nodes[number].wakeAt = nil
        nodes[number].membership = Membership(
            id: nodes[number].id, generation: nodes[number].generation, cluster: Self.cluster,
            description: nodes[number].description, seeds: seeds.map { nodes[$0].description.peer },
            parameters: parameters, seed: generator.next())
        act(number) { $0.started(at: $1) }
    }

    /// The process is gone, at once and without a word.
    mutating func crash(_ number: Int) {
        nodes[number].membership = nil
        nodes[number].process += 1
        nodes[number].mailbox = []
    }

    /// The process stands still; its mail waits. When it goes on, its timers ring before it reads its mail.
    mutating func pause(_ number: Int, milliseconds: UInt64) {
        nodes[number].isPaused = true
        agenda.add(.resume(node: number, process: nodes[number].process), at: now + milliseconds)
    }

    mutating func leave(_ number: Int) { act(number) { $0.leaveRequested(at: $1) } }

    /// Cuts the network between the two groups, both ways.
    mutating func cut(_ one: [Int], from other: [Int]) {
        for from in one {
            for to in other {
                network.cuts.insert(Way(from: from, to: to))
                network.cuts.insert(Way(from: to, to: from))
            }
        }
    }

    mutating func heal() { network.cuts = [] }

    /// Lets a frame arrive at once that no node sent.
    @discardableResult
    mutating func inject(_ frame: Frame, at number: Int) -> [MembershipEffect] {
        act(number) { $0.received(frame, at: $1) }
    }

    @discardableResult
    mutating func act(
        _ number: Int, _ event: (inout Membership, UInt64) -> [MembershipEffect]
    ) -> [MembershipEffect] {
        guard nodes[number].membership != nil else { return [] }
        let effects = event(&nodes[number].membership!, now)
        nodes[number].effects += effects
        for effect in effects { carryOut(effect, of: number) }
        scheduleWake(number)
        return effects
    }

    mutating func run(milliseconds: UInt64) {
        let end = now + milliseconds
        while let (time, event) = agenda.popDue(at: end) {
            now = time
            handle(event)
        }
        now = end
    }

    /// Runs until `condition` holds, looking every 50 ms; returns how long that took, nil if it did not within `limit`.
    mutating func run(until condition: (VirtualCluster) -> Bool, limit: UInt64) -> UInt64? {
        let start = now
        while !condition(self) {
            if now - start >= limit { return nil }
            run(milliseconds: 50)
        }
        return now - start
    }

    // MARK: What a test asks

    var running: [Int] { nodes.indices.filter { nodes[$0].membership != nil } }

    /// Every running node is a member, knows the same, and holds exactly the running ones for alive.
    var isInAgreement: Bool {
        let members = running.compactMap { nodes[$0].membership }
        return members.allSatisfy {
            $0.isMember && $0.digest == members.first?.digest && $0.count(of: .alive) == members.count
                && $0.count(of: .suspected) == 0
        }
    }

    func status(of other: Int, at number: Int) -> MemberStatus? {
        nodes[number].membership?.member(nodes[other].id)?.standing.status
    }

    func refusals(at number: Int) -> [Refusal.Reason] {
        nodes[number].effects.compactMap { if case .refused(let refusal) = $0 { refusal.reason } else { nil } }
    }

    func conflicts(at number: Int) -> [IdentityConflict] {
        nodes[number].effects.compactMap { if case .conflict(let conflict) = $0 { conflict } else { nil } }
    }

    func deaths(at number: Int) -> [DeathNotice] {
        nodes[number].effects.compactMap { if case .declaredDead(let notice, _) = $0 { notice } else { nil } }
    }

    // MARK: The world

    private mutating func handle(_ event: Event) {
        switch event {
        case .arrival(let number, let bytes):
            fold(UInt64(number), UInt64(bytes.count))
            if keepsHistory { history.append((number, bytes)) }
            if nodes[number].isPaused {
                nodes[number].mailbox.append(bytes)
            } else {
                act(number) { $0.received(bytes: bytes, at: $1) }
            }
        case .wake(let number, let process):
            guard process == nodes[number].process, !nodes[number].isPaused, nodes[number].wakeAt == now else { return }
            fold(UInt64(number), .max)
            nodes[number].wakeAt = nil
            act(number) { $0.timePassed(at: $1) }
        case .resume(let number, let process):
            guard process == nodes[number].process else { return }
            nodes[number].isPaused = false
            nodes[number].wakeAt = nil
            act(number) { $0.timePassed(at: $1) }
            let mail = nodes[number].mailbox
            nodes[number].mailbox = []
            for bytes in mail { act(number) { $0.received(bytes: bytes, at: $1) } }
        }
    }

    private mutating func carryOut(_ effect: MembershipEffect, of number: Int) {
        switch effect {
        case .send(let frame, let to): transmit(frame, from: number, to: to, isFresh: false)
        case .dial(let to, let frame): transmit(frame, from: number, to: to, isFresh: true)
        case .memberChanged(let change): nodes[number].changes.append(change)
        case .declaredDead(_, let next):
            guard restartsTheDead else { return }
            nodes[number].generation = next
            act(number) { $0.generationRaised(to: next, at: $1) }
        case .incarnationRaised, .joined, .left, .conflict, .refused: break
        }
    }

    private mutating func transmit(_ frame: Frame, from number: Int, to address: PeerAddress, isFresh: Bool) {
        let encoded = FrameCodec.encode(frame)
        frames += 1
        bytes += encoded.count
        for receiver in nodes.indices where nodes[receiver].description.peer == address {
            let way = Way(from: number, to: receiver)
            let copies = generator.below(100) < network.duplicatePercent ? 2 : 1
            for _ in 0..<copies {
                let isLost = generator.below(100) < network.lossPercent
                let delays = network.delayMilliseconds
                let delay = delays.lowerBound + generator.below(delays.upperBound - delays.lowerBound + 1)
                if isLost || network.cuts.contains(way) || (network.stuck.contains(way) && !isFresh) { continue }
                // A fresh connection takes two trips before its first frame.
                agenda.add(.arrival(node: receiver, bytes: encoded), at: now + delay * (isFresh ? 3 : 1))
            }
        }
    }

    private mutating func scheduleWake(_ number: Int) {
        guard let deadline = nodes[number].membership?.nextDeadline, !nodes[number].isPaused else { return }
        let at = max(deadline, now)
        if nodes[number].wakeAt == at { return }
        nodes[number].wakeAt = at
        agenda.add(.wake(node: number, process: nodes[number].process), at: at)
    }

    private mutating func fold(_ one: UInt64, _ other: UInt64) {
        trace = (trace ^ now ^ one << 40 ^ other << 20) &* 0x9E37_79B9_7F4A_7C15
        trace ^= trace >> 29
    }
}

/// What is to happen, earliest first; at one time, in the order of planning.
struct Agenda<Event> {
    private var heap: [(at: UInt64, order: UInt64, event: Event)] = []
    private var order: UInt64 = 0

    mutating func add(_ event: Event, at time: UInt64) {
        order += 1
        heap.append((time, order, event))
        var child = heap.count - 1
        while child > 0, isBefore(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func popDue(at time: UInt64) -> (UInt64, Event)? {
        guard let first = heap.first, first.at <= time else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && isBefore(child, least) {
                least = child
            }
            if least == parent { return (first.at, first.event) }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    private func isBefore(_ one: Int, _ other: Int) -> Bool {
        (heap[one].at, heap[one].order) < (heap[other].at, heap[other].order)
    }
}
