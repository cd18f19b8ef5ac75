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
    private let capacity: Int
    private var ring: [Line] = []
    /// Called with every line as it happens.
    package var observer: ((Line) -> Void)?

    package init(capacity: Int = linesMax) {
        self.capacity = capacity
        ring.reserveCapacity(capacity)
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
        if ring.count < capacity { ring.append(line) } else { ring[count % capacity] = line }
        count += 1
        observer?(line)
    }

    private mutating func mix(_ word: UInt64) {
        hash = (hash ^ word) &* 0x9FB2_1C65_1E98_DF25
        hash ^= hash >> 32
    }

    /// The lines that are kept, oldest first.
    package var lines: [Line] {
        guard count > capacity else { return ring }
        let start = count % capacity
        return Array(ring[start...] + ring[..<start])
    }
}
