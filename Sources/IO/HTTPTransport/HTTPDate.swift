import Glibc

/// The value of the Date field (RFC 9110 section 6.6.1), written anew when the second changes.
///
/// Owns its bytes, which stay at one address; for one event loop.
final class HTTPDate {
    static let byteCount = 29
    private static let days: [StaticString] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months: [StaticString] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private let storage = UnsafeMutablePointer<UInt8>.allocate(capacity: HTTPDate.byteCount)
    private var seconds: Int?

    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: storage, count: Self.byteCount) }

    /// - Parameter seconds: since 1970.
    init(seconds: Int) {
        storage.initialize(repeating: UInt8(ascii: " "), count: Self.byteCount)
        update(seconds: seconds)
    }

    deinit { storage.deallocate() }

    func update(seconds: Int) {
        guard seconds != self.seconds else { return }
        self.seconds = seconds
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        put(Self.days[Int(parts.tm_wday)], at: 0)
        put(", ", at: 3)
        putDigits(Int(parts.tm_mday), at: 5)
        put(Self.months[Int(parts.tm_mon)], at: 8)
        putDigits((Int(parts.tm_year) + 1900) / 100, at: 12)
        putDigits((Int(parts.tm_year) + 1900) % 100, at: 14)
        putDigits(Int(parts.tm_hour), at: 17)
        put(":", at: 19)
        putDigits(Int(parts.tm_min), at: 20)
        put(":", at: 22)
        putDigits(Int(parts.tm_sec), at: 23)
        put(" GMT", at: 25)
    }

    private func put(_ text: StaticString, at offset: Int) {
        (storage + offset).update(from: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    private func putDigits(_ number: Int, at offset: Int) {
        storage[offset] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / 10 % 10)
        storage[offset + 1] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number % 10)
    }
}
