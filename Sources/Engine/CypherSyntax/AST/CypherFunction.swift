/// The functions that an expression may call, by their names in lower case.
package enum CypherFunction: String, Sendable, Hashable, CaseIterable {
    // MARK: Of nodes, relationships and paths
    case id
    case elementID = "elementid"
    case labels
    case type
    case keys
    case properties
    case startNode = "startnode"
    case endNode = "endnode"
    case nodes
    case relationships
    case length
    case exists

    // MARK: Of lists
    case size
    case head
    case last
    case tail
    case range
    case reverse

    // MARK: Scalar
    case coalesce
    case nullIf = "nullif"
    case isEmpty = "isempty"
    case valueType = "valuetype"
    case timestamp
    case randomUUID = "randomuuid"
    case toBoolean = "toboolean"
    case toBooleanOrNull = "tobooleanornull"
    case toBooleanList = "tobooleanlist"
    case toInteger = "tointeger"
    case toIntegerOrNull = "tointegerornull"
    case toIntegerList = "tointegerlist"
    case toFloat = "tofloat"
    case toFloatOrNull = "tofloatornull"
    case toFloatList = "tofloatlist"
    case toString = "tostring"
    case toStringOrNull = "tostringornull"
    case toStringList = "tostringlist"

    // MARK: Of numbers
    case abs
    case ceil
    case floor
    case round
    case sign
    case random = "rand"
    case isNaN = "isnan"
    case e
    case pi
    case exp
    case log
    case log10
    case sqrt
    case sin
    case cos
    case tan
    case cot
    case asin
    case acos
    case atan
    case atan2
    case degrees
    case radians
    case haversin

    // MARK: Of strings
    case left
    case right
    case substring
    case replace
    case split
    case toUpper = "toupper"
    case toLower = "tolower"
    case upper
    case lower
    case trim
    case btrim
    case ltrim
    case rtrim
    case charLength = "char_length"
    case characterLength = "character_length"

    // MARK: Temporal
    case date
    case dateTransaction = "date.transaction"
    case dateStatement = "date.statement"
    case dateRealtime = "date.realtime"
    case dateTruncate = "date.truncate"
    case time
    case timeTransaction = "time.transaction"
    case timeStatement = "time.statement"
    case timeRealtime = "time.realtime"
    case timeTruncate = "time.truncate"
    case localTime = "localtime"
    case localTimeTransaction = "localtime.transaction"
    case localTimeStatement = "localtime.statement"
    case localTimeRealtime = "localtime.realtime"
    case localTimeTruncate = "localtime.truncate"
    case dateTime = "datetime"
    case dateTimeTransaction = "datetime.transaction"
    case dateTimeStatement = "datetime.statement"
    case dateTimeRealtime = "datetime.realtime"
    case dateTimeTruncate = "datetime.truncate"
    case dateTimeFromEpoch = "datetime.fromepoch"
    case dateTimeFromEpochMillis = "datetime.fromepochmillis"
    case localDateTime = "localdatetime"
    case localDateTimeTransaction = "localdatetime.transaction"
    case localDateTimeStatement = "localdatetime.statement"
    case localDateTimeRealtime = "localdatetime.realtime"
    case localDateTimeTruncate = "localdatetime.truncate"
    case duration
    case durationBetween = "duration.between"
    case durationInMonths = "duration.inmonths"
    case durationInDays = "duration.indays"
    case durationInSeconds = "duration.inseconds"

    /// How many arguments it takes.
    package var arity: ClosedRange<Int> {
        switch self {
        case .timestamp, .random, .randomUUID, .e, .pi: 0...0
        case .date, .time, .localTime, .dateTime, .localDateTime, .dateTransaction, .dateStatement, .dateRealtime,
            .timeTransaction, .timeStatement, .timeRealtime, .localTimeTransaction, .localTimeStatement,
            .localTimeRealtime, .dateTimeTransaction, .dateTimeStatement, .dateTimeRealtime,
            .localDateTimeTransaction, .localDateTimeStatement, .localDateTimeRealtime:
            0...1
        case .dateTruncate, .timeTruncate, .localTimeTruncate, .dateTimeTruncate, .localDateTimeTruncate: 1...3
        case .range, .substring: 2...3
        case .round: 1...3
        case .trim, .btrim, .ltrim, .rtrim: 1...2
        case .coalesce: 1...Int(Int16.max)
        case .replace: 3...3
        case .nullIf, .atan2, .left, .right, .split, .durationBetween, .durationInMonths, .durationInDays,
            .durationInSeconds, .dateTimeFromEpoch:
            2...2
        default: 1...1
        }
    }

    /// Whether two calls with the same arguments may give different values.
    package var isVolatile: Bool { self == .random || self == .randomUUID }
}

package enum AggregateFunction: String, Sendable, Hashable, CaseIterable {
    case count
    case sum
    case average = "avg"
    case minimum = "min"
    case maximum = "max"
    case collect
    case standardDeviation = "stdev"
    case populationStandardDeviation = "stdevp"
    case percentileDiscrete = "percentiledisc"
    case percentileContinuous = "percentilecont"

    /// How many arguments it takes; `count(*)` is written without any.
    package var arity: Int {
        switch self {
        case .percentileDiscrete, .percentileContinuous: 2
        default: 1
        }
    }
}
