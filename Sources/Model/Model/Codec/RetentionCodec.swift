/// The stored form of retention, holds and clean-ups.
extension ByteWriter {
    package mutating func retention(_ retention: AuditRetention) {
        varint(retention.months ?? 0)
        string(retention.changedBy)
        zigzag(retention.changedAt.milliseconds)
        varint(retention.version)
    }

    package mutating func hold(_ hold: LegalHold) {
        uuid(hold.id)
        string(hold.name)
        string(hold.reason)
        varint(hold.scope.resources.count)
        for resource in hold.scope.resources { uuid(resource.uuid) }
        for values in [hold.scope.accounts, hold.scope.actors, hold.scope.tagKeys] {
            varint(values.count)
            for value in values { string(value) }
        }
        optionalTime(hold.scope.from)
        optionalTime(hold.scope.to)
        string(hold.placedBy)
        zigzag(hold.placedAt.milliseconds)
    }

    package mutating func cleaning(_ cleaning: AuditCleaning) {
        varint(cleaning.run)
        zigzag(cleaning.before.milliseconds)
        varint(cleaning.months)
        zigzag(cleaning.startedAt.milliseconds)
        optionalTime(cleaning.finishedAt)
        varint(cleaning.removed)
        varint(cleaning.held)
    }

    /// Each range as its distance from the one before, and its length.
    package mutating func removal(_ part: AuditRemoval) {
        varint(part.run)
        zigzag(part.before.milliseconds)
        varint(part.months)
        varint(part.after)
        varint(part.through)
        byte(part.isLast ? 1 : 0)
        varint(part.holdsAsOf)
        varint(part.held)
        varint(part.removed.count)
        var end = part.after
        for range in part.removed {
            varint(range.lowerBound - end)
            varint(range.count)
            end = range.upperBound
        }
    }

    package mutating func progress(_ progress: AuditCleaningProgress) {
        varint(progress.fence)
        varint(progress.run)
        varint(progress.through)
        byte(progress.isDone ? 1 : 0)
        varint(progress.removed)
        varint(progress.held)
    }

    private mutating func optionalTime(_ time: Timestamp?) {
        byte(time == nil ? 0 : 1)
        if let time { zigzag(time.milliseconds) }
    }
}

extension ByteReader {
    package mutating func retention() throws(CodecError) -> AuditRetention {
        let months = try months()
        return AuditRetention(
            months: months == 0 ? nil : months, changedBy: try string(), changedAt: try time(), version: try varint())
    }

    package mutating func hold() throws(CodecError) -> LegalHold {
        let id = try uuid()
        let name = try string()
        let reason = try string()
        var scope = LegalHold.Scope()
        for _ in 0..<(try count()) { scope.resources.append(ResourceID(try uuid())) }
        scope.accounts = try texts()
        scope.actors = try texts()
        scope.tagKeys = try texts()
        scope.from = try optionalTime()
        scope.to = try optionalTime()
        return LegalHold(
            id: id, name: name, reason: reason, scope: scope, placedBy: try string(), placedAt: try time())
    }

    package mutating func cleaning() throws(CodecError) -> AuditCleaning {
        var cleaning = AuditCleaning(
            run: try varint(), before: try time(), months: try months(), startedAt: try time())
        cleaning.finishedAt = try optionalTime()
        cleaning.removed = try varint()
        cleaning.held = try varint()
        return cleaning
    }

    package mutating func removal() throws(CodecError) -> AuditRemoval {
        let run = try varint()
        let before = try time()
        let months = try months()
        let after = try varint()
        let through = try varint()
        let isLast = try byte() == 1
        let holdsAsOf = try varint()
        let held = try varint()
        let count = try count()
        guard after <= through, through < Self.sequenceMax, through - after <= UInt64(Int32.max),
            held <= UInt64(AuditRemoval.entriesMax), count <= AuditRemoval.entriesMax
        else { throw CodecError("a part of a clean-up cannot be") }
        var removed: [ClosedRange<UInt64>] = []
        var end = after
        for _ in 0..<count {
            let distance = try varint()
            let length = try varint()
            guard distance > (removed.isEmpty ? 0 : 1), distance <= through, length > 0, length <= through,
                end + distance + length - 1 <= through
            else { throw CodecError("a part of a clean-up removes what it does not look at") }
            removed.append(end + distance...end + distance + length - 1)
            end += distance + length - 1
        }
        return AuditRemoval(
            run: run, before: before, months: months, after: after, through: through, isLast: isLast,
            holdsAsOf: holdsAsOf, removed: removed, held: Int(held))
    }

    package mutating func progress() throws(CodecError) -> AuditCleaningProgress {
        var progress = AuditCleaningProgress()
        progress.fence = try varint()
        progress.run = try varint()
        progress.through = try varint()
        progress.isDone = try byte() == 1
        progress.removed = try varint()
        progress.held = try varint()
        return progress
    }

    /// Far above any sequence that there will be.
    private static var sequenceMax: UInt64 { 1 << 40 }

    private mutating func months() throws(CodecError) -> Int {
        let months = try varint()
        guard months <= UInt64(AuditRetention.monthsMax) else { throw CodecError("\(months) months cannot be") }
        return Int(months)
    }

    private mutating func texts() throws(CodecError) -> [String] {
        var strings: [String] = []
        for _ in 0..<(try count()) { strings.append(try string()) }
        return strings
    }

    private mutating func time() throws(CodecError) -> Timestamp { Timestamp(milliseconds: try zigzag()) }

    private mutating func optionalTime() throws(CodecError) -> Timestamp? { try byte() == 0 ? nil : try time() }
}
