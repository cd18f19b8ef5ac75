extension Verdict {
    /// Most violations that are told in full.
    private static let storiesMax = 5

    /// For a person, in lines; the last one is the verdict.
    package var text: [String] {
        var lines = [
            "verified \(registers) tags: \(acknowledged) acknowledged writes, \(unknown) of unknown outcome "
                + "(\(unknownApplied) took effect), \(refused) refused; \(reads) linearizable reads"
        ]
        for violation in violations.prefix(Self.storiesMax) {
            lines.append("\(violation.kind.words): \(violation.subject)")
            lines += violation.story.map { "    " + $0 }
        }
        if violations.count > Self.storiesMax { lines.append("… and \(violations.count - Self.storiesMax) violations more") }
        for name in undecided.prefix(Self.storiesMax) { lines.append("too large to decide: \(name)") }
        let twice = count(.appliedTwice)
        let lost = count(.lost)
        if isClean {
            lines.append("VERDICT: sound. 0 lost, 0 applied twice, every history linearizable.")
        } else if violations.isEmpty {
            lines.append(
                "VERDICT: undecided. 0 lost, 0 applied twice; \(undecided.count) histories are too large to decide.")
        } else {
            let unordered = count(.notLinearizable)
            let other = violations.count - lost - twice - unordered
            lines.append(
                "VERDICT: VIOLATED. \(lost) lost, \(twice) applied twice, \(unordered) histories not linearizable, "
                    + "\(other) other violations.")
        }
        return lines
    }
}

extension Violation.Kind {
    var words: String {
        switch self {
        case .lost: "an acknowledged write is lost"
        case .appliedTwice: "a write took effect twice"
        case .refusedButApplied: "a write that was refused took effect"
        case .foreignValue: "a value out of nowhere"
        case .brokenTrail: "the audit trail does not hang together"
        case .readWithoutTrail: "a value was read that the audit trail does not know"
        case .notLinearizable: "no order of the operations explains what was seen"
        }
    }
}
