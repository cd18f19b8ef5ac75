package import CypherValues
package import Model

/// The stored form of values that a property or a parameter may hold: a byte for the type, then the value.
extension ByteWriter {
    /// Entities and paths have no stored form: they are never a property's value, nor a parameter.
    package mutating func value(_ value: CypherValue) {
        switch value {
        case .null: byte(0)
        case .boolean(let value): byte(value ? 2 : 1)
        case .integer(let value):
            byte(3)
            zigzag(value)
        case .float(let value):
            byte(4)
            double(value)
        case .string(let text):
            byte(5)
            string(text)
        case .list(let members):
            byte(6)
            varint(members.count)
            for member in members { self.value(member) }
        case .map(let map):
            byte(7)
            self.map(map)
        case .date(let date):
            byte(8)
            zigzag(date.days)
        case .localTime(let time):
            byte(9)
            zigzag(time.nanoseconds)
        case .time(let time):
            byte(10)
            zigzag(time.nanoseconds)
            zigzag(Int64(time.offset))
        case .localDateTime(let time):
            byte(11)
            zigzag(time.seconds)
            zigzag(Int64(time.nanosecond))
        case .dateTime(let time):
            byte(12)
            zigzag(time.epochSeconds)
            zigzag(Int64(time.nanosecond))
            zigzag(Int64(time.offset))
            optionalString(time.zone)
        case .duration(let duration):
            byte(13)
            zigzag(duration.months)
            zigzag(duration.days)
            zigzag(duration.seconds)
            zigzag(Int64(duration.nanoseconds))
        case .node, .relationship, .path: preconditionFailure("a \(value.typeName) has no stored form")
        }
    }

    package mutating func map(_ map: CypherMap) {
        varint(map.count)
        for (key, value) in map {
            string(key)
            self.value(value)
        }
    }
}

extension ByteReader {
    /// How deep lists and maps may be nested.
    private static let depthMax = 128

    /// Throws `CodecError` for what `ByteWriter.value` did not write.
    package mutating func value() throws(CodecError) -> CypherValue { try value(depth: 0) }

    package mutating func map() throws(CodecError) -> CypherMap { try map(depth: 0) }

    private mutating func map(depth: Int) throws(CodecError) -> CypherMap {
        var map = CypherMap()
        for _ in 0..<(try count()) {
            let key = try string()
            map[key] = try value(depth: depth + 1)
        }
        return map
    }

    private mutating func value(depth: Int) throws(CodecError) -> CypherValue {
        guard depth <= Self.depthMax else { throw CodecError("a value is nested too deep") }
        switch try byte() {
        case 0: return .null
        case 1: return .boolean(false)
        case 2: return .boolean(true)
        case 3: return .integer(try zigzag())
        case 4: return .float(try double())
        case 5: return .string(try string())
        case 6:
            var members: [CypherValue] = []
            for _ in 0..<(try count()) { members.append(try value(depth: depth + 1)) }
            return .list(members)
        case 7: return .map(try map(depth: depth))
        case 8: return .date(CypherDate(days: try zigzag()))
        case 9: return .localTime(CypherLocalTime(nanoseconds: try zigzag()))
        case 10:
            let nanoseconds = try zigzag()
            return .time(CypherTime(nanoseconds: nanoseconds, offset: try int32()))
        case 11:
            let seconds = try zigzag()
            return .localDateTime(CypherLocalDateTime(seconds: seconds, nanosecond: try int32()))
        case 12:
            let seconds = try zigzag()
            let (nanosecond, offset) = (try int32(), try int32())
            return .dateTime(
                CypherDateTime(epochSeconds: seconds, nanosecond: nanosecond, offset: offset, zone: try optionalString()))
        case 13:
            let (months, days, seconds) = (try zigzag(), try zigzag(), try zigzag())
            return .duration(CypherDuration(months: months, days: days, seconds: seconds, nanoseconds: try int32()))
        case let kind: throw CodecError("a value of unknown type \(kind)")
        }
    }

    private mutating func int32() throws(CodecError) -> Int32 {
        guard let value = Int32(exactly: try zigzag()) else { throw CodecError("a number is out of its range") }
        return value
    }
}
