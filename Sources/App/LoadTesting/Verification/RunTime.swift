/// Moments of a run as counterexamples show them.
enum RunTime {
    /// `12.003400 s`: every microsecond shows, for it may decide.
    static func words(_ time: Microseconds) -> String {
        let fraction = String(abs(time) % 1_000_000)
        return "\(time / 1_000_000).\(String(repeating: "0", count: 6 - fraction.count))\(fraction) s"
    }

    static func words(from call: Microseconds, to completion: Microseconds?) -> String {
        "\(words(call)) – \(completion.map(words) ?? "never answered")"
    }
}
