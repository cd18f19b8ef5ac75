import Logging
import Membership
import NIOCore

// What arrives, and what is counted and logged of it.

extension GossipHost {
    /// Takes in frames, one behind the other.
    ///
    /// - Parameters:
    ///   - peer: the name in the certificate of the node that they come from; nil in clear text.
    ///   - answers: whether there is a request to answer.
    /// - Returns: the answer's body.
    func take(_ body: [UInt8], from peer: String?, answers: Bool) -> [UInt8] {
        eventLoop.preconditionInEventLoop()
        var answer: [UInt8] = []
        count { $0.bytesReceived += body.count }
        body.withUnsafeBytes { bytes in
            var rest = bytes[...]
            do throws(FrameDamage) {
                while !rest.isEmpty {
                    guard let (frame, length) = try FrameCodec.decode(UnsafeRawBufferPointer(rebasing: rest)) else {
                        throw .truncated
                    }
                    rest = rest.dropFirst(length)
                    count { $0.framesReceived += 1 }
                    guard isFrom(peer, frame) else {
                        noted(refusal: "wrong_name", frame.sender, isRoutine: false)
                        continue
                    }
                    run(core.received(frame, at: now), asker: answers ? frame.sender.id : nil, answer: &answer)
                }
            } catch {
                noted(refusal: Refusal.Reason.malformed(error).label, nil, isRoutine: false)
            }
        }
        return answer
    }

    /// Whether the frame's sender is the node in the certificate: by what it says of itself, and by what is known of it.
    /// Of a sender that is unknown and says nothing of itself, nothing is held.
    private func isFrom(_ peer: String?, _ frame: Frame) -> Bool {
        guard let peer else { return true }
        if let known = core.member(frame.sender.id), known.description.name != peer { return false }
        return frame.claims.allSatisfy { claim in
            claim.id != frame.sender.id || claim.description.map { $0.name == peer } ?? true
        }
    }

    // MARK: Counted and logged

    func noted(_ change: MemberChange) {
        let status = change.standing.status
        count { $0.changes[status, default: 0] += 1 }
        let metadata: Logger.Metadata = [
            "member.name": "\(change.description.name)", "member.peer": "\(change.description.peer)",
            "member.generation": "\(change.standing.generation)",
        ]
        let words =
            switch (change.before, status) {
            case (.suspected, .alive): "a suspected member lives"
            case (_, .alive): "a member is there"
            case (_, .suspected): "a member is suspected"
            case (_, .dead): "a member is dead"
            case (_, .left): "a member has left"
            }
        logger.info("\(words)", metadata: metadata)
    }

    func noted(_ conflict: IdentityConflict) {
        count { $0.conflicts += 1 }
        let addresses = "\(conflict.known) and \(conflict.other)"
        switch conflict.kind {
        case .id where conflict.isSilenced:
            fail("another process runs with a copy of this node's data directory: \(addresses)")
        case .id:
            logger.error(
                "two processes run with copies of one data directory",
                metadata: ["member.id": "\(conflict.id)", "member.peers": "\(addresses)"])
        case .name:
            // So it is, too, for a while after a node came back with an empty data directory.
            logger.warning(
                "two data directories go by one node name",
                metadata: ["member.id": "\(conflict.id)", "member.peers": "\(addresses)"])
        }
    }

    func noted(_ refusal: Refusal) {
        noted(refusal: refusal.reason.label, refusal.sender, isRoutine: refusal.reason.isRoutine)
    }

    /// Counts it; logs each reason once in a while.
    private func noted(refusal label: String, _ sender: Frame.Sender?, isRoutine: Bool) {
        count { $0.refused[label, default: 0] += 1 }
        let last = refusalsLogged[label]
        guard !isRoutine, last.map({ now >= $0 + Self.refusalLogMilliseconds }) ?? true else { return }
        refusalsLogged[label] = now
        logger.warning(
            "refused a gossip frame",
            metadata: [
                "membership.reason": "\(label)",
                "member.peer": "\(sender.map { "\($0.address)" } ?? "unknown")",
            ])
    }
}
