import Conditions
import JSON
import Model
import Normalisation

/// The body of `PUT /resources/{id}`.
enum ResourceDocument {
    /// Most provider tags of one resource.
    static let nativeTagsMax = 500
    /// Most relationships of one resource.
    static let relationshipsMax = 1_000

    private static let members = [
        "provider", "resource_id", "resource_type", "name", "account_id", "region", "native_tags", "metadata",
        "relationships",
    ]
    /// What a document that was read here carries, and nobody sets.
    private static let readOnly = ["id", "version", "first_seen", "last_seen", "compliant", "costs"]

    /// Throws a 422 with all that is wrong.
    static func observation(_ value: JSONValue) throws(Problem) -> Observation {
        var errors = ValidationErrors()
        guard let reader = ObjectReader(value, at: .root, accepting: members, ignoring: readOnly, into: &errors) else {
            throw Problem(errors)
        }
        _ = reader.required("provider", into: &errors)
        let provider = reader.choice("provider", as: Provider.self, into: &errors)
        let name = reader.requiredText("resource_id", bytes: 1...ResourceReference.bytesMax, into: &errors)
        let type = reader.requiredText("resource_type", bytes: 1...256, into: &errors)
        var observation = Observation(
            provider: provider ?? .aws, resourceID: CanonicalID.canonical(provider: provider ?? .aws, name ?? ""))
        observation.resourceType = type
        observation.name = reader.text("name", bytes: 0...1024, into: &errors) ?? ""
        observation.accountID = reader.text("account_id", bytes: 0...256, into: &errors) ?? ""
        observation.region = reader.text("region", bytes: 0...128, into: &errors) ?? ""
        observation.nativeTags = nativeTags(reader, into: &errors)
        observation.metadata = metadata(reader, into: &errors)
        observation.relationships = relationships(reader, into: &errors)
        observation.statedTypes = .all
        guard errors.isEmpty else { throw Problem(errors) }
        return observation
    }

    private static func nativeTags(_ reader: ObjectReader, into errors: inout ValidationErrors) -> TagList {
        guard let value = reader.value("native_tags") else { return TagList() }
        let place = reader.place(of: "native_tags")
        guard let members = value.members, members.count <= nativeTagsMax else {
            errors.add("expected an object of at most \(nativeTagsMax) strings", at: place)
            return TagList()
        }
        var tags: [Tag] = []
        for member in members {
            let here = place.appending(member.name)
            guard let text = ObjectReader.text(member.value, at: here, bytes: 0...4096, into: &errors) else { continue }
            if member.name.isEmpty || member.name.utf8.count > 1024 {
                errors.add("the key must have 1 to 1024 bytes", at: here)
            }
            tags.append(Tag(member.name, text))
        }
        return TagList(tags)
    }

    private static func metadata(_ reader: ObjectReader, into errors: inout ValidationErrors) -> JSONText {
        guard let value = reader.value("metadata") else { return .emptyObject }
        guard case .object = value else {
            errors.add("expected an object, found \(value.kindName)", at: reader.place(of: "metadata"))
            return .emptyObject
        }
        return JSONText(trusted: value.serialised)
    }

    private static func relationships(_ reader: ObjectReader, into errors: inout ValidationErrors) -> [Relationship] {
        guard let value = reader.value("relationships") else { return [] }
        let place = reader.place(of: "relationships")
        guard let elements = value.array, elements.count <= relationshipsMax else {
            errors.add("expected an array of at most \(relationshipsMax) relationships", at: place)
            return []
        }
        return elements.enumerated().compactMap { position, element in
            let here = place.appending(position)
            guard let reader = ObjectReader(element, at: here, accepting: ["type", "target"], into: &errors),
                let name = reader.requiredText("type", bytes: 1...64, into: &errors),
                let target = reader.requiredText("target", bytes: 1...36, into: &errors)
            else { return nil }
            guard let type = RelationshipType(name: name) else {
                let names = RelationshipType.allCases.map(\.name)
                errors.add(
                    "\"\(name)\" is no relationship type\(Suggestion.clause(for: name, among: names))",
                    at: here.appending("type"))
                return nil
            }
            guard let id = UUID128(target) else {
                errors.add("expected the UUID of a resource", at: here.appending("target"))
                return nil
            }
            return Relationship(type, to: ResourceID(id))
        }
    }
}
