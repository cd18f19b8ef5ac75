#if canImport(Glibc)
    import Glibc
#endif

/// A chart over time as SVG: lines, and marks where something was done to the system.
struct LineChart {
    struct Line {
        let name: String
        /// A class of the page's style sheet: `s0` to `s4`.
        let style: String
        /// One value a second; nil leaves a gap.
        let values: [Double?]
    }

    struct Mark {
        let second: Double
        let label: String
        let isUndo: Bool
    }

    let title: String
    let lines: [Line]
    let marks: [Mark]
    /// Powers of ten at equal distances, for values that span many.
    let isLogarithmic: Bool
    let label: (Double) -> String

    private static let width = 920.0
    private static let height = 280.0
    private static let left = 70.0
    private static let right = 12.0
    private static let top = 16.0
    private static let bottom = 28.0

    var svg: String {
        let values = lines.flatMap { $0.values.compactMap { $0 } }
        let seconds = max(1, lines.map(\.values.count).max() ?? 1)
        let scale = Scale(values: values, isLogarithmic: isLogarithmic)
        func x(_ second: Double) -> Double { Self.left + (Self.width - Self.left - Self.right) * second / Double(seconds) }
        func y(_ value: Double) -> Double {
            Self.height - Self.bottom - (Self.height - Self.top - Self.bottom) * scale.position(value)
        }
        var svg =
            "<svg viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" role=\"img\" aria-label=\"\(HTML.escaped(title))\">"
        for tick in scale.ticks {
            svg +=
                "<line class=\"grid\" x1=\"\(n(Self.left))\" x2=\"\(n(Self.width - Self.right))\" y1=\"\(n(y(tick)))\" y2=\"\(n(y(tick)))\"/>"
            svg +=
                "<text class=\"tick\" x=\"\(n(Self.left - 6))\" y=\"\(n(y(tick) + 4))\" text-anchor=\"end\">\(HTML.escaped(label(tick)))</text>"
        }
        for second in Self.timeTicks(seconds) {
            svg +=
                "<text class=\"tick\" x=\"\(n(x(Double(second))))\" y=\"\(n(Self.height - 8))\" text-anchor=\"middle\">\(second) s</text>"
        }
        for mark in marks {
            let style = mark.isUndo ? "undo" : "fault"
            svg +=
                "<line class=\"\(style)\" x1=\"\(n(x(mark.second)))\" x2=\"\(n(x(mark.second)))\" y1=\"\(n(Self.top))\" y2=\"\(n(Self.height - Self.bottom))\"><title>\(HTML.escaped(mark.label))</title></line>"
        }
        for line in lines {
            for run in Self.runs(line.values) {
                let points = run.map { "\(n(x(Double($0.second) + 0.5))),\(n(y($0.value)))" }.joined(separator: " ")
                svg +=
                    "<polyline class=\"\(line.style)\" points=\"\(points)\"><title>\(HTML.escaped(line.name))</title></polyline>"
            }
        }
        return svg + "</svg>"
    }

    private func n(_ value: Double) -> String { Decimals.text(value, digits: 1) }

    /// Stretches without a gap.
    private static func runs(_ values: [Double?]) -> [[(second: Int, value: Double)]] {
        var runs: [[(second: Int, value: Double)]] = []
        var current: [(second: Int, value: Double)] = []
        for (second, value) in values.enumerated() {
            if let value {
                current.append((second, value))
            } else if !current.isEmpty {
                runs.append(current)
                current = []
            }
        }
        return current.isEmpty ? runs : runs + [current]
    }

    private static func timeTicks(_ seconds: Int) -> [Int] {
        let step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600].first { seconds / $0 <= 12 } ?? 7_200
        return Array(stride(from: 0, through: seconds, by: step))
    }
}

/// Maps values to 0…1.
private struct Scale {
    private let low: Double
    private let high: Double
    private let isLogarithmic: Bool
    let ticks: [Double]

    init(values: [Double], isLogarithmic: Bool) {
        self.isLogarithmic = isLogarithmic
        let largest = values.max() ?? 1
        if isLogarithmic {
            let smallest = values.filter { $0 > 0 }.min() ?? 1
            let from = floor(log10(max(smallest, 1e-9)))
            let to = max(from + 1, ceil(log10(max(largest, 1e-9))))
            low = from
            high = to
            ticks = stride(from: from, through: to, by: 1).map { pow(10, $0) }
        } else {
            let step = Self.roundStep(max(largest, 1e-9) / 4)
            low = 0
            high = step * max(1, ceil(largest / step))
            ticks = Array(stride(from: 0, through: high + step / 2, by: step))
        }
    }

    func position(_ value: Double) -> Double {
        let place = isLogarithmic ? log10(max(value, pow(10, low))) : value
        return min(1, max(0, (place - low) / (high - low)))
    }

    /// The next of 1, 2, 5, 10, 20, 50 … from `raw` on.
    private static func roundStep(_ raw: Double) -> Double {
        let power = pow(10, floor(log10(raw)))
        return [1, 2, 5, 10].map { $0 * power }.first { $0 >= raw * 0.999_999 } ?? 10 * power
    }
}
