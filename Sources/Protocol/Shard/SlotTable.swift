internal import CPrefetch
package import Model

/// A shard's rows: for each slot that it owns a small array sorted by id.
///
/// The slot is in the id, so finding a row is one index and a short binary search, walking is in id order, and a copy of
/// the table is O(1) until either side writes.
package struct SlotTable: Sendable {
    package struct Row: Sendable {
        package let id: ResourceID
        /// `RecordCodec`'s form.
        package let bytes: [UInt8]
    }

    package let slots: Range<Int>
    private var buckets: [[Row]]
    package private(set) var count = 0

    package init(slots: Range<Int>) {
        precondition(slots.lowerBound >= 0 && slots.upperBound <= Slot.count, "slots \(slots) do not exist")
        self.slots = slots
        buckets = Array(repeating: [], count: slots.count)
    }

    package subscript(_ id: ResourceID) -> [UInt8]? {
        let bucket = bucket(of: id)
        let position = Self.position(of: id, in: buckets[bucket])
        guard position < buckets[bucket].count, buckets[bucket][position].id == id else { return nil }
        return buckets[bucket][position].bytes
    }

    /// Lets `body` read a row where it lies, without a count of references; nil when there is none.
    @inline(__always)
    package func withRow<Value>(_ id: ResourceID, _ body: (UnsafeRawBufferPointer) -> Value) -> Value? {
        buckets[bucket(of: id)].withUnsafeBufferPointer { rows in
            let position = Self.position(of: id, in: rows)
            guard position < rows.count, rows[position].id == id else { return nil }
            return rows[position].bytes.withUnsafeBytes(body)
        }
    }

    /// Returns what stood there.
    package mutating func put(_ id: ResourceID, _ bytes: [UInt8]) -> [UInt8]? {
        let bucket = bucket(of: id)
        let position = Self.position(of: id, in: buckets[bucket])
        if position < buckets[bucket].count, buckets[bucket][position].id == id {
            let old = buckets[bucket][position].bytes
            buckets[bucket][position] = Row(id: id, bytes: bytes)
            return old
        }
        buckets[bucket].insert(Row(id: id, bytes: bytes), at: position)
        count += 1
        return nil
    }

    /// Returns what stood there.
    package mutating func remove(_ id: ResourceID) -> [UInt8]? {
        let bucket = bucket(of: id)
        let position = Self.position(of: id, in: buckets[bucket])
        guard position < buckets[bucket].count, buckets[bucket][position].id == id else { return nil }
        count -= 1
        return buckets[bucket].remove(at: position).bytes
    }

    /// Up to `limit` rows with ids after `id` (from the first when nil), in id order.
    package func rows(after id: ResourceID?, limit: Int) -> [Row] {
        var found: [Row] = []
        var bucket = 0
        var position = 0
        if let id {
            bucket = self.bucket(of: id)
            position = Self.position(of: id, in: buckets[bucket])
            if position < buckets[bucket].count, buckets[bucket][position].id == id { position += 1 }
        }
        while bucket < buckets.count, found.count < limit {
            let rest = buckets[bucket][position...].prefix(limit - found.count)
            found.append(contentsOf: rest)
            bucket += 1
            position = 0
        }
        return found
    }

    /// Lends `body` the rows with ids after `id` (from the first when nil) where they lie, in id order, until it answers false.
    /// Returns whether that was at the end.
    package func walk(
        after id: ResourceID?, _ body: (ResourceID, UnsafeRawBufferPointer) throws(CodecError) -> Bool
    ) throws(CodecError) -> Bool {
        var bucket = 0
        var position = 0
        if let id {
            bucket = self.bucket(of: id)
            position = Self.position(of: id, in: buckets[bucket])
            if position < buckets[bucket].count, buckets[bucket][position].id == id { position += 1 }
        }
        while bucket < buckets.count {
            let result = buckets[bucket].withUnsafeBufferPointer { Self.walk($0, from: position, body) }
            guard try result.get() else { return false }
            bucket += 1
            position = 0
        }
        return true
    }

    private static func walk(
        _ rows: UnsafeBufferPointer<Row>, from first: Int,
        _ body: (ResourceID, UnsafeRawBufferPointer) throws(CodecError) -> Bool
    ) -> Result<Bool, CodecError> {
        guard var row = rows.baseAddress.map({ $0 + first }) else { return .success(true) }
        let end = row + (rows.count - first)
        for ahead in 0..<min(rowsAhead, end - row) { fetch(row + ahead) }
        while row < end {
            if row + rowsAhead < end { fetch(row + rowsAhead) }
            // Lent where it lies: a count of references would touch, and write to, each row's memory.
            let result: Result<Bool, CodecError> = row.pointee.bytes.withUnsafeBytes { raw in
                do throws(CodecError) { return .success(try body(row.pointee.id, raw)) } catch { return .failure(error) }
            }
            guard case .success(true) = result else { return result }
            row += 1
        }
        return .success(true)
    }

    /// So many rows before one is read it is asked for, since rows lie anywhere in memory.
    private static let rowsAhead = 2
    /// What is asked for of a row; the processor guesses the rest.
    private static let bytesAhead = 768
    private static let lineBytes = 64

    private static func fetch(_ row: UnsafePointer<Row>) {
        guard let bytes = MemoryLayout<Row>.offset(of: \Row.bytes) else { return }
        // An array is a pointer to what it holds; to ask the array itself would read that.
        let start = UnsafeRawPointer(row).load(fromByteOffset: bytes, as: UInt.self)
        for offset in stride(from: 0, to: bytesAhead, by: lineBytes) {
            vtag_prefetch(UnsafeRawPointer(bitPattern: start &+ UInt(offset)))
        }
    }

    /// The rows whose ids share their first 60 free bits with the id of a part: one, but for a chance of 2⁻⁴⁰.
    package func rows(sharingPrefixOf part: UUID128) -> [Row] {
        let slot = Int(part.slot.number)
        guard slots.contains(slot) else { return [] }
        return buckets[slot - slots.lowerBound].filter { $0.id.uuid.prefix == part.prefix }
    }

    /// How many rows have ids after `id`. O(slots).
    package func count(after id: ResourceID?) -> Int {
        guard let id else { return count }
        let first = bucket(of: id)
        let inFirst = buckets[first].count { id < $0.id }
        return buckets[(first + 1)...].reduce(inFirst) { $0 + $1.count }
    }

    private func bucket(of id: ResourceID) -> Int {
        let slot = Int(id.slot.number)
        precondition(slots.contains(slot), "\(id) belongs to slot \(slot), this shard owns \(slots)")
        return slot - slots.lowerBound
    }

    /// Where `id` is, or would stand.
    private static func position(of id: ResourceID, in rows: [Row]) -> Int {
        rows.withUnsafeBufferPointer { position(of: id, in: $0) }
    }

    private static func position(of id: ResourceID, in rows: UnsafeBufferPointer<Row>) -> Int {
        var low = 0
        var high = rows.count
        while low < high {
            let middle = (low + high) / 2
            if rows[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
