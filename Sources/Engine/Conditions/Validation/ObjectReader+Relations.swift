package import JSON
package import Model

extension ObjectReader {
    /// The required names of relationships, as resources tell them (`attached_to`) or in capitals, each once.
    package func relationshipTypes(_ name: String, into errors: inout ValidationErrors) -> RelationshipTypes? {
        guard let value = required(name, into: &errors) else { return nil }
        let place = place(of: name)
        guard let elements = value.array, !elements.isEmpty, elements.count <= RelationshipType.allCases.count else {
            errors.add("expected an array of 1 to \(RelationshipType.allCases.count) types of relationships", at: place)
            return nil
        }
        let before = errors
        var types: RelationshipTypes = []
        for (position, element) in elements.enumerated() {
            guard let text = element.string else {
                errors.add("expected a string, found \(element.kindName)", at: place.appending(position))
                continue
            }
            guard let type = RelationshipType(name: text.lowercased()) else {
                let hint = Suggestion.clause(for: text.lowercased(), among: RelationshipType.allCases.map(\.name))
                errors.add("there is no relationship \"\(text.shortened)\"\(hint)", at: place.appending(position))
                continue
            }
            types.insert(type)
        }
        return errors == before ? types : nil
    }

    /// `out` unless told.
    package func direction(_ name: String, into errors: inout ValidationErrors) -> RelationQuery.Direction {
        choice(name, as: RelationQuery.Direction.self, into: &errors) ?? .outgoing
    }

    /// A number of steps along relationships; nil where it is not given.
    package func depth(_ name: String, into errors: inout ValidationErrors) -> Int? {
        int(name, in: 1...RelationQuery.depthMax, into: &errors)
    }
}

extension RelationshipTypes {
    /// As they are written in a document.
    package var json: JSONValue {
        .array(RelationshipType.allCases.filter { contains($0) }.map { .string($0.name) })
    }
}
