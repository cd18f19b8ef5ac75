/// Where the rules of named time zones come from. Reading them is somebody else's work: the engine opens no files.
package protocol TimeZoneSource: Sendable {
    /// Nil when there is no zone of the name.
    func rules(named name: String) -> TimeZoneRules?
}

/// A source that knows offsets alone: every name is unknown to it.
package struct NoNamedZones: TimeZoneSource {
    package init() {}
    package func rules(named name: String) -> TimeZoneRules? { nil }
}

/// When a named zone was, and will be, how far from UTC.
package final class TimeZoneRules: Sendable {
    /// The instants, in seconds since 1970-01-01T00:00Z and ascending, from which on another offset holds.
    private let transitions: [Int64]
    /// The offset from the transition of the same position on.
    private let offsets: [Int32]
    /// The offset before all transitions: the place's mean solar time, as a rule.
    private let first: Int32
    /// What holds after the last transition; nil: the last one's offset for ever.
    private let later: RecurringRule?

    init(transitions: [Int64], offsets: [Int32], first: Int32, later: RecurringRule?) {
        self.transitions = transitions
        self.offsets = offsets
        self.first = first
        self.later = later
    }

    /// Seconds east of UTC at an instant.
    package func offset(at instant: Int64) -> Int32 {
        guard let last = transitions.last else { return later?.offset(at: instant) ?? first }
        if instant >= last, let later { return later.offset(at: instant) }
        var (low, high) = (0, transitions.count)
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] <= instant { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? first : offsets[low - 1]
    }

    /// The offset that a clock on the wall stands for. An hour that occurs twice means its first time; one that is left out is
    /// read with the offset from before the gap, which puts it behind the gap.
    package func offset(atLocal local: Int64) -> Int32 {
        // Any change near by lies between these, as no offset reaches a day.
        let before = offset(at: local - Calendar.secondsOfDay)
        if offset(at: local - Int64(before)) == before { return before }
        let after = offset(at: local + Calendar.secondsOfDay)
        if offset(at: local - Int64(after)) == after { return after }
        return before
    }
}

// MARK: TZif (RFC 9636)

extension TimeZoneRules {
    /// Longest accepted file; the largest of the database has 4 KB.
    package static let fileBytesMax = 1 << 20

    /// Reads a compiled zone of the tz database. Nil when the bytes are no such file.
    package convenience init?(tzif bytes: [UInt8]) {
        guard bytes.count <= Self.fileBytesMax, var reader = ZoneFileReader(bytes) else { return nil }
        guard let header = reader.header() else { return nil }
        var block = header
        var wide = false
        if header.version >= UInt8(ascii: "2") {
            guard reader.skip(header.blockBytes(wide: false)), let second = reader.header() else { return nil }
            (block, wide) = (second, true)
        }
        guard let content = reader.content(block, wide: wide) else { return nil }
        let later = wide ? reader.footer().flatMap(RecurringRule.init) : nil
        self.init(transitions: content.transitions, offsets: content.offsets, first: content.first, later: later)
    }
}

private struct ZoneFileReader {
    struct Header {
        var version: UInt8
        var utcFlags: Int
        var standardFlags: Int
        var leaps: Int
        var times: Int
        var types: Int
        var letters: Int

        func blockBytes(wide: Bool) -> Int {
            let time = wide ? 8 : 4
            return times * (time + 1) + types * 6 + letters + leaps * (time + 4) + standardFlags + utcFlags
        }
    }

    private let bytes: [UInt8]
    private var position = 0

    init?(_ bytes: [UInt8]) {
        guard bytes.starts(with: "TZif".utf8) else { return nil }
        self.bytes = bytes
    }

    mutating func skip(_ count: Int) -> Bool {
        guard count <= bytes.count - position else { return false }
        position += count
        return true
    }

    private mutating func integer(_ width: Int) -> Int64? {
        guard width <= bytes.count - position else { return nil }
        var value: Int64 = width > 0 && bytes[position] >= 0x80 ? -1 : 0
        for byte in bytes[position..<position + width] { value = value << 8 | Int64(byte) }
        position += width
        return value
    }

    mutating func header() -> Header? {
        guard bytes[position...].starts(with: "TZif".utf8), bytes.count - position >= 44 else { return nil }
        let version = bytes[position + 4]
        position += 20
        var counts: [Int] = []
        for _ in 0..<6 {
            guard let count = integer(4), (0...Int64(TimeZoneRules.fileBytesMax)).contains(count) else { return nil }
            counts.append(Int(count))
        }
        return Header(
            version: version, utcFlags: counts[0], standardFlags: counts[1], leaps: counts[2], times: counts[3],
            types: counts[4], letters: counts[5])
    }

    mutating func content(_ header: Header, wide: Bool) -> (transitions: [Int64], offsets: [Int32], first: Int32)? {
        guard header.types > 0, header.blockBytes(wide: wide) <= bytes.count - position else { return nil }
        let transitions = (0..<header.times).compactMap { _ in integer(wide ? 8 : 4) }
        let indices = (0..<header.times).compactMap { _ in integer(1) }
        var types: [Int32] = []
        for _ in 0..<header.types {
            guard let offset = integer(4), skip(2), abs(offset) < Calendar.secondsOfDay * 2 else { return nil }
            types.append(Int32(offset))
        }
        guard indices.allSatisfy({ (0..<Int64(types.count)).contains($0) }),
            zip(transitions, transitions.dropFirst()).allSatisfy({ $0 < $1 }),
            skip(header.letters + header.leaps * (wide ? 12 : 8) + header.standardFlags + header.utcFlags)
        else { return nil }
        return (transitions, indices.map { types[Int($0)] }, types[0])
    }

    /// The rule between the last two line feeds.
    mutating func footer() -> String? {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\n") else { return nil }
        let text = bytes[(position + 1)...].prefix { $0 != UInt8(ascii: "\n") }
        return String(decoding: text, as: UTF8.self)
    }
}
