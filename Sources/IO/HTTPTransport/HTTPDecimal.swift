/// Calls `body` with the decimal digits of a number that is not negative.
func withDecimal<Result>(_ number: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    let digitsMax = 20
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: digitsMax) { digits in
        var (rest, start) = (number, digitsMax)
        repeat {
            start -= 1
            digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        return body(UnsafeBufferPointer(rebasing: digits[start...]))
    }
}
