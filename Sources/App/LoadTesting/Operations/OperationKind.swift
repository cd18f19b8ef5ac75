/// What a load can consist of.
package enum OperationKind: String, CaseIterable, Sendable {
    case pointRead = "point_read"
    /// A point read that any replica may answer. Never checked.
    case staleRead = "stale_read"
    case list
    case tagWrite = "tag_write"
    case bulkApply = "bulk_apply"
    case ruleChange = "rule_change"
    case ingest

    /// Whether it sets tags whose values are checked in the end.
    package var writesTags: Bool { self == .tagWrite || self == .bulkApply }

    package var changesAnything: Bool {
        switch self {
        case .pointRead, .staleRead, .list: false
        case .tagWrite, .bulkApply, .ruleChange, .ingest: true
        }
    }

    /// Whether it is carried out whole or not at all. Others go to several shards, and a refusal may be of one of them alone.
    package var isOneCommand: Bool { self != .bulkApply && self != .ingest }

    /// What the scenario calls the number of items of one operation; nil for operations about one thing.
    package var sizeName: String? {
        switch self {
        case .list: "limit"
        case .bulkApply, .ingest: "items"
        case .pointRead, .staleRead, .tagWrite, .ruleChange: nil
        }
    }

    package var sizeDefault: Int {
        switch self {
        case .list: 100
        case .bulkApply: 20
        case .ingest: 50
        case .pointRead, .staleRead, .tagWrite, .ruleChange: 1
        }
    }

    package static let sizeMax = 1_000
}
