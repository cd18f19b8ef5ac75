import WriteAheadLog

@testable import Consensus

/// What a replicated state machine of the tests holds: how far it is, and a digest of all that it applied.
struct SimulatedState: Hashable {
    var applied: LogPoint = .zero
    var digest: UInt64 = 0
    var configuration: Configuration

    mutating func apply(_ entry: Entry) {
        applied = entry.point
        var hash = digest ^ entry.term &* 0x9E37_79B9_7F4A_7C15
        for byte in entry.content.storedBytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        digest = hash &+ UInt64(entry.content.kind.rawValue)
        if case .configuration(let configuration) = entry.content { self.configuration = configuration }
    }
}

/// What survives a crash: all writes that were carried out, none or some of those under way.
struct SimulatedDisk {
    var hardState = HardState()
    var base: SnapshotPoint
    var entries: [Entry] = []
    var checkpoint: SimulatedState
    var suspectAfter: UInt64?
    /// Received snapshots by their point; durable.
    var staged: [LogPoint: SimulatedState] = [:]

    /// What the group is founded with, where this is one of its founders.
    let founders: Configuration?

    init(founders: Configuration?) {
        self.founders = founders
        base = SnapshotPoint(point: .zero, configuration: .empty)
        checkpoint = SimulatedState(configuration: .empty)
    }

    var last: LogPoint { entries.last?.point ?? base.point }

    /// Whether the entry is on disk, or below what is kept.
    func holds(_ point: LogPoint) -> Bool {
        guard point.index > base.point.index else { return true }
        guard point.index <= last.index else { return false }
        return entries[Int(point.index - base.point.index) - 1].point == point
    }

    mutating func carryOut(_ write: LogWrite) {
        if let hardState = write.hardState { self.hardState = hardState }
        if let restart = write.restart {
            base = restart
            entries = []
            if let state = staged[restart.point] { checkpoint = state }
        }
        if let point = write.truncateTo {
            precondition(entries.isEmpty || point.index >= base.point.index, "cut below the base")
            while let last = entries.last, last.index > point.index { entries.removeLast() }
        }
        for entry in write.entries {
            precondition(entry.index == last.index + 1, "\(entry.point) does not follow \(last)")
            entries.append(entry)
        }
    }

    func entries(from: UInt64, through: UInt64, bytesMax: Int) -> [Entry]? {
        guard from > base.point.index else { return nil }
        guard from <= last.index else { return [] }
        var result: [Entry] = []
        var bytes = 0
        for entry in entries[Int(from - base.point.index - 1)...] where entry.index <= through {
            bytes += entry.weight
            if bytes > bytesMax, !result.isEmpty { break }
            result.append(entry)
        }
        return result
    }

    mutating func compact(to index: UInt64) {
        guard index > base.point.index, index <= checkpoint.applied.index,
            let point = entries.first(where: { $0.index == index })?.point
        else { return }
        var configuration = base.configuration
        for entry in entries {
            guard entry.index <= index else { break }
            if case .configuration(let next) = entry.content { configuration = next }
        }
        base = SnapshotPoint(point: point, configuration: configuration)
        entries.removeAll { $0.index <= index }
    }

    func start(windowBytesMax: Int) -> ReplicaStart {
        if hardState == HardState(), last == .zero { return ReplicaStart(newIn: founders) }
        var log = RecoveredEntries(base: base, windowBytesMax: windowBytesMax)
        for entry in entries { log.add(entry) }
        return ReplicaStart(
            hardState: hardState, log: log, applied: checkpoint.applied.index,
            durability: suspectAfter.map { .suspect(lostAfter: $0) } ?? .intact)
    }
}
