/// What the disks of a life are like.
package struct DiskProfile: Sendable, Equatable {
    /// Shortest time of a write with its sync.
    package var syncMin: Microseconds
    /// Mean of what is added to it, with a long tail.
    package var syncMean: Microseconds

    package static let calm = DiskProfile(syncMin: 100, syncMean: 200)

    package static func drawn(from random: inout RandomStream) -> DiskProfile {
        // Most disks are solid; some take so long that much happens during a write.
        let mean = random.chance(percent: 75) ? random.duration(in: 50...4_000) : random.duration(in: 5_000...40_000)
        return DiskProfile(syncMin: random.duration(in: 20...500), syncMean: mean)
    }
}

/// One node's log device: bytes that grow at the end, zero beyond it, and that a crash can do harm to.
///
/// A sector is written whole or not at all. What was written since the last sync may be lost sector by sector, in any
/// combination: that is all a crash can do. Flipped bits are damage, and happen to what was synced.
package struct SimulatedDisk {
    package static let sectorBytes = 512

    package enum WriteError: Error, Equatable {
        case full
    }

    package private(set) var bytes: [UInt8] = []
    /// Everything below is on the platter.
    package private(set) var syncedEnd = 0
    /// Most bytes that the device takes; lowered to fill it up.
    package var capacity = Int.max
    /// A write that starts before then waits until then.
    package var stalledUntil: Microseconds = 0
    /// Until then every sync takes longer, by up to `slowness`.
    package var slowUntil: Microseconds = 0
    package var slowness: Microseconds = 0
    /// The next sync fails; whether its sectors arrived is up to chance.
    package var failsNextSync = false
    private let profile: DiskProfile
    private var random: RandomStream

    package init(profile: DiskProfile, random: RandomStream) {
        self.profile = profile
        self.random = random
    }

    // MARK: Events

    package mutating func append(_ new: [UInt8]) throws(WriteError) {
        guard bytes.count + new.count <= capacity else { throw .full }
        bytes.append(contentsOf: new)
    }

    /// Writes and syncs at once, full or not: what a recovery does before it lets the process start.
    package mutating func appendSynced(_ new: [UInt8]) {
        bytes.append(contentsOf: new)
        syncedEnd = bytes.count
    }

    /// Everything up to `end`, the length at the start of the sync, is durable.
    package mutating func synced(upTo end: Int) { syncedEnd = max(syncedEnd, end) }

    /// The process is gone, and with it what the disk had not stored. Returns how many sectors were lost.
    ///
    /// `powerIsLost` false: the process alone ended, the operating system goes on to write what it holds.
    @discardableResult
    package mutating func crashed(powerIsLost: Bool) -> Int {
        var lost = 0
        var sector = syncedEnd / Self.sectorBytes
        // A crash in the middle of a long write: mostly a prefix arrives, sometimes any subset.
        let loses = powerIsLost ? random.number(in: 0...100) : 0
        while sector * Self.sectorBytes < bytes.count {
            if random.chance(percent: loses) {
                let start = max(sector * Self.sectorBytes, syncedEnd)
                let end = min((sector + 1) * Self.sectorBytes, bytes.count)
                for position in start..<end { bytes[position] = 0 }
                lost += 1
            }
            sector += 1
        }
        syncedEnd = bytes.count
        return lost
    }

    /// Flips some bits of one byte below `syncedEnd`. Returns its offset; nil where the device is empty.
    package mutating func flipBits() -> Int? {
        guard syncedEnd > 0 else { return nil }
        let position = random.below(syncedEnd)
        bytes[position] ^= UInt8(random.number(in: 1...255))
        return position
    }

    /// Recovery found the end of the log here.
    package mutating func cut(to end: Int) {
        bytes.removeSubrange(end...)
        syncedEnd = min(syncedEnd, end)
    }

    /// A new, empty device.
    package mutating func wipe() {
        bytes = []
        syncedEnd = 0
    }

    package mutating func heal() {
        capacity = .max
        stalledUntil = 0
        slowUntil = 0
        failsNextSync = false
    }

    /// How long the sync of a write that starts now takes.
    package mutating func syncDuration(at now: Microseconds) -> Microseconds {
        let extra = now < slowUntil ? random.duration(in: 0...slowness) : 0
        return max(0, stalledUntil - now) + extra + profile.syncMin + random.longTailed(mean: profile.syncMean)
    }
}
