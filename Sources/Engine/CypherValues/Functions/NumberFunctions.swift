internal import CypherSyntax

extension FunctionCall {
    func ofNumbers() throws(CypherError) -> CypherValue {
        switch (function, first) {
        case (.abs, .integer(let value)):
            guard value != .min else { throw .overflow("abs(\(value))") }
            return .integer(Swift.abs(value))
        case (.sign, .integer(let value)): return .integer(value.signum())
        case (.isNaN, .integer): return .boolean(false)
        case (.isNaN, _): return .boolean(try float(0).isNaN)
        case (.sign, _):
            let value = try float(0)
            return .integer(value > 0 ? 1 : value < 0 ? -1 : 0)
        case (.round, _): return .float(try rounded())
        case (.atan2, _): return .float(Mathematics.arctangent(try float(0), try float(1)))
        default: return .float(Self.value(function, try float(0)))
        }
    }

    private static func value(_ function: CypherFunction, _ x: Double) -> Double {
        switch function {
        case .abs: x.magnitude
        case .ceil: x.rounded(.up)
        case .floor: x.rounded(.down)
        case .exp: Mathematics.exponential(x)
        case .log: Mathematics.logarithm(x)
        case .log10: Mathematics.logarithm10(x)
        case .sqrt: x.squareRoot()
        case .sin: Mathematics.sine(x)
        case .cos: Mathematics.cosine(x)
        case .tan: Mathematics.tangent(x)
        case .cot: 1 / Mathematics.tangent(x)
        case .asin: Mathematics.arcsine(x)
        case .acos: Mathematics.arccosine(x)
        case .atan: Mathematics.arctangent(x)
        case .degrees: x * 180 / .pi
        case .radians: x * .pi / 180
        case .haversin: (1 - Mathematics.cosine(x)) / 2
        default: preconditionFailure("\(function.rawValue)() is not of one number")
        }
    }

    /// `round(x)`, `round(x, digits)`, `round(x, digits, mode)`. Without a mode, halves go up, towards positive infinity when there
    /// are no digits, else away from zero.
    private func rounded() throws(CypherError) -> Double {
        let value = try float(0)
        guard arguments.count > 1 else {
            let isHalf = (value - value.rounded(.down)) == 0.5
            return isHalf ? value.rounded(.up) : value.rounded()
        }
        let digits = try integer(1)
        guard (0...300).contains(digits) else {
            throw .outOfRange("round() keeps 0 to 300 digits after the point, not \(digits)")
        }
        let factor = Mathematics.power(10, Double(digits))
        let scaled = value * factor
        guard scaled.isFinite else { return value }
        return try scaled.rounded(rule(of: scaled)) / factor
    }

    private func rule(of value: Double) throws(CypherError) -> FloatingPointRoundingRule {
        guard arguments.count > 2 else { return .toNearestOrAwayFromZero }
        let mode = try string(2)
        switch mode.uppercased() {
        case "UP": return .awayFromZero
        case "DOWN": return .towardZero
        case "CEILING": return .up
        case "FLOOR": return .down
        case "HALF_UP": return .toNearestOrAwayFromZero
        case "HALF_EVEN": return .toNearestOrEven
        case "HALF_DOWN":
            let isHalf = (value - value.rounded(.towardZero)).magnitude == 0.5
            return isHalf ? .towardZero : .toNearestOrAwayFromZero
        default:
            throw .badArgument(
                "round() knows the modes UP, DOWN, CEILING, FLOOR, HALF_UP, HALF_DOWN and HALF_EVEN, not '\(mode)'")
        }
    }
}
