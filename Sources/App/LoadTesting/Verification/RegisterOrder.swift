import Linearizability

/// Looks for an order of one register's operations that explains all that was seen of it.
struct RegisterOrder {
    enum Finding: Equatable {
        case linearizable
        /// There is none; the story is a counterexample.
        case violated(story: [String])
        case undecided
    }

    private typealias Write = RecordedHistory.Write
    private typealias Read = RecordedHistory.Read

    private enum Source {
        /// What the register holds before all writes.
        case beginning
        case write(RecordedHistory.Write)
        case read(RecordedHistory.Read)
    }

    /// Most operations that a story shows of each sort.
    private static let linesMax = 6

    private let sources: [Source]
    private let operations: [HistoryOperation<UniqueValueRegister.Operation>]
    /// A value that was read before its write was even sent.
    private let prophecy: (read: RecordedHistory.Read, write: RecordedHistory.Write)?

    /// Refused writes, and reads of what is none of these writes' value, are left out: they are somebody else's to judge.
    ///
    /// Intervals are narrowed to what they can be at all: a write whose value was read has taken effect by the end of that
    /// read, a read cannot have seen it before the write was sent. A write of unknown outcome that no read saw is left out:
    /// whether it took effect makes no difference.
    init(writes: [RecordedHistory.Write], reads: [RecordedHistory.Read]) {
        let written = Dictionary(
            writes.lazy.filter { $0.fate != .refused }.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
        var readers: [UInt64: (count: Int, firstEnd: Microseconds)] = [:]
        var entries: [(Source, HistoryOperation<UniqueValueRegister.Operation>)] = []
        var prophecy: (Read, Write)?
        for read in reads {
            guard let number = read.value.number, number == 0 || written[number] != nil else { continue }
            let write = written[number]
            if let write, read.completion < write.call { prophecy = prophecy ?? (read, write) }
            let sofar = readers[number] ?? (0, .max)
            readers[number] = (sofar.count + 1, min(sofar.firstEnd, read.completion))
            let call = max(read.call, write?.call ?? read.call)
            entries.append(
                (.read(read), HistoryOperation(call: call, completion: read.completion, operation: .read(number))))
        }
        for write in written.values {
            let seen = readers[write.number]
            guard write.fate == .acknowledged || seen != nil else { continue }
            let ends = [write.completion, seen?.firstEnd].compactMap { $0 }
            entries.append(
                (
                    .write(write),
                    HistoryOperation(
                        call: write.call, completion: ends.min(),
                        operation: .write(write.number, reads: seen?.count ?? 0))
                ))
        }
        entries.append(
            (
                .beginning,
                HistoryOperation(
                    call: .min, completion: .min, operation: .write(0, reads: readers[0]?.count ?? 0))
            ))
        entries.sort { ($0.1.call, $0.1.completion ?? .max) < ($1.1.call, $1.1.completion ?? .max) }
        sources = entries.map(\.0)
        operations = entries.map(\.1)
        self.prophecy = prophecy
    }

    func check(stepsMax: Int) -> Finding {
        if let prophecy {
            return .violated(story: [
                "a value was read before it was written:", "    " + Self.line(.read(prophecy.read)),
                "    " + Self.line(.write(prophecy.write)),
            ])
        }
        switch LinearizabilityChecker.check(operations, as: UniqueValueRegister.self, stepsMax: stepsMax) {
        case .linearizable: return .linearizable
        case .undecided: return .undecided
        case .violated(let longest, let blocked): return .violated(story: story(longest, blocked))
        }
    }

    // MARK: Telling it

    /// The end of the longest order that was found, who still has to read its last value, and what can wait no longer.
    private func story(_ longest: [Int], _ blocked: [Int]) -> [String] {
        var lines = ["these are in order, \(longest.count) of \(operations.count) operations:"]
        if longest.count > Self.linesMax { lines.append("    …") }
        lines += longest.suffix(Self.linesMax).map(line)
        let placed = Set(longest)
        let last = longest.reversed().lazy.compactMap { position -> UInt64? in
            if case .write(let number, _) = operations[position].operation { number } else { nil }
        }.first
        let readers = operations.indices.filter { position in
            guard case .read(let number) = operations[position].operation else { return false }
            return number == last && !placed.contains(position)
        }
        if !readers.isEmpty {
            lines.append("then nothing can be written until the same value was seen by:")
            lines += excerpt(readers)
        }
        let rest = blocked.filter { !readers.contains($0) }.sorted {
            (operations[$0].completion ?? .max, $0) < (operations[$1].completion ?? .max, $1)
        }
        if !rest.isEmpty {
            lines.append(
                readers.isEmpty ? "then none of these can be next, and one must be:" : "but one of these comes before that:")
            lines += excerpt(rest)
        }
        return lines
    }

    private func excerpt(_ positions: [Int]) -> [String] {
        let more = positions.count - Self.linesMax
        return positions.prefix(Self.linesMax).map(line) + (more > 0 ? ["    … and \(more) more"] : [])
    }

    private func line(_ position: Int) -> String { "    " + Self.line(sources[position]) }

    private static func line(_ source: Source) -> String {
        switch source {
        case .beginning: "the beginning: nothing"
        case .write(let write):
            "\(RunTime.words(from: write.call, to: write.completion))  write \(write.number)"
        case .read(let read): "\(RunTime.words(from: read.call, to: read.completion))  read \(read.value.words)"
        }
    }
}

extension SeenValue {
    /// The write that set it; 0 for an absent value, nil for one that no write of the run set.
    fileprivate var number: UInt64? {
        switch self {
        case .absent: 0
        case .written(let number): number
        case .foreign: nil
        }
    }
}
