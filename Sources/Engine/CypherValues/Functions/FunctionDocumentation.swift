package import CypherSyntax

/// What a function is called like, and what it does, in a line each.
package struct FunctionDocumentation: Sendable {
    /// Such as `substring(text, start, length?)`: a question mark where an argument may be left out.
    package let signature: String
    package let summary: String

    fileprivate init(_ signature: String, _ summary: String) {
        self.signature = signature
        self.summary = summary
    }
}

extension CypherFunction {
    package var documentation: FunctionDocumentation {
        graphDocumentation ?? listDocumentation ?? scalarDocumentation ?? conversionDocumentation ?? numberDocumentation
            ?? trigonometryDocumentation ?? stringDocumentation ?? temporalDocumentation
    }

    private var graphDocumentation: FunctionDocumentation? {
        switch self {
        case .id: .init("id(entity)", "A number that names the node or relationship as long as it lives.")
        case .elementID: .init("elementId(entity)", "A text that names the node or relationship.")
        case .labels: .init("labels(node)", "The node's labels.")
        case .type: .init("type(relationship)", "The relationship's type.")
        case .keys: .init("keys(entity)", "The keys of a node, a relationship or a map.")
        case .properties: .init("properties(entity)", "The properties of a node or a relationship as a map.")
        case .startNode: .init("startNode(relationship)", "The node that the relationship leaves.")
        case .endNode: .init("endNode(relationship)", "The node that the relationship reaches.")
        case .nodes: .init("nodes(path)", "The path's nodes in their order.")
        case .relationships: .init("relationships(path)", "The path's relationships in their order.")
        case .length: .init("length(path)", "How many relationships the path has.")
        case .exists: .init("exists(value)", "Whether the value is there: not null.")
        default: nil
        }
    }

    private var listDocumentation: FunctionDocumentation? {
        switch self {
        case .size: .init("size(value)", "The members of a list, or the characters of a text.")
        case .head: .init("head(list)", "The first member; null of an empty list.")
        case .last: .init("last(list)", "The last member; null of an empty list.")
        case .tail: .init("tail(list)", "All members but the first.")
        case .range: .init("range(start, end, step?)", "The integers from start to end, both included.")
        case .reverse: .init("reverse(value)", "A list or a text back to front.")
        case .isEmpty: .init("isEmpty(value)", "Whether a list, a map or a text has nothing in it.")
        default: nil
        }
    }

    private var scalarDocumentation: FunctionDocumentation? {
        switch self {
        case .coalesce: .init("coalesce(value, …)", "The first of the values that is not null.")
        case .nullIf: .init("nullIf(value, other)", "Null where both are equal, else the value.")
        case .valueType: .init("valueType(value)", "The name of the value's type.")
        case .timestamp: .init("timestamp()", "The query's time, in milliseconds since 1970.")
        case .randomUUID: .init("randomUUID()", "A random UUID.")
        default: nil
        }
    }

    private var conversionDocumentation: FunctionDocumentation? {
        switch self {
        case .toBoolean: .init("toBoolean(value)", "A text or an integer as a boolean; null where it is none.")
        case .toBooleanOrNull: .init("toBooleanOrNull(value)", "The same, with null for values of other types.")
        case .toBooleanList: .init("toBooleanList(list)", "The same for every member.")
        case .toInteger: .init("toInteger(value)", "A number, a boolean or a text as an integer; null where it is none.")
        case .toIntegerOrNull: .init("toIntegerOrNull(value)", "The same, with null for values of other types.")
        case .toIntegerList: .init("toIntegerList(list)", "The same for every member.")
        case .toFloat: .init("toFloat(value)", "A number or a text as a float; null where it is none.")
        case .toFloatOrNull: .init("toFloatOrNull(value)", "The same, with null for values of other types.")
        case .toFloatList: .init("toFloatList(list)", "The same for every member.")
        case .toString: .init("toString(value)", "A number, a boolean, a text or a time as a text.")
        case .toStringOrNull: .init("toStringOrNull(value)", "The same, with null for values of other types.")
        case .toStringList: .init("toStringList(list)", "The same for every member.")
        default: nil
        }
    }

    private var numberDocumentation: FunctionDocumentation? {
        switch self {
        case .abs: .init("abs(number)", "The number without its sign.")
        case .ceil: .init("ceil(number)", "The smallest whole number that is not below it, as a float.")
        case .floor: .init("floor(number)", "The largest whole number that is not above it, as a float.")
        case .round:
            .init("round(number, digits?, mode?)", "Rounded to so many digits: halves up, or as the mode says.")
        case .sign: .init("sign(number)", "-1, 0 or 1.")
        case .random: .init("rand()", "A random float from 0 to below 1.")
        case .isNaN: .init("isNaN(number)", "Whether it is no number.")
        case .exp: .init("exp(number)", "e to the power of the number.")
        case .log: .init("log(number)", "The natural logarithm.")
        case .log10: .init("log10(number)", "The logarithm to base 10.")
        case .sqrt: .init("sqrt(number)", "The square root; NaN below zero.")
        case .e: .init("e()", "The base of the natural logarithm.")
        case .pi: .init("pi()", "Half a circle's angle, in radians.")
        default: nil
        }
    }

