/// Gives equal byte strings the same small number, without an allocation for one that it knows.
struct ByteInterner: Sendable {
    private struct Entry {
        var start: Int
        var count: Int
        var qualifier: Int
        var hash: Int
    }

    private var arena: [UInt8] = []
    private var entries: [Entry] = []
    /// Open addressing, linear probing, at most half full: entry number plus one, or 0.
    private var slots: [Int32] = Array(repeating: 0, count: 64)

    var count: Int { entries.count }
    var bytesUsed: Int { arena.count + entries.count * MemoryLayout<Entry>.stride + slots.count * 4 }

    /// The number of `bytes` under `qualifier`, counted from 0 in order of first sight.
    mutating func intern(_ bytes: UnsafeBufferPointer<UInt8>, qualifier: Int = 0) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
        hasher.combine(qualifier)
        let hash = hasher.finalize()
        var slot = hash & (slots.count - 1)
        while slots[slot] != 0 {
            let number = Int(slots[slot]) - 1
            if entries[number].hash == hash, entries[number].qualifier == qualifier, isEqual(number, bytes) { return number }
            slot = (slot + 1) & (slots.count - 1)
        }
        entries.append(Entry(start: arena.count, count: bytes.count, qualifier: qualifier, hash: hash))
        arena.append(contentsOf: bytes)
        slots[slot] = Int32(entries.count)
        if entries.count * 2 > slots.count { grow() }
        return entries.count - 1
    }

    /// What `number` stands for; invalid UTF-8 repaired.
    func string(_ number: Int) -> String {
        let entry = entries[number]
        return String(decoding: arena[entry.start..<entry.start + entry.count], as: UTF8.self)
    }

    private func isEqual(_ number: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let entry = entries[number]
        guard entry.count == bytes.count else { return false }
        return arena.withUnsafeBufferPointer { arena in
            for offset in 0..<entry.count where arena[entry.start + offset] != bytes[offset] { return false }
            return true
        }
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: slots.count * 2)
        for (number, entry) in entries.enumerated() {
            var slot = entry.hash & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Int32(number + 1)
        }
    }
}
