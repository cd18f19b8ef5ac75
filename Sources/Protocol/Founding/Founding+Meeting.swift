// Who is there: asking, hearing, and telling people what is missing.

import Membership

extension Founding {
    /// Asks every address that may be a node's.
    mutating func poll() {
        told.removeAll { $0.at + parameters.addressMilliseconds <= now }
        var addresses: [PeerAddress]
        var interval = parameters.pollMilliseconds
        switch phase {
        case .idle: return
        case .open: addresses = contacts
        case .member:
            // They may know of no cluster, and of nobody to ask; or be of another one.
            addresses = joins.filter { !joinsAtHome.contains($0) }
            checks += 1
            if checks > parameters.checksMax { interval = parameters.checkMilliseconds }
        }
        guard !addresses.isEmpty || phase == .open else {
            nextPollAt = .max
            return
        }
        // Not all nodes ask in the same order.
        addresses.shuffle(using: &generator)
        say(to: addresses)
        let half = max(interval / 2, 1)
        nextPollAt = now + half + generator.below(half)
    }

    /// Joins, founders of the promise, nodes that were met or told of; each once, this node not among them.
    private var contacts: [PeerAddress] {
        let founders = pledge.promise?.founding.founders.map(\.peer) ?? []
        let known = met.values.sorted { FounderInfo.precedes($0.info, $1.info) }.map(\.info.peer)
        var seen: Set<PeerAddress> = [me.peer]
        return (joins + founders + known + told.map(\.address)).filter { seen.insert($0).inserted }
    }

    mutating func say(to addresses: [PeerAddress]) {
        guard !addresses.isEmpty else { return }
        let bytes = FoundingCodec.encode(message)
        for address in addresses where address != me.peer { effects.append(.send(bytes, to: address)) }
    }

    // MARK: Hearing

    /// Takes in what a message says; nil if nothing of it is believed.
    mutating func take(_ bytes: [UInt8], certificate: String?) -> FoundingMessage? {
        let message: FoundingMessage
        do throws(FoundingDamage) {
            message = try FoundingCodec.decode(bytes)
        } catch {
            effects.append(.refused(.malformed(error)))
            return nil
        }
        if let certificate, certificate != message.sender.name {
            effects.append(.refused(.wrongName(certificate: certificate, message: message.sender.name)))
            return nil
        }
        guard message.sender.replica != me.replica else {
            // It may be this node's own voice, through another of its addresses.
            if message.sender != me { say(.sharedIdentity(message.sender.peer)) }
            return message
        }
        meet(message)
        return message
    }

    private mutating func meet(_ message: FoundingMessage) {
        let sender = message.sender
        var standing = message.standing
        if let known = met[sender.replica], case .member(let founding, let isUp) = known.standing, case .open = standing {
            // A message of the time before: no data directory leaves its cluster.
            standing = .member(founding, isUp: isUp)
        }
        met[sender.replica] = Meeting(
            info: sender, terms: message.terms, standing: standing, addresses: message.addresses, heardAt: now)
        if met.count > parameters.nodesMax { forgetOne(otherThan: sender.replica) }
        for address in message.addresses { hear(of: address) }
        if case .member(let theirs, _) = standing, let ours = record, theirs.cluster != ours.cluster {
            say(.foreignCluster(name: sender.name, sender.peer, theirs: theirs.cluster, ours: ours.cluster))
        }
    }

    private mutating func forgetOne(otherThan replica: UInt64) {
        let founders = Set(pledge.promise?.founding.founders.map(\.replica) ?? [])
        let oldest = met.values.filter { $0.info.replica != replica && !founders.contains($0.info.replica) }
            .min { ($0.heardAt, $0.info.replica) < ($1.heardAt, $1.info.replica) }
        if let oldest { met[oldest.info.replica] = nil }
    }

    private mutating func hear(of address: PeerAddress) {
        if address == me.peer || joins.contains(address) { return }
        told.removeAll { $0.address == address }
        told.append((address, now))
        if told.count > parameters.addressesMax { told.removeFirst() }
    }

    // MARK: Telling

    /// Tells a person what this node waits for, if it has waited for long.
    mutating func complain() {
        guard phase == .open else { return }
        if let promise = pledge.promise {
            guard now - promisedAt >= parameters.patienceMilliseconds else { return }
            let silent = promise.founding.founders.filter { founder in
                founder.replica != me.replica && met[founder.replica]?.standing.answer(to: promise) == nil
            }
            return say(.waitingForPromises(of: silent.map(\.name), cluster: promise.founding.cluster))
        }
        // What a node of a cluster means for this one is said elsewhere.
        guard now - startedAt >= parameters.patienceMilliseconds, !presentMeetings.contains(where: \.isMember) else {
            return
        }
        guard let terms else { return say(.waitingForCluster) }
        if candidates.count < terms.founders {
            let names = ([me] + candidates.compactMap { met[$0]?.info }).map(\.name).sorted()
            say(.waitingForNodes(present: names, expected: terms.founders))
        }
    }

    /// Says it once in a while.
    mutating func say(_ notice: FoundingNotice) {
        if now - saidSince >= parameters.noticeMilliseconds || said.count >= Self.noticesMax {
            said.removeAll()
            saidSince = now
        }
        if said.insert(notice).inserted { effects.append(.notice(notice)) }
    }

    private static let noticesMax = 64
}