    private var trigonometryDocumentation: FunctionDocumentation? {
        switch self {
        case .sin: .init("sin(angle)", "The sine of an angle in radians.")
        case .cos: .init("cos(angle)", "The cosine.")
        case .tan: .init("tan(angle)", "The tangent.")
        case .cot: .init("cot(angle)", "The cotangent.")
        case .asin: .init("asin(number)", "The angle whose sine it is.")
        case .acos: .init("acos(number)", "The angle whose cosine it is.")
        case .atan: .init("atan(number)", "The angle whose tangent it is.")
        case .atan2: .init("atan2(y, x)", "The angle of the point (x, y).")
        case .degrees: .init("degrees(angle)", "An angle in degrees.")
        case .radians: .init("radians(angle)", "An angle in radians.")
        case .haversin: .init("haversin(angle)", "Half of the versine.")
        default: nil
        }
    }

    private var stringDocumentation: FunctionDocumentation? {
        switch self {
        case .left: .init("left(text, length)", "The first characters.")
        case .right: .init("right(text, length)", "The last characters.")
        case .substring: .init("substring(text, start, length?)", "From a position on, counted from 0.")
        case .replace: .init("replace(text, search, replacement)", "With every occurrence replaced.")
        case .split: .init("split(text, delimiter)", "The parts between the delimiters.")
        case .toUpper: .init("toUpper(text)", "In upper case.")
        case .toLower: .init("toLower(text)", "In lower case.")
        case .upper: .init("upper(text)", "In upper case.")
        case .lower: .init("lower(text)", "In lower case.")
        case .trim: .init("trim(text, characters?)", "Without white space, or the characters, at both ends.")
        case .btrim: .init("btrim(text, characters?)", "The same.")
        case .ltrim: .init("ltrim(text, characters?)", "The same at the beginning.")
        case .rtrim: .init("rtrim(text, characters?)", "The same at the end.")
        case .charLength: .init("char_length(text)", "How many characters it has.")
        case .characterLength: .init("character_length(text)", "How many characters it has.")
        default: nil
        }
    }

    private var temporalDocumentation: FunctionDocumentation {
        switch self {
        case .date: .init("date(from?)", "A date from a text, a map or another value; today's without one.")
        case .time: .init("time(from?)", "A time of day at an offset.")
        case .localTime: .init("localtime(from?)", "A time of day.")
        case .dateTime: .init("datetime(from?)", "A moment in a time zone.")
        case .localDateTime: .init("localdatetime(from?)", "A date and a time of day.")
        case .dateTimeFromEpoch:
            .init("datetime.fromEpoch(seconds, nanoseconds)", "The moment so long after 1970-01-01T00:00Z.")
        case .dateTimeFromEpochMillis:
            .init("datetime.fromEpochMillis(milliseconds)", "The moment so long after 1970-01-01T00:00Z.")
        case .duration: .init("duration(from)", "A duration from a text or a map.")
        case .durationBetween: .init("duration.between(from, to)", "Months, days and seconds from one time to another.")
        case .durationInMonths: .init("duration.inMonths(from, to)", "Whole months from one time to another.")
        case .durationInDays: .init("duration.inDays(from, to)", "Whole days from one time to another.")
        case .durationInSeconds: .init("duration.inSeconds(from, to)", "Seconds from one time to another.")
        case .dateTruncate, .timeTruncate, .localTimeTruncate, .dateTimeTruncate, .localDateTimeTruncate:
            .init("\(rawValue)(unit, from?, fields?)", "Without what is below the unit; then with the map's fields set.")
        default: .init("\(rawValue)(zone?)", "The query's time, in the zone or in UTC.")
        }
    }
}

extension AggregateFunction {
    /// What a call of it looks like.
    package var documentation: String {
        switch self {
        case .count: "count(value)"
        case .sum: "sum(number)"
        case .average: "avg(number)"
        case .minimum: "min(value)"
        case .maximum: "max(value)"
        case .collect: "collect(value)"
        case .standardDeviation: "stDev(number)"
        case .populationStandardDeviation: "stDevP(number)"
        case .percentileDiscrete: "percentileDisc(number, percentile)"
        case .percentileContinuous: "percentileCont(number, percentile)"
        }
    }
}
