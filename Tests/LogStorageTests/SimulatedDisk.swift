import Glibc
import Synchronization

@testable import LogStorage

/// A disk in memory that loses what was not synced: a crash keeps any subset of the sectors written since the last sync.
final class SimulatedDisk: LogFileSystem {
    static let sectorBytes = 512

    fileprivate struct Contents: Sendable {
        /// What a reader sees now.
        var bytes: [UInt8]
        /// What is on the platter.
        var durable: [UInt8]
        var dirtySectors: Set<Int> = []
    }

    fileprivate struct State: Sendable {
        var names: [String: Int] = [:]
        var contents: [Contents] = []
        var operationsLeft = Int.max
        var syncsLeft = Int.max
        var freeBytes = Int.max
    }

    fileprivate let state: Mutex<State>
    let directory = "simulated"

    init() { state = Mutex(State()) }

    private init(_ state: State) { self.state = Mutex(state) }

    /// The disk as the next process finds it after a loss of power.
    func crashed(using random: inout SeededRandom) -> SimulatedDisk {
        crashed { _ in random.next() & 1 == 0 }
    }

    /// The same; `arrives` tells which of the sectors not synced, counted from 0, are on the platter.
    func crashed(_ arrives: (Int) -> Bool) -> SimulatedDisk {
        var after = state.withLock { $0 }
        var number = 0
        for file in after.contents.indices {
            for sector in after.contents[file].dirtySectors.sorted() {
                number += 1
                guard arrives(number - 1) else { continue }
                let end = min(after.contents[file].bytes.count, (sector + 1) * Self.sectorBytes)
                let range = sector * Self.sectorBytes..<end
                after.contents[file].durable.replaceSubrange(range, with: after.contents[file].bytes[range])
            }
            after.contents[file].bytes = after.contents[file].durable
            after.contents[file].dirtySectors = []
        }
        after.operationsLeft = .max
        after.syncsLeft = .max
        return SimulatedDisk(after)
    }

    /// The disk as the next process finds it when only the process died: what was written stays, synced or not.
    func killed() -> SimulatedDisk {
        var after = state.withLock { $0 }
        after.operationsLeft = .max
        after.syncsLeft = .max
        return SimulatedDisk(after)
    }

    /// Changes a file behind the log's back.
    func damage(_ name: String, _ body: (inout [UInt8]) -> Void) {
        state.withLock { state in
            guard let file = state.names[name] else { preconditionFailure("no file \(name)") }
            body(&state.contents[file].bytes)
            state.contents[file].durable = state.contents[file].bytes
        }
    }

    /// After `count` more changes every one fails.
    func failAfter(_ count: Int) { state.withLock { $0.operationsLeft = count } }

    /// After `count` more syncs of files every change fails: what was written last stays unsynced.
    func failSync(after count: Int) { state.withLock { $0.syncsLeft = count } }

    /// Sectors that were written and not synced.
    var dirtySectorCount: Int { state.withLock { $0.contents.map(\.dirtySectors.count).reduce(0, +) } }

    /// Room for new files in bytes; removed files give theirs back.
    var freeBytes: Int {
        get { state.withLock { $0.freeBytes } }
        set { state.withLock { $0.freeBytes = newValue } }
    }

    var segmentNames: [String] { state.withLock { $0.names.keys.filter { $0.hasSuffix(".log") }.sorted() } }

    fileprivate func spendOperation(_ operation: String, _ path: String) throws(LogIOError) {
        let isSpent = state.withLock { state in
            if state.operationsLeft == 0 { return true }
            if state.operationsLeft < .max { state.operationsLeft -= 1 }
            return false
        }
        if isSpent { throw LogIOError(operation: operation, path: path, code: EIO) }
    }

    // MARK: LogFileSystem

    func fileNames() throws(LogIOError) -> [String] { state.withLock { Array($0.names.keys) } }

    func create(_ name: String, bytes: Int) throws(LogIOError) {
        try spendOperation("create", name)
        let isFull = state.withLock { state in
            guard bytes <= state.freeBytes else { return true }
            if state.freeBytes < .max { state.freeBytes -= bytes }
            let zeros = [UInt8](repeating: 0, count: bytes)
            state.names[name] = state.contents.count
            state.contents.append(Contents(bytes: zeros, durable: zeros))
            return false
        }
        if isFull { throw LogIOError(operation: "create", path: name, code: ENOSPC) }
    }

    func open(_ name: String) throws(LogIOError) -> any LogFile {
        guard let number = state.withLock({ $0.names[name] }) else {
            throw LogIOError(operation: "open", path: name, code: ENOENT)
        }
        return SimulatedFile(disk: self, number: number)
    }

    func rename(_ name: String, to newName: String) throws(LogIOError) {
        try spendOperation("rename", name)
        state.withLock { $0.names[newName] = $0.names.removeValue(forKey: name) }
    }

    func remove(_ name: String) throws(LogIOError) {
        try spendOperation("remove", name)
        state.withLock { state in
            guard let file = state.names.removeValue(forKey: name) else { return }
            if state.freeBytes < .max { state.freeBytes += state.contents[file].bytes.count }
        }
    }

    func syncDirectory() throws(LogIOError) { try spendOperation("syncDirectory", directory) }
}

private final class SimulatedFile: LogFile {
    private let disk: SimulatedDisk
    private let number: Int

    init(disk: SimulatedDisk, number: Int) {
        self.disk = disk
        self.number = number
    }

    func size() throws(LogIOError) -> UInt64 {
        disk.state.withLock { UInt64($0.contents[number].bytes.count) }
    }

    func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(LogIOError) {
        let target = Target(bytes: bytes)
        let isShort = disk.state.withLock { state in
            guard offset + target.bytes.count <= state.contents[number].bytes.count else { return true }
            target.bytes.copyBytes(from: state.contents[number].bytes[offset..<offset + target.bytes.count])
            return false
        }
        if isShort { throw LogIOError(operation: "read", path: "\(number)", code: EIO) }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(LogIOError) {
        guard !bytes.isEmpty else { return }
        try disk.spendOperation("write", "\(number)")
        let copy = Array(bytes)
        disk.state.withLock { state in
            state.contents[number].bytes.replaceSubrange(offset..<offset + copy.count, with: copy)
            let sectors = offset / SimulatedDisk.sectorBytes...(offset + copy.count - 1) / SimulatedDisk.sectorBytes
            state.contents[number].dirtySectors.formUnion(sectors)
        }
    }

    func sync() throws(LogIOError) {
        let isSpent = disk.state.withLock { state in
            if state.syncsLeft == 0 { state.operationsLeft = 0 }
            if state.syncsLeft < .max { state.syncsLeft -= 1 }
            return state.operationsLeft == 0
        }
        if isSpent { throw LogIOError(operation: "sync", path: "\(number)", code: EIO) }
        try disk.spendOperation("sync", "\(number)")
        disk.state.withLock { state in
            state.contents[number].durable = state.contents[number].bytes
            state.contents[number].dirtySectors = []
        }
    }
}

/// Lets a reader's buffer into the closure that holds the disk's lock.
private struct Target: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer
}

/// splitmix64: the same numbers for the same seed everywhere.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
