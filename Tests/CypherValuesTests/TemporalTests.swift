import CypherSyntax
import CypherValues
import Testing

@Suite("Dates, times and durations")
struct TemporalTests {
    /// Central European Time by its rule, with one change before: 1980-04-06 in the place of mean solar time.
    private struct OneZone: TimeZoneSource {
        func rules(named name: String) -> TimeZoneRules? {
            name == "Europe/Test" ? TimeZoneRules(tzif: TemporalTests.zoneFile) : nil
        }
    }

    /// A version 2 file: an empty block of 32 bits, then one transition to +01:00, and the rule that holds after it.
    static let zoneFile: [UInt8] = {
        func header(_ times: UInt8, _ types: UInt8, _ letters: UInt8) -> [UInt8] {
            Array("TZif2".utf8) + Array(repeating: 0, count: 15 + 15)
                + [times, 0, 0, 0, types, 0, 0, 0, letters]
        }
        let start: Int64 = 323_823_600
        let instant = (0..<8).map { UInt8(truncatingIfNeeded: start >> (56 - 8 * Int64($0))) }
        let types: [UInt8] = [0, 0, 0x0C, 0xB8, 0, 0] + [0, 0, 0x0E, 0x10, 0, 0]
        return header(0, 1, 1) + [0, 0, 0, 0, 0, 0] + [0] + header(1, 2, 1) + instant + [1] + types + [0]
            + Array("\nCET-1CEST,M3.5.0,M10.5.0/3\n".utf8)
    }()

    private func value(_ text: String) throws(CypherError) -> CypherValue {
        try CypherValuesTests.value(of: text, context: EvaluationContext(zones: OneZone()))
    }

    @Test(
        "A named zone's offset follows its file and its rule",
        arguments: [
            ("1950-01-01T12:00", "+00:54:16"), ("2024-01-01T12:00", "+01:00"), ("2024-07-01T12:00", "+02:00"),
            // The hour that is left out moves behind the gap; of the one that comes twice the first is meant.
            ("2024-03-31T02:30", "+02:00"), ("2024-10-27T02:30", "+02:00"), ("2024-10-27T03:00", "+01:00"),
            ("9999-07-01T00:00", "+02:00"),
        ])
    func zones(_ local: String, _ offset: String) throws {
        #expect(try value("datetime('\(local)[Europe/Test]').offset") == .string(offset))
    }

    @Test("A clock that is set back tells its hours apart by their offsets")
    func repeatedHour() throws {
        let second = "datetime('2024-10-27T02:30+01:00[Europe/Test]')"
        #expect(try value("toString(\(second))") == "2024-10-27T02:30+01:00[Europe/Test]")
        #expect(
            try value("duration.inSeconds(datetime('2024-10-27T02:30[Europe/Test]'), \(second)).seconds") == 3600)
        #expect(
            try value("toString(datetime('2024-03-30T02:30[Europe/Test]') + duration('P1D'))")
                == "2024-03-31T03:30+02:00[Europe/Test]")
    }

    @Test("The first and the last year have all their parts")
    func extremes() throws {
        #expect(try value("datetime({year: 999999999, month: 12, day: 31}).epochMillis") == .integer(.max))
        #expect(try value("toString(datetime({year: -999999999}) + duration('PT1H'))") == "-999999999-01-01T01:00Z")
        #expect(
            try value("toString(duration.between(date('-999999999-01-01'), date('+999999999-12-31')))")
                == "P1999999998Y11M30D")
    }

    @Test("A file that is no zone is refused, wherever it is cut off or changed")
    func hostileFiles() {
        let file = Self.zoneFile
        #expect(TimeZoneRules(tzif: file) != nil)
        for length in 0..<(file.count - 30) { #expect(TimeZoneRules(tzif: Array(file[..<length])) == nil) }
        for position in file.indices {
            for byte in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
                var changed = file
                changed[position] = byte
                guard let rules = TimeZoneRules(tzif: changed) else { continue }
                for instant in [Int64.min / 4, -1, 0, 1 << 33, Int64.max / 4] as [Int64] { _ = rules.offset(at: instant) }
            }
        }
    }

    @Test(
        "Wrong dates, times and durations are errors, and never crashes",
        arguments: [
            "date('2024-02-30')", "date('2024-W54')", "date('20241')", "date('')", "date('+9999999999-01-01')",
            "time('24:00')", "time('12:60')", "datetime('2024-01-01T00:00+19:00')", "datetime('2024-01-01T00:00[No/Where]')",
            "localdatetime('2024-01-01T')", "duration('P')", "duration('PT')", "duration('P1')", "duration('P1S')",
            "duration('P99999999999999999999D')", "date({year: 2024, month: 13})", "date({month: 1})", "date({year: null})",
            "date({year: 2024, day: 1})", "time({minute: 1})", "date({yeer: 2024})", "datetime({epochSeconds: 9e18})",
            "datetime({epochSeconds: 9223372036854775807})", "datetime({epochMillis: 9223372036854775807})",
            "date('2024-01-01') + duration({years: 999999999999})",
            "date('2024-01-01') + duration({days: 9223372036854775807})",
            "date('2024-01-01') + duration({months: 9223372036854775807})", "duration({years: 9223372036854775807})",
            "datetime('2024-01-01T00:00Z') - duration({seconds: 9223372036854775807})", "duration({days: 1e300})",
            "duration({days: 9223372036854775807}) * 2", "duration({days: 1}) / 0", "date.truncate('eon', date())",
            "date.truncate('year', 1)", "date('2024-01-01').foo", "duration({days: 0.0 / 0.0})",
        ])
    func wrong(_ text: String) {
        #expect(failure(of: text, context: EvaluationContext(zones: OneZone())) != nil, "\(text)")
    }

    @Test("Every day of 800 years comes back from its text and from its week")
    func days() throws {
        // A day apart from the next by a number that shares no factor with a week, a year or a leap cycle.
        for days in stride(from: Int64(-720_000), to: 290_000, by: 97) {
            let date = CypherValue.date(CypherDate(days: days))
            let text = try #require(date.temporalText)
            let parameters: CypherMap = ["d": date, "t": .string(text)]
            #expect(try CypherValuesTests.value(of: "date($t) = $d", parameters) == true, "\(text)")
            let week = "date({year: $d.weekYear, week: $d.week, dayOfWeek: $d.dayOfWeek}) = $d"
            #expect(try CypherValuesTests.value(of: week, parameters) == true, "\(text)")
        }
    }

    @Test("What lies between two times takes one to the other, whatever they are")
    func between() throws {
        var state: UInt64 = 20_241_123
        func random(_ count: Int64) -> Int64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int64(state >> 33) % count
        }
        for _ in 0..<500 {
            func time() -> CypherValue {
                .localDateTime(CypherLocalDateTime(seconds: random(4_000_000_000), nanosecond: Int32(random(1_000_000_000))))
            }
            let parameters: CypherMap = ["a": time(), "b": time()]
            for text in ["$a + duration.between($a, $b) = $b", "$a + duration.inSeconds($a, $b) = $b"] {
                #expect(try CypherValuesTests.value(of: text, parameters) == true, "\(parameters)")
            }
        }
    }
}
