/// Names one run, so that what it writes can be told from what any other run wrote.
package struct RunName: Hashable, Sendable, CustomStringConvertible {
    /// Eight hexadecimal digits.
    package let description: String

    package init(_ number: UInt32) {
        let digits = String(number, radix: 16)
        description = String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// The value that write `number` sets: unique, and readable back. Padded to `bytes`.
    package func value(of number: UInt64, bytes: Int) -> String {
        var text = "\(description).\(number)."
        return text.withUTF8 { front in
            let bytes = max(bytes, front.count)
            return String(unsafeUninitializedCapacity: bytes) { room in
                let end = room.initialize(from: front).index
                room[end..<bytes].initialize(repeating: UInt8(ascii: "x"))
                return bytes
            }
        }
    }

    /// The number of the write that set `value`; nil for a value that no write of this run can have set.
    package func number(of value: String) -> UInt64? {
        guard value.hasPrefix(description + ".") else { return nil }
        let digits = value.dropFirst(description.count + 1).prefix { $0 != "." }
        return UInt64(digits)
    }

    /// Every request that changes something carries one; its attempts the same one.
    package func idempotencyKey(of operation: UInt64) -> String { "load-\(description)-\(operation)" }
}
