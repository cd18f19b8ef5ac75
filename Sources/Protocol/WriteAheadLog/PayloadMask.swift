/// Keeps a whole record from looking torn.
///
/// Recovery takes a record for torn when its share of some sector is all zero. A payload may hold such a run of zeros of
/// its own accord, or nearly so; a few bits flipped would then pass for a torn write, and an acknowledged record would be
/// dropped. The writer therefore stores such a payload XORed with a stream that leaves no share close to zero. The stream
/// starts from the node's identity, so that nobody outside can choose a payload that defeats it.
package enum PayloadMask {
    /// Highest number of a mask: what seven bits of the header hold.
    package static let numberMax: UInt8 = 127
    /// Bytes other than zero that every share holds at least: so many must change before it looks unwritten.
    static let nonZeroBytesMin = 8

    /// Masks `payload` in place where needed, and says under which number (0: stored as it is).
    ///
    /// `payload` is the payload with its padding, which will lie at `offset` of its segment.
    static func apply(to payload: UnsafeMutableRawBufferPointer, at offset: Int, seed: SegmentSeed) -> UInt8 {
        guard hasShare(of: UnsafeRawBufferPointer(payload), at: offset, under: nonZeroBytesMin) else { return 0 }
        var number: UInt8 = 0
        repeat {
            if number > 0 { toggle(payload, number: number, at: offset, seed: seed) }
            number += 1
            precondition(number <= numberMax, "no mask leaves a payload of \(payload.count) bytes without a bare sector")
            toggle(payload, number: number, at: offset, seed: seed)
        } while hasShare(of: UnsafeRawBufferPointer(payload), at: offset, under: nonZeroBytesMin)
        return number
    }

    /// Adds or removes mask `number`: the same operation.
    static func toggle(_ payload: UnsafeMutableRawBufferPointer, number: UInt8, at offset: Int, seed: SegmentSeed) {
        var state = seed.maskSeed ^ UInt64(offset) << 8 ^ UInt64(number)
        var at = 0
        while at + 8 <= payload.count {
            let word = payload.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            payload.storeBytes(of: word ^ next(&state).littleEndian, toByteOffset: at, as: UInt64.self)
            at += 8
        }
    }

    /// Whether, of the sectors behind the header's, one holds fewer than `limit` bytes other than zero, as far as this
    /// record reaches.
    ///
    /// The header itself is never zero, so its own sector need not be looked at.
    static func hasShare(of payload: UnsafeRawBufferPointer, at offset: Int, under limit: Int) -> Bool {
        let end = offset + payload.count
        let headerSector = (offset - LogFormat.headerBytes) / LogFormat.sectorBytes
        var start = (headerSector + 1) * LogFormat.sectorBytes
        while start < end {
            let next = min(start + LogFormat.sectorBytes, end)
            if !payload.hasNonZeroBytes(limit, from: start - offset, to: next - offset) { return true }
            start = next
        }
        return false
    }

    /// splitmix64 (Steele, Lea and Flood, 2014).
    private static func next(_ state: inout UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
