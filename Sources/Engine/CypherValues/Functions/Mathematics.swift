internal import CMath

/// The functions of mathematics that Swift's standard library does not have.
enum Mathematics {
    static func sine(_ x: Double) -> Double { vtag_sin(x) }
    static func cosine(_ x: Double) -> Double { vtag_cos(x) }
    static func tangent(_ x: Double) -> Double { vtag_tan(x) }
    static func arcsine(_ x: Double) -> Double { vtag_asin(x) }
    static func arccosine(_ x: Double) -> Double { vtag_acos(x) }
    static func arctangent(_ x: Double) -> Double { vtag_atan(x) }
    static func arctangent(_ y: Double, _ x: Double) -> Double { vtag_atan2(y, x) }
    static func exponential(_ x: Double) -> Double { vtag_exp(x) }
    static func logarithm(_ x: Double) -> Double { vtag_log(x) }
    static func logarithm10(_ x: Double) -> Double { vtag_log10(x) }
    static func power(_ x: Double, _ y: Double) -> Double { vtag_pow(x, y) }
    static func remainder(_ x: Double, _ y: Double) -> Double { vtag_fmod(x, y) }
}
