/// One member under suspicion: who accuses it, and until when it may refute (Lifeguard's LHA-Suspicion, "dogpile").
///
/// The time allowed begins at its longest and shrinks with the logarithm of the independent confirmations: alone, an
/// accuser may be the one that is slow; the more accusers agree, the less likely that is.
struct Suspicion: Sendable {
    let startedAt: UInt64
    private let millisecondsMin: Double
    private let millisecondsMax: Double
    /// How many confirmations shorten the time to its least; 0: it is at its least from the start.
    private let confirmationsMax: Int
    /// The first accuser, then those who confirmed, at most `confirmationsMax` of them.
    private(set) var accusers: [MemberID]
    private(set) var deadline: UInt64 = 0
    /// This node accuses, and reminds the suspected member.
    var hasReminder = false

    init(by accuser: MemberID, members: Int, parameters: MembershipParameters, at now: UInt64) {
        startedAt = now
        millisecondsMin =
            parameters.suspicionMultiplier * max(1, log10(Double(members)))
            * Double(parameters.probeIntervalMilliseconds)
        // Where there are too few others to confirm, waiting for them would only delay.
        let canBeConfirmed = parameters.usesDogpile && members - 2 >= parameters.confirmationsMax
        confirmationsMax = canBeConfirmed ? parameters.confirmationsMax : 0
        millisecondsMax = millisecondsMin * (canBeConfirmed ? parameters.suspicionMaxMultiplier : 1)
        accusers = [accuser]
        deadline = now + UInt64(allowedMilliseconds)
    }

    /// Notes one more accuser. False if it says nothing new.
    mutating func confirmed(by accuser: MemberID) -> Bool {
        guard accusers.count <= confirmationsMax, !accusers.contains(accuser) else { return false }
        accusers.append(accuser)
        deadline = startedAt + UInt64(allowedMilliseconds)
        return true
    }

    mutating func postponed(to deadline: UInt64) { self.deadline = deadline }

    /// The least and the longest time to refute in milliseconds.
    var patienceMin: UInt64 { UInt64(millisecondsMin) }
    var patienceMax: UInt64 { UInt64(millisecondsMax) }

    private var allowedMilliseconds: Double {
        if confirmationsMax == 0 { return millisecondsMin }
        let share = log10(Double(accusers.count)) / log10(Double(confirmationsMax + 1))
        return max(millisecondsMin, millisecondsMax - share * (millisecondsMax - millisecondsMin))
    }
}

/// Decimal logarithm of a number of at least 1, to about 1e-12: the C library is out of reach of a pure module.
private func log10(_ value: Double) -> Double {
    var exponent = Double(value.exponent)
    var mantissa = value.significand
    if mantissa > 1.414 {
        mantissa /= 2
        exponent += 1
    }
    // ln m = 2 artanh((m - 1) / (m + 1)); the ratio is below 0.18, so the terms fall by 30 each.
    let ratio = (mantissa - 1) / (mantissa + 1)
    let square = ratio * ratio
    var term = ratio
    var sum = 0.0
    for divisor in stride(from: 1.0, through: 17, by: 2) {
        sum += term / divisor
        term *= square
    }
    return (exponent * 0.693_147_180_559_945_3 + 2 * sum) / 2.302_585_092_994_046
}
