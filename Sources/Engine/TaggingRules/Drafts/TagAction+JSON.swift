internal import Conditions
package import JSON
package import Model

extension TagAction {
    /// Most entries in one `map_value`.
    package static let mappingMax = 10_000

    private static let names = ["set_tag", "copy_tag", "map_value", "remove_tag", "inherit_tag"]

    /// Reads one action: an object with one member, `{"set_tag": {…}}`. Nil, with all problems in `errors`, when anything
    /// is wrong. `groups`: most groups of the rule's regular expressions, nil without one.
    init?(json: JSONValue, at pointer: JSONPointer, groups: Int?, into errors: inout ValidationErrors) {
        let before = errors
        guard let reader = ObjectReader(json, at: pointer, accepting: Self.names, into: &errors) else { return nil }
        let present = Self.names.filter { reader.value($0) != nil }
        guard let name = present.first, present.count == 1 else {
            if errors == before {
                let list = Self.names.joined(separator: ", ")
                errors.add("an action is an object with one member, which is one of \(list)", at: pointer)
            }
            return nil
        }
        guard errors == before else { return nil }
        let place = reader.place(of: name)
        let body = reader.value(name) ?? .null
        switch name {
        case "set_tag": self.init(setTag: body, at: place, groups: groups, into: &errors)
        case "copy_tag": self.init(copyTag: body, at: place, into: &errors)
        case "map_value": self.init(mapValue: body, at: place, into: &errors)
        case "remove_tag": self.init(removeTag: body, at: place, into: &errors)
        default: self.init(inheritTag: body, at: place, into: &errors)
        }
        guard errors == before else { return nil }
    }

    private init?(setTag json: JSONValue, at place: JSONPointer, groups: Int?, into errors: inout ValidationErrors) {
        guard let reader = ObjectReader(json, at: place, accepting: ["key", "value"], into: &errors) else { return nil }
        let key = reader.tagKey("key", into: &errors)
        let value = reader.required("value", into: &errors).flatMap {
            reader.tagValue($0, at: reader.place(of: "value"), into: &errors)
        }
        guard let key, let value else { return nil }
        do throws(Template.Malformed) {
            for case .group(let group) in try Template(value).parts where group > (groups ?? -1) {
                let needed =
                    groups.map { "the rule's regular expressions have at most \($0) groups" }
                    ?? "the rule's conditions have no regular expression"
                errors.add("\"${regex.\(group)}\" refers to nothing; \(needed)", at: reader.place(of: "value"))
            }
        } catch {
            errors.add(error.message, at: reader.place(of: "value"))
        }
        self = .setTag(key: key, value: value)
    }

    private init?(copyTag json: JSONValue, at place: JSONPointer, into errors: inout ValidationErrors) {
        guard let reader = ObjectReader(json, at: place, accepting: ["from", "key"], into: &errors) else { return nil }
        let from = reader.source("from", into: &errors)
        guard let key = reader.tagKey("key", into: &errors), let from else { return nil }
        self = .copyTag(from: from, key: key)
    }

    private init?(mapValue json: JSONValue, at place: JSONPointer, into errors: inout ValidationErrors) {
        let fields = ["key", "from", "mapping", "default"]
        guard let reader = ObjectReader(json, at: place, accepting: fields, into: &errors) else { return nil }
        let key = reader.tagKey("key", into: &errors)
        let from = reader.source("from", into: &errors)
        let fallback = reader.value("default").flatMap {
            reader.tagValue($0, at: reader.place(of: "default"), into: &errors)
        }
        var mapping: [Tag] = []
        if let value = reader.required("mapping", into: &errors) {
            let place = reader.place(of: "mapping")
            let members = value.members
            if let members, (1...Self.mappingMax).contains(members.count) {
                var seen: Set<String> = []
                for member in members {
                    if !seen.insert(member.name).inserted {
                        errors.add("the value is given twice", at: place.appending(member.name))
                    }
                    if let text = reader.tagValue(member.value, at: place.appending(member.name), into: &errors) {
                        mapping.append(Tag(member.name, text))
                    }
                }
            } else {
                let found = members.map { "\($0.count) members" } ?? value.kindName
                errors.add("expected an object with 1 to \(Self.mappingMax) members, found \(found)", at: place)
            }
        }
        guard let key, let from else { return nil }
        self = .mapValue(key: key, from: from, mapping: mapping, fallback: fallback)
    }

    private init?(removeTag json: JSONValue, at place: JSONPointer, into errors: inout ValidationErrors) {
        guard let reader = ObjectReader(json, at: place, accepting: ["key"], into: &errors),
            let key = reader.tagKey("key", into: &errors)
        else { return nil }
        self = .removeTag(key: key)
    }

    private init?(inheritTag json: JSONValue, at place: JSONPointer, into errors: inout ValidationErrors) {
        let fields = ["key", "types", "direction", "max_depth"]
        guard let reader = ObjectReader(json, at: place, accepting: fields, into: &errors) else { return nil }
        let key = reader.tagKey("key", into: &errors)
        let types = reader.relationshipTypes("types", into: &errors)
        let direction = reader.direction("direction", into: &errors)
        let depth = reader.depth("max_depth", into: &errors) ?? 1
        guard let key, let types else { return nil }
        self = .inheritTag(key: key, types: types, direction: direction, depth: depth)
    }

    /// The action in the contract's form.
    package var json: JSONValue {
        switch self {
        case .setTag(let key, let value):
            .object([.init("set_tag", .object([.init("key", .string(key)), .init("value", .string(value))]))])
        case .copyTag(let from, let key):
            .object([.init("copy_tag", .object([.init("from", .string(from.text)), .init("key", .string(key))]))])
        case .mapValue(let key, let from, let mapping, let fallback):
            .object([
                .init(
                    "map_value",
                    .object(
                        [
                            .init("key", .string(key)), .init("from", .string(from.text)),
                            .init("mapping", .object(mapping.map { .init($0.key, .string($0.value)) })),
                        ] + (fallback.map { [.init("default", .string($0))] } ?? [])))
            ])
        case .removeTag(let key):
            .object([.init("remove_tag", .object([.init("key", .string(key))]))])
        case .inheritTag(let key, let types, let direction, let depth):
            .object([
                .init(
                    "inherit_tag",
                    .object([
                        .init("key", .string(key)), .init("types", types.json),
                        .init("direction", .string(direction.rawValue)), .init("max_depth", .int(depth)),
                    ]))
            ])
        }
    }
}
