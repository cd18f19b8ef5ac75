/// Durations as people write them: `250ms`, `30s`, `1.5m`, `2h`.
package enum DurationText {
    private static let units: [(name: String, microseconds: Double)] = [
        ("us", 1), ("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000),
    ]

    /// nil for anything else; a bare number has no unit and is none.
    package static func parse(_ text: String) -> Microseconds? {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let value = Double(number), let unit = units.first(where: { $0.name == text.dropFirst(number.count) }) else {
            return text == "0" ? 0 : nil
        }
        return Microseconds(exactly: (value * unit.microseconds).rounded())
    }

    /// In the largest unit that leaves at least 1 of it, with three digits: `1.23 ms`.
    package static func render(_ duration: Microseconds) -> String {
        let names = ["us": "µs", "ms": "ms", "s": "s"]
        let unit = units.prefix(3).last { Double(duration) >= $0.microseconds } ?? units[0]
        let value = Double(duration) / unit.microseconds
        return "\(Decimals.text(value, digits: value < 10 ? 2 : value < 100 ? 1 : 0)) \(names[unit.name] ?? unit.name)"
    }
}

/// Numbers with a fixed number of decimals, the same in every locale.
package enum Decimals {
    /// - Parameter digits: decimals, 0 to 6; zeros at the end are left out.
    package static func text(_ value: Double, digits: Int) -> String {
        guard value.isFinite else { return "–" }
        let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
        let scaled = (abs(value) * scale).rounded()
        guard scaled < 1e15 else { return "\(value)" }
        let whole = Int(scaled) / Int(scale)
        var fraction = String(Int(scaled) % Int(scale))
        fraction = digits == 0 ? "" : String(repeating: "0", count: digits - fraction.count) + fraction
        while fraction.last == "0" { fraction.removeLast() }
        return (value < 0 && scaled > 0 ? "-" : "") + "\(whole)" + (fraction.isEmpty ? "" : ".\(fraction)")
    }
}
