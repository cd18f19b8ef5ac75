import Foundation
import Model
import Testing

@Suite struct TimestampTests {
    @Test(
        "What occurs in the wild parses",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00.250Z", 250), ("1970-01-01", 0),
            ("1970-01-02 00:00:00", 86_400_000),
            ("1970-01-01T01:00:00+01:00", 0), ("1970-01-01T00:00:00+0000", 0), ("1969-12-31T19:00:00.5-05:00", 500),
            ("1970-01-01T00:00:00.123456789Z", 123), ("1970-01-01T00:00:00,7Z", 700), ("1970-01-01T00:00", 0),
            ("1970-01-01 00:00:00 UTC", 0), ("1970-01-01t00:00:00z", 0), ("1970-01-01T00:00:00+01", -3_600_000),
            ("2016-12-31T23:59:60Z", 1_483_228_799_000), ("2000-02-29T12:00:00Z", 951_825_600_000),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000), ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ] as [(String, Int64)])
    func parses(text: String, milliseconds: Int64) {
        #expect(Timestamp(text)?.milliseconds == milliseconds)
    }

    @Test(
        "What is no moment does not parse",
        arguments: [
            "", "1970", "1970-13-01", "1970-00-01", "1970-01-32", "1970-02-29", "1900-02-29", "1970-01-01T24:00:00Z",
            "1970-01-01T00:60:00Z", "1970-01-01T00:00:61Z", "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00+24:00",
            "1970-01-01T00:00:00+01:60", "1970-01-01T00:00:00Zx", "1970-1-1", "+970-01-01", "1970-01-01T", "１９７０-01-01",
            "1970-01-01T00:00:00+0", "1970-01-01T00:00:00 ", "19700101",
        ])
    func refuses(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test("Every moment's text parses to the moment, and is Foundation's")
    func roundTrip() throws {
        let seed: UInt64 = 4_261_123
        var state = seed
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        for _ in 0..<2_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            // From 1600 to 9999: before, Foundation counts in the Julian calendar.
            let milliseconds = Int64(state >> 16) % 265_000_000_000_000 - 11_676_096_000_000
            let moment = Timestamp(milliseconds: min(milliseconds, 253_402_300_799_999))
            #expect(Timestamp(moment.description) == moment, "seed \(seed)")
            let date = Date(timeIntervalSince1970: Double(moment.milliseconds) / 1_000)
            #expect(formatter.string(from: date).prefix(19) == moment.description.prefix(19), "seed \(seed)")
        }
    }

    @Test(
        "A moment before the year 0 or after 9999 is written as the nearest that has four digits",
        arguments: [
            (253_402_300_800_000, "9999-12-31T23:59:59.999Z"), (Int64.max, "9999-12-31T23:59:59.999Z"),
            (-62_167_219_200_001, "0000-01-01T00:00:00.000Z"), (Int64.min, "0000-01-01T00:00:00.000Z"),
        ])
    func outOfRange(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
    }

    @Test("Days count over leap years and centuries")
    func days() throws {
        for days in stride(from: Int64(-800_000), through: 3_000_000, by: 97) {
            let date = CivilDate(daysSinceEpoch: days)
            #expect(date.daysSinceEpoch == days)
            #expect(CivilDate(year: date.year, month: date.month, day: date.day) == date)
        }
    }
}
