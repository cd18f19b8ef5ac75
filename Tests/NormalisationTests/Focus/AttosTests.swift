import Foundation
import Testing

@testable import Normalisation

@Suite struct AttosTests {
    static func parse(_ text: String) -> Attos? { Array(text.utf8).withUnsafeBufferPointer { Attos(decimal: $0) } }

    @Test(
        "A decimal becomes billionths, halves away from zero",
        arguments: [
            ("0", 0), ("0.00000080000", 800), ("-2.6137", -2_613_700_000), ("+1", 1_000_000_000), (".5", 500_000_000),
            ("5.", 5_000_000_000), ("1.2E-7", 120), ("1.2e+3", 1_200_000_000_000), ("5e-10", 1), ("-5e-10", -1),
            ("4.999999999e-10", 0), (" 1 ", 1_000_000_000), ("0e99999999999999999999", 0), ("1e-99999999999", 0),
            ("9223372036.854775807", Int64.max), ("-9223372036.854775808", Int64.min),
            ("0000000000000000000000000000000000000000000000001", 1_000_000_000),
            ("0.00000000000000000000000000000000000000000000000000000001", 0),
            ("2.3198314011096954e-05", 23_198),
        ] as [(String, Int64)])
    func nanos(text: String, nanos: Int64) {
        #expect(Self.parse(text)?.nanos == nanos)
    }

    @Test(
        "What is no number, or none in range, is refused",
        arguments: [
            "", " ", "-", ".", "1,5", "1.2.3", "e5", "1e", "1e+", "0x10", "NaN", "inf", "1 2", "9223372036.8547758075",
            "1e10", "-1e11", "99999999999999999999999999999999999999999999999999", "1e99999999999999999999", "１",
        ])
    func refused(text: String) {
        #expect(Self.parse(text) == nil)
    }

    @Test("Sums of random amounts are exact")
    func sums() throws {
        let seed: UInt64 = 7_261_123
        var generator = SplitMix64(state: seed)
        for _ in 0..<200 {
            var exact = Decimal(0)
            var sum = Attos.zero
            for _ in 0..<50 {
                let whole = generator.next() % 1_000_000
                let fraction = String(generator.next() % 1_000_000_000_000)
                let padded = String(repeating: "0", count: 12 - fraction.count) + fraction
                let text = (generator.next() % 2 == 0 ? "-" : "") + "\(whole).\(padded)"
                exact += try #require(Decimal(string: text))
                sum.add(try #require(Self.parse(text)))
            }
            var rounded = Decimal()
            var scaled = exact * Decimal(1_000_000_000)
            NSDecimalRound(&rounded, &scaled, 0, .plain)
            #expect(Decimal(sum.nanos) == rounded, "seed \(seed)")
        }
    }
}
