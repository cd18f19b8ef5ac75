@testable import Membership

/// One node, `me`, that a test feeds by hand. Members 1, 2, … are known to it from the start.
struct LoneNode {
    static let cluster = ClusterID(high: 7, low: 7)
    static let me = id(0)

    var membership: Membership
    var now: UInt64 = 1_000
    var effects: [MembershipEffect] = []

    init(knowing others: Int = 4, parameters: MembershipParameters = MembershipParameters(), seed: UInt64 = 5) {
        let met = MemberTable(
            met: (0...others).map { (id: Self.id($0), generation: 3, description: Self.description($0)) })
        membership = Membership(
            id: Self.me, generation: 3, cluster: Self.cluster, description: Self.description(0), seeds: [],
            parameters: parameters, met: met, seed: seed)
        effects = membership.started(at: now)
    }

    static func id(_ number: Int) -> MemberID { MemberID(high: 0xABC, low: UInt64(number) + 1) }

    static func description(_ number: Int, host: String? = nil) -> MemberDescription {
        MemberDescription(
            name: "m\(number)", peer: PeerAddress(host: host ?? "h\(number)", port: 7000),
            client: PeerAddress(host: "h\(number)", port: 8080), region: "r", zone: "z", role: .node,
            startedAtMilliseconds: 0)
    }

    static func frame(
        _ message: Message, from sender: Int = 1, generation: UInt64 = 3, host: String? = nil, claims: [Claim] = []
    ) -> Frame {
        Frame(
            cluster: cluster,
            sender: Frame.Sender(
                id: id(sender), generation: generation, address: description(sender, host: host).peer),
            destination: me, message: message, claims: claims)
    }

    static func claim(
        _ member: Int, _ status: MemberStatus, generation: UInt64 = 3, incarnation: UInt64 = 0, by accuser: Int? = nil,
        host: String? = nil
    ) -> Claim {
        Claim(
            id: id(member), standing: Standing(generation: generation, incarnation: incarnation, status: status),
            accuser: id(accuser ?? member), description: status == .alive ? description(member, host: host) : nil)
    }

    /// The frame arrives now.
    @discardableResult
    mutating func receive(_ frame: Frame) -> [MembershipEffect] {
        effects = membership.received(frame, at: now)
        return effects
    }

    @discardableResult
    mutating func hear(_ claims: Claim..., from sender: Int = 1) -> [MembershipEffect] {
        receive(Self.frame(.gossip, from: sender, claims: claims))
    }

    /// Time passes; the node wakes at each of its deadlines. With `answers`, every ping is answered a millisecond later.
    mutating func wait(milliseconds: UInt64, answers: Bool = false) {
        let end = now + milliseconds
        effects = []
        while let deadline = membership.nextDeadline, deadline <= end {
            now = max(now, deadline)
            let new = membership.timePassed(at: now)
            effects += new
            guard answers else { continue }
            for case .send(let frame, _) in new {
                guard case .ping(let sequence) = frame.message,
                    let number = (1...64).first(where: { Self.id($0) == frame.destination })
                else { continue }
                now += 1
                effects += membership.received(Self.frame(.ack(sequence: sequence), from: number), at: now)
            }
        }
        now = max(now, end)
    }

    func status(_ number: Int) -> MemberStatus? { membership.member(Self.id(number))?.standing.status }

    var refusals: [Refusal.Reason] {
        effects.compactMap { if case .refused(let refusal) = $0 { refusal.reason } else { nil } }
    }

    var sent: [Frame] { effects.compactMap { if case .send(let frame, _) = $0 { frame } else { nil } } }

    var deaths: [DeathNotice] {
        effects.compactMap { if case .declaredDead(let notice, _) = $0 { notice } else { nil } }
    }

    var conflicts: [IdentityConflict] {
        effects.compactMap { if case .conflict(let conflict) = $0 { conflict } else { nil } }
    }
}
