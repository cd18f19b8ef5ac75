/// Everything that happened in a life: a rolling hash of all of it, and the last lines of it.
///
/// A line is a few integers; text is made when a person asks for it.
package struct Trace {
    package struct Line: Equatable, Sendable {
        package let time: Microseconds
        package let kind: TraceKind
        /// Whose event it is: a node or a client. -1: the world's.
        package let place: Int32
        package let group: Int32
        package let a: UInt64
        package let b: UInt64
        package let c: UInt64
    }

    /// Most lines that are kept, where nothing else is asked for.
    package static let linesMax = 4_096

    package private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    /// How many lines there have been.
    package private(set) var count = 0
    private var all: Ring
    private var telling: Ring
    /// Called with every line as it happens.
    package var observer: ((Line) -> Void)?

    package init(capacity: Int = linesMax) {
        all = Ring(capacity: capacity)
        telling = Ring(capacity: max(1, capacity / 4))
    }

    @inline(__always)
    package mutating func note(
        _ kind: TraceKind, at time: Microseconds, place: Int, group: Int = -1, _ a: UInt64 = 0, _ b: UInt64 = 0,
        _ c: UInt64 = 0
    ) {
        let line = Line(
            time: time, kind: kind, place: Int32(truncatingIfNeeded: place), group: Int32(truncatingIfNeeded: group), a: a,
            b: b, c: c)
        mix(UInt64(bitPattern: time) &* 256 &+ UInt64(kind.rawValue))
        mix(UInt64(UInt32(bitPattern: line.place)) << 32 | UInt64(UInt32(bitPattern: line.group)))
        mix(a)
        mix(b)
        mix(c)
        all.append(line)
        if kind.isTelling { telling.append(line) }
        count += 1
        observer?(line)
    }

    private mutating func mix(_ word: UInt64) {
        hash = (hash ^ word) &* 0x9FB2_1C65_1E98_DF25
        hash ^= hash >> 32
    }

    /// The last lines, oldest first.
    package var lines: [Line] { all.lines }

    /// The last lines but messages and writes, which would crowd out the others; oldest first.
    package var tellingLines: [Line] { telling.lines }

    private struct Ring {
        let capacity: Int
        var next = 0
        var ring: [Line] = []

        init(capacity: Int) { self.capacity = capacity }

        mutating func append(_ line: Line) {
            if ring.count < capacity { ring.append(line) } else { ring[next] = line }
            next = next + 1 == capacity ? 0 : next + 1
        }

        var lines: [Line] { ring.count < capacity ? ring : Array(ring[next...] + ring[..<next]) }
    }
}
