import Glibc
import JSON

/// One line of the benchmarks' output.
struct Figure {
    let name: String
    let value: Double
    let unit: String
    let baseline: String
    let baselineValue: Double

    /// Writes the line to standard output.
    func report() {
        var writer = JSONWriter()
        writer.value(
            .object([
                .init("name", .string(name)),
                .init("value", .double(Self.rounded(value))),
                .init("unit", .string(unit)),
                .init("baseline", .string(baseline)),
                .init("baseline_value", .double(Self.rounded(baselineValue))),
                .init("ratio", .double(Self.rounded(baselineValue == 0 ? 0 : value / baselineValue))),
            ]))
        emit(String(decoding: writer.bytes, as: UTF8.self), to: STDOUT_FILENO)
    }

    /// Four significant digits: more would be noise.
    private static func rounded(_ value: Double) -> Double {
        guard value != 0, value.isFinite else { return 0 }
        let scale = pow(10, 3 - floor(log10(abs(value))))
        return (value * scale).rounded() / scale
    }
}

/// A line for people.
func say(_ text: String) {
    emit(text, to: STDERR_FILENO)
}

private func emit(_ line: String, to file: Int32) {
    let bytes = Array((line + "\n").utf8)
    _ = write(file, bytes, bytes.count)
}
