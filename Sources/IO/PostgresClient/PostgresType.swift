/// A type by its number in `pg_type`; those below are the same in every database.
package struct PostgresType: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let bool = PostgresType(rawValue: 16)
    package static let bytea = PostgresType(rawValue: 17)
    package static let name = PostgresType(rawValue: 19)
    package static let bigint = PostgresType(rawValue: 20)
    package static let smallint = PostgresType(rawValue: 21)
    package static let integer = PostgresType(rawValue: 23)
    package static let text = PostgresType(rawValue: 25)
    package static let json = PostgresType(rawValue: 114)
    package static let double = PostgresType(rawValue: 701)
    package static let varchar = PostgresType(rawValue: 1043)
    package static let timestamptz = PostgresType(rawValue: 1184)
    package static let uuid = PostgresType(rawValue: 2950)
    package static let jsonb = PostgresType(rawValue: 3802)

    /// The type of arrays of it; nil where this client has no use for one.
    var array: PostgresType? {
        switch self {
        case .bool: PostgresType(rawValue: 1000)
        case .bytea: PostgresType(rawValue: 1001)
        case .bigint: PostgresType(rawValue: 1016)
        case .integer: PostgresType(rawValue: 1007)
        case .text: PostgresType(rawValue: 1009)
        case .double: PostgresType(rawValue: 1022)
        case .timestamptz: PostgresType(rawValue: 1185)
        case .uuid: PostgresType(rawValue: 2951)
        case .jsonb: PostgresType(rawValue: 3807)
        default: nil
        }
    }

    /// Milliseconds from 1970 to the epoch of the server's binary times, 2000-01-01.
    static let epochMilliseconds: Int64 = 946_684_800_000
}
