/// `Accept` (RFC 9110 section 12.5.1).
enum ContentNegotiation {
    /// The first of `offered` that the field accepts best; nil when it accepts none. No field accepts everything.
    static func choose(accept: [String], offered: [String]) -> String? {
        let ranges = accept.joined(separator: ",").split(separator: ",").compactMap(Range.init)
        guard !ranges.isEmpty else { return offered.first }
        var best: (type: String, quality: Double)?
        for type in offered {
            // The most specific range that fits decides.
            guard let range = ranges.filter({ $0.fits(type) }).max(by: { $0.precision < $1.precision }), range.quality > 0
            else { continue }
            if range.quality > best?.quality ?? 0 { best = (type, range.quality) }
        }
        return best?.type
    }

    private struct Range {
        let type: Substring
        let subtype: Substring
        let quality: Double

        var precision: Int { type == "*" ? 0 : subtype == "*" ? 1 : 2 }

        init?(_ text: Substring) {
            let parts = text.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
            guard let range = parts.first?.lowercased().split(separator: "/", omittingEmptySubsequences: false),
                range.count == 2
            else { return nil }
            (type, subtype) = (range[0], range[1])
            let stated = parts.dropFirst().first { $0.lowercased().hasPrefix("q=") }
            quality = stated.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
        }

        func fits(_ offered: String) -> Bool {
            let parts = offered.split(separator: "/")
            guard parts.count == 2 else { return false }
            return (type == "*" || type == parts[0]) && (subtype == "*" || subtype == parts[1])
        }
    }
}
