package import CypherSyntax

/// Gathers the values of one group for one aggregation.
///
/// Nulls are passed over, but by `count(*)`. With DISTINCT a value counts once; which values are the same is their equivalence.
package struct Aggregator: Sendable {
    private enum State: Sendable {
        case count(Int64)
        case sum(Sum)
        case average(Sum, count: Int64)
        case extreme(CypherValue?, wanted: Comparison)
        case collect
        case deviation(Deviation, isSample: Bool)
        case percentile(at: Double?, isContinuous: Bool)
    }

    private var state: State
    private var seen: Set<CypherValue>?
    private let function: AggregateFunction
    private var bytes = 0
    // What `collect` and the percentiles gather; beside the state, so that growing it copies nothing.
    private var values: [CypherValue] = []
    private var nests = false

    package init(_ function: AggregateFunction, distinct: Bool) {
        self.function = function
        seen = distinct ? [] : nil
        state =
            switch function {
            case .count: .count(0)
            case .sum: .sum(Sum())
            case .average: .average(Sum(), count: 0)
            case .minimum: .extreme(nil, wanted: .before)
            case .maximum: .extreme(nil, wanted: .after)
            case .collect: .collect
            case .standardDeviation: .deviation(Deviation(), isSample: true)
            case .populationStandardDeviation: .deviation(Deviation(), isSample: false)
            case .percentileDiscrete: .percentile(at: nil, isContinuous: false)
            case .percentileContinuous: .percentile(at: nil, isContinuous: true)
            }
    }

    /// About how many bytes the gathered values take: what the executor counts against the query's budget.
    package var footprintBytes: Int { MemoryLayout<Aggregator>.stride + bytes }

    /// A row of `count(*)`.
    package mutating func addRow() {
        guard case .count(let count) = state else { preconditionFailure("\(function.rawValue) counts no rows") }
        state = .count(count + 1)
    }

    /// A value; `argument` is the percentile of the functions that take one.
    package mutating func add(
        _ value: CypherValue, argument: CypherValue = .null, limits: ValueLimits = ValueLimits()
    ) throws(CypherError) {
        if function.arity == 2 { try take(percentile: argument) }
        guard !value.isNull else { return }
        if seen != nil {
            guard seen?.insert(value).inserted == true else { return }
            bytes += value.footprintBytes
            try limits.admit(bytes: bytes, as: "the different values of \(function.rawValue)(DISTINCT …)")
        }
        switch state {
        case .count(let count): state = .count(count + 1)
        case .sum(var sum):
            try sum.add(value, function)
            state = .sum(sum)
        case .average(var sum, let count):
            try sum.add(value, function)
            state = .average(sum, count: count + 1)
        case .extreme(let best, let wanted):
            if best.map({ value.order($0) == wanted }) ?? true { state = .extreme(value, wanted: wanted) }
        case .collect:
            nests = nests || value.isContainer
            try gather(value, limits)
        case .deviation(var deviation, let isSample):
            deviation.add(try Self.number(value, function))
            state = .deviation(deviation, isSample: isSample)
        case .percentile:
            _ = try Self.number(value, function)
            try gather(value, limits)
        }
    }

    private mutating func gather(_ value: CypherValue, _ limits: ValueLimits) throws(CypherError) {
        values.append(value)
        bytes += value.footprintBytes
        try limits.admit(bytes: bytes, as: "what \(function.rawValue)() gathers")
    }

    private mutating func take(percentile argument: CypherValue) throws(CypherError) {
        guard case .percentile(nil, let isContinuous) = state else { return }
        guard let percentile = Arithmetic.float(argument) else {
            throw .wants("a number from 0 to 1", "\(function.rawValue)()", got: argument)
        }
        guard (0...1).contains(percentile) else {
            throw .outOfRange("\(function.rawValue)() wants a percentile from 0 to 1, not \(percentile)")
        }
        state = .percentile(at: percentile, isContinuous: isContinuous)
    }

    fileprivate static func number(_ value: CypherValue, _ function: AggregateFunction) throws(CypherError) -> Double {
        guard let number = Arithmetic.float(value) else {
            throw .wants("numbers", "\(function.rawValue)()", got: value)
        }
        return number
    }

    /// What came of it. Without any value: 0 of `count` and `sum`, an empty list of `collect`, null of the others.
    package func result(limits: ValueLimits = ValueLimits()) throws(CypherError) -> CypherValue {
        switch state {
        case .count(let count): return .integer(count)
        case .sum(let sum): return try sum.total()
        case .average(let sum, let count): return count == 0 ? .null : try sum.average(of: count)
        case .extreme(let best, _): return best ?? .null
        case .collect:
            if nests { try limits.admit(.list(values)) }
            return .list(values)
        case .deviation(let deviation, let isSample): return .float(deviation.result(isSample: isSample))
        case .percentile(let at, let isContinuous):
            guard let at, !values.isEmpty else { return .null }
            let sorted = values.sorted { $0.precedes($1) }
            if isContinuous { return .float(Self.continuous(sorted.compactMap(Arithmetic.float), at)) }
            return sorted[max(Int((at * Double(sorted.count)).rounded(.up)) - 1, 0)]
        }
    }

    /// Interpolates between the two nearest.
    private static func continuous(_ sorted: [Double], _ percentile: Double) -> Double {
        let position = percentile * Double(sorted.count - 1)
        let below = Int(position.rounded(.down))
        let above = Int(position.rounded(.up))
        let share = position - Double(below)
        return share == 0 ? sorted[below] : sorted[below] * (1 - share) + sorted[above] * share
    }
}

/// The sum of numbers or of durations. Integers stay integers while all are.
private struct Sum: Sendable {
    /// Wide, so that a sum that fits in the end may leave the range on the way.
    private var integers: Int128 = 0
    private var floats = 0.0
    private var hasFloats = false
    private var durations: CypherDuration?
    private var hasNumbers = false

    mutating func add(_ value: CypherValue, _ function: AggregateFunction) throws(CypherError) {
        switch value {
        case .integer(let number):
            integers += Int128(number)
            hasNumbers = true
        case .float(let number):
            floats += number
            hasFloats = true
            hasNumbers = true
        case .duration(let duration): durations = try durations?.adding(duration) ?? duration
        default: throw .wants("numbers or durations", "\(function.rawValue)()", got: value)
        }
        guard durations == nil || !hasNumbers else {
            throw .wrongType("\(function.rawValue)() cannot add numbers and durations")
        }
    }

    private var all: Double { Double(integers) + floats }

    func total() throws(CypherError) -> CypherValue {
        if let durations { return .duration(durations) }
        if hasFloats { return .float(all) }
        guard let sum = Int64(exactly: integers) else { throw .overflow("the sum") }
        return .integer(sum)
    }

    func average(of count: Int64) throws(CypherError) -> CypherValue {
        if let durations { return .duration(try durations.multiplied(by: 1 / Double(count))) }
        return .float(all / Double(count))
    }
}

/// Mean and variance in one pass, after Welford.
private struct Deviation: Sendable {
    private var count = 0.0
    private var mean = 0.0
    private var squares = 0.0

    mutating func add(_ value: Double) {
        count += 1
        let distance = value - mean
        mean += distance / count
        squares += distance * (value - mean)
    }

    func result(isSample: Bool) -> Double {
        let divisor = isSample ? count - 1 : count
        return divisor > 0 ? (squares / divisor).squareRoot() : 0
    }
}
