package import CypherValues
import Foundation
import Synchronization

/// The machine's time zones, read when a query first names one.
package final class SystemTimeZones: TimeZoneSource {
    private static let directory = "/usr/share/zoneinfo/"
    /// Names that are remembered; there are some 600.
    private static let namesMax = 1_024

    /// Nil: there is no such zone.
    private let known = Mutex<[String: TimeZoneRules?]>([:])

    package init() {}

    package func rules(named name: String) -> TimeZoneRules? {
        guard Self.isName(name) else { return nil }
        if let rules = known.withLock({ $0[name] }) { return rules }
        let bytes = try? Data(contentsOf: URL(fileURLWithPath: Self.directory + name))
        let rules = bytes.flatMap { TimeZoneRules(tzif: Array($0)) }
        known.withLock { if $0.count < Self.namesMax { $0[name] = .some(rules) } }
        return rules
    }

    /// Words with slashes between: nothing that leads out of the directory.
    private static func isName(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return (1...3).contains(parts.count)
            && parts.allSatisfy { part in
                part.count <= 32 && part.first.map { $0 >= UInt8(ascii: "A") } == true
                    && part.allSatisfy { byte in
                        switch byte {
                        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2D, 0x5F: true
                        default: false
                        }
                    }
            }
    }
}
