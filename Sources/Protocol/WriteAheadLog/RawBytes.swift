extension UnsafeMutableRawBufferPointer {
    /// Stores `value` in little-endian order at `offset`, aligned or not.
    func storeInteger<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at offset: Int) {
        storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
    }
}

extension UnsafeRawBufferPointer {
    /// Loads a little-endian integer from `offset`, aligned or not.
    func loadInteger<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, at offset: Int) -> T {
        T(littleEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// Whether the bytes from `start` up to and without `end` are all zero.
    func isZero(from start: Int, to end: Int) -> Bool {
        var at = start
        while at + 8 <= end {
            if loadUnaligned(fromByteOffset: at, as: UInt64.self) != 0 { return false }
            at += 8
        }
        while at < end {
            if self[at] != 0 { return false }
            at += 1
        }
        return true
    }

    /// Whether at least `count` bytes from `start` up to and without `end` are not zero.
    func hasNonZeroBytes(_ count: Int, from start: Int, to end: Int) -> Bool {
        var missing = count
        for at in start..<end where self[at] != 0 {
            missing -= 1
            if missing == 0 { return true }
        }
        return missing <= 0
    }

    /// Offset behind the last byte at or above `start` that is not zero; `start` if there is none.
    func endOfNonZero(from start: Int) -> Int {
        var end = count
        while end >= start + 8, loadUnaligned(fromByteOffset: end - 8, as: UInt64.self) == 0 { end -= 8 }
        while end > start, self[end - 1] == 0 { end -= 1 }
        return end
    }
}
