import CChecksum
import Model

/// CRC32C over the fields of a row, in a fixed order. Variable fields count with their length, so that none can borrow
/// from its neighbour.
struct RowChecksum {
    private(set) var value: UInt32 = 0

    mutating func add(_ number: UInt64) {
        var number = number.littleEndian
        value = vtag_crc32c(value, &number, 8)
    }

    mutating func add(_ number: Int64) { add(UInt64(bitPattern: number)) }

    mutating func add(_ id: UUID128) {
        add(id.high)
        add(id.low)
    }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        add(UInt64(bytes.count))
        value = vtag_crc32c(value, bytes.baseAddress, bytes.count)
    }

    mutating func add(_ bytes: [UInt8]) { bytes.withUnsafeBytes { add($0) } }

    mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
    }

    mutating func add(optional id: UUID128?) {
        add(UInt64(id == nil ? 0 : 1))
        if let id { add(id) }
    }

    mutating func add(optional text: String?) {
        add(UInt64(text == nil ? 0 : 1))
        if let text { add(text) }
    }

    mutating func add(optional bytes: UnsafeRawBufferPointer?) {
        add(UInt64(bytes == nil ? 0 : 1))
        if let bytes { add(bytes) }
    }
}

/// How many rows a set has, and the sum of their hashes: tells a lost, added or exchanged row, whatever the order.
struct Tally: Equatable, Sendable {
    private(set) var count: Int64 = 0
    private(set) var sum: UInt64 = 0

    init() {}

    init(count: Int64, sum: UInt64) {
        self.count = count
        self.sum = sum
    }

    mutating func add(_ hash: UInt64) {
        count += 1
        sum &+= hash
    }

    mutating func remove(_ hash: UInt64) {
        count -= 1
        sum &-= hash
    }

    /// The hash of a row with this id and checksum.
    static func hash(_ id: UUID128, _ checksum: UInt32) -> UInt64 {
        StableHash.mix(id.high ^ StableHash.mix(id.low ^ StableHash.mix(UInt64(checksum))))
    }

    /// The hash of an entry of the index from ids to row numbers.
    static func hash(_ id: UUID128, row: Int64) -> UInt64 {
        StableHash.mix(id.high ^ StableHash.mix(id.low ^ UInt64(bitPattern: row)))
    }
}
