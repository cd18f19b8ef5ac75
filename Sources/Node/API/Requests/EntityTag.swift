import HTTPTransport
import Shard

/// The ETag of a thing: the index of the log entry, or the version, that last changed it.
struct EntityTag: Equatable, Sendable {
    let index: UInt64

    /// With quotes; at most 15 bytes, and so without allocation, below 2⁵².
    var text: String { "\"\(String(index, radix: 16))\"" }
}

/// `If-Match` and `If-None-Match` (RFC 9110 section 13.1).
enum ConditionalRequest {
    /// What a list of entity tags names.
    enum Match: Equatable {
        case any
        /// The tags that have our form; others match nothing.
        case tags([UInt64])

        func contains(_ tag: EntityTag) -> Bool {
            switch self {
            case .any: true
            case .tags(let indexes): indexes.contains(tag.index)
            }
        }
    }

    /// Compared weakly: `W/` is overlooked.
    static func ifNoneMatch(of head: HTTPRequestHead) -> Match? { match(head, "if-none-match", weak: true) }

    /// What must hold for a write. Several tags in `If-Match` are refused, as only one can be the present one and a list
    /// means that the caller does not know which.
    static func precondition(of head: HTTPRequestHead) throws(Problem) -> Precondition {
        if let match = match(head, "if-match", weak: false) {
            switch match {
            case .any: return .exists
            case .tags(let tags):
                guard tags.count <= 1 else { throw .badRequest("If-Match must name one ETag here.") }
                guard let tag = tags.first else { throw .stale }
                return .unchangedSince(tag)
            }
        }
        return match(head, "if-none-match", weak: true) == .any ? .absent : .none
    }

    private static func match(_ head: HTTPRequestHead, _ name: String, weak: Bool) -> Match? {
        let values = head.headers.values(of: name)
        guard !values.isEmpty else { return nil }
        let tags = values.flatMap { $0.split(separator: ",") }.map { trimmed($0) }
        if tags == ["*"] { return .any }
        return .tags(tags.compactMap { index($0, weak: weak) })
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }

    private static func index(_ text: Substring, weak: Bool) -> UInt64? {
        var text = text
        if weak, text.hasPrefix("W/") { text = text.dropFirst(2) }
        guard text.count >= 3, text.first == "\"", text.last == "\"" else { return nil }
        let digits = text.dropFirst().dropLast()
        guard digits.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else { return nil }
        return UInt64(digits, radix: 16)
    }
}
