import Conditions
import Model

/// Which resources a list holds: all that is stated must hold.
struct ResourceFilter: Sendable {
    var provider: Provider?
    var resourceType: String?
    var accountID: String?
    var region: String?
    var name: String?
    /// Effective virtual tags.
    var tags: [Tag] = []

    init() {}

    init(_ query: Query) throws(Problem) {
        provider = try query.value("provider", as: Provider.self)
        resourceType = query["resource_type"]
        accountID = query["account_id"]
        region = query["region"]
        name = query["name"]
        for text in query.values(of: "tag") {
            // A value may hold "=", a key may not.
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                throw .badParameter("tag", "must be KEY=VALUE")
            }
            tags.append(Tag(String(text[..<equals]), String(text[text.index(after: equals)...])))
        }
    }

    func matches(_ record: ResourceRecord) -> Bool {
        let resource = record.resource
        return (provider.map { $0 == resource.provider } ?? true)
            && (resourceType.map { $0 == resource.resourceType } ?? true)
            && (accountID.map { $0 == resource.accountID } ?? true)
            && (region.map { $0 == resource.region } ?? true)
            && (name.map { $0 == resource.name } ?? true)
            && tags.allSatisfy { tag in record.tag(tag.key)?.value == tag.value }
    }
}
