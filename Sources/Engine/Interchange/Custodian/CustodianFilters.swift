internal import Conditions
internal import JSON
internal import Model

/// Reads the filters of one policy.
struct CustodianFilters {
    let target: CustodianTarget
    /// What ages are counted from; nil: they cannot be.
    let moment: Timestamp?
    /// What is read otherwise than it was meant: where, and how.
    private(set) var changes: [Untranslatable] = []

    init(target: CustodianTarget, moment: Timestamp?) {
        self.target = target
        self.moment = moment
    }

    /// All of a list of filters; a single one may stand without a list.
    mutating func all(_ value: JSONValue, at pointer: JSONPointer) throws(Untranslatable) -> Selection {
        let elements = value.array ?? [value]
        var parts: [Selection] = []
        for (position, element) in elements.enumerated() {
            let place = value.array == nil ? pointer : pointer.appending(position)
            parts.append(try filter(element, at: place))
        }
        return .all(parts)
    }

    private mutating func filter(_ value: JSONValue, at pointer: JSONPointer) throws(Untranslatable) -> Selection {
        if let name = value.string { return try typed(name, [], at: pointer) }
        guard let members = value.members, let first = members.first else {
            throw Untranslatable(
                "a filter is a name or an object, not \(value.kindName)", "mend it in the source", at: pointer)
        }
        if members.count == 1, first.name != "type" {
            let place = pointer.appending(first.name)
            switch first.name.lowercased() {
            case "and": return try all(first.value, at: place)
            case "or": return try alternatives(first.value, at: place)
            case "not": return .not(try all(first.value, at: place))
            default:
                return try compare(first.name, nil, first.value, nil, at: pointer, valueAt: place)
            }
        }
        guard let type = value["type"]?.string else {
            throw Untranslatable("the filter has no type", "add `type: value` or what it is", at: pointer)
        }
        return try typed(type, members, at: pointer)
    }

    private mutating func alternatives(_ value: JSONValue, at pointer: JSONPointer) throws(Untranslatable) -> Selection {
        guard case .all(let parts) = try all(value, at: pointer), !parts.isEmpty else {
            throw Untranslatable("`or` of nothing selects nothing", "take it out", at: pointer)
        }
        return .any(parts)
    }

    private mutating func typed(
        _ type: String, _ members: [JSONValue.Member], at pointer: JSONPointer
    ) throws(Untranslatable) -> Selection {
        let body = JSONValue.object(members)
        switch type {
        case "value":
            let known = ["type", "key", "op", "value", "value_type"]
            if let other = members.first(where: { !known.contains($0.name) }) {
                throw Untranslatable(
                    "`\(other.name.shortened)` takes the value from elsewhere, or changes it first",
                    "write the values into the filter as `value`", at: pointer.appending(other.name))
            }
            guard let key = body["key"]?.string, let value = body["value"] else {
                throw Untranslatable("a value filter needs `key` and `value`", "mend it in the source", at: pointer)
            }
            return try compare(
                key, try text("op", in: body, at: pointer), value, try text("value_type", in: body, at: pointer),
                at: pointer, valueAt: pointer.appending("value"))
        case "marked-for-op": return try marked(body, at: pointer)
        case "tag-count": return try tagCount(body, at: pointer)
        default:
            throw Untranslatable(
                "`\(type.shortened)` asks the provider for what is not in the inventory",
                "say it with value filters over the resource's own attributes", at: pointer)
        }
    }

    private func text(
        _ name: String, in body: JSONValue, at pointer: JSONPointer
    ) throws(Untranslatable) -> String? {
        guard let value = body[name], !value.isNull else { return nil }
        guard let text = value.string else {
            throw Untranslatable(
                "`\(name)` is \(value.kindName), not a text", "mend it in the source", at: pointer.appending(name))
        }
        return text
    }

    // MARK: Values

    private mutating func compare(
        _ key: String, _ operation: String?, _ value: JSONValue, _ type: String?, at pointer: JSONPointer,
        valueAt place: JSONPointer
    ) throws(Untranslatable) -> Selection {
        let field = try target.field(key, at: pointer)
        if case .metadata(let path) = field {
            changes.append(
                Untranslatable(
                    "\"\(key.shortened)\" is read from the resource's metadata, as metadata.\(path.shortened)",
                    "see that it is there: `vtag resources get`", at: pointer))
        }
        let filter = ValueFilter(
            field: field, operation: operation, value: value, valueType: type, pointer: pointer, moment: moment)
        let condition: Condition
        do throws(Untranslatable) {
            condition = try filter.condition()
        } catch {
            // In the short form there is no member `value` to point at.
            let isShort = place.text != pointer.appending("value").text
            throw isShort ? Untranslatable(error.why, error.advice, at: place) : error
        }
        if let moment, type == "age" || type == "expiration" { frozen(moment, at: pointer) }
        return Selection(condition)
    }

    private mutating func frozen(_ moment: Timestamp, at pointer: JSONPointer) {
        changes.append(
            Untranslatable(
                "days are counted from \(moment), once and for all", "import again for another day", at: pointer))
    }

    // MARK: Marks and counts

    static let markKey = "maid_status"

    /// `marked-for-op`: a tag that says `MESSAGE: OP@YYYY/MM/DD`, with a day that has come.
    private mutating func marked(_ body: JSONValue, at pointer: JSONPointer) throws(Untranslatable) -> Selection {
        guard let moment else {
            throw Untranslatable(
                "whether the marked day has come depends on when Cloud Custodian runs; a condition has no such moment",
                "name one with --at: marks are then judged as of that time, and stay as judged", at: pointer)
        }
        let key = try text("tag", in: body, at: pointer) ?? Self.markKey
        let operation = try text("op", in: body, at: pointer) ?? "stop"
        let skew = (body["skew"]?.double ?? 0) * 24 + (body["skew_hours"]?.double ?? 0)
        guard (0...240_000).contains(skew) else {
            throw Untranslatable("the skew is out of bounds", "give some days", at: pointer)
        }
        frozen(moment, at: pointer)
        let day = moment.adding(milliseconds: Int64(skew * 3_600_000)).description.prefix(10)
        let due = DayPattern.upTo(String(day).replacing("-", with: "/"))
        let pattern = #"(?s)^.*:\s*"# + quotedPattern(operation) + "@(?:\(due))"
        return .test(FieldTest(target.tag(key), .regex, .text(pattern)))
    }

    private func tagCount(_ body: JSONValue, at pointer: JSONPointer) throws(Untranslatable) -> Selection {
        let count = body["count"] == nil ? 10 : body["count"]?.int ?? -1
        guard (0...1000).contains(count) else {
            throw Untranslatable(
                "the count is not a whole number from 0 to 1000", "mend it in the source", at: pointer.appending("count"))
        }
        func between(_ min: Int, _ max: Int?) -> Selection { .tagCount(min: min, max: max, at: pointer) }
        switch try text("op", in: body, at: pointer) ?? "gte" {
        case "gte", "ge": return between(count, nil)
        case "gt", "greater-than": return between(count + 1, nil)
        case "lte", "le": return between(0, count)
        case "lt", "less-than":
            guard count > 0 else {
                throw Untranslatable("no resource has less than 0 tags", "take the filter out", at: pointer)
            }
            return between(0, count - 1)
        case "eq", "equal": return between(count, count)
        case "ne", "not-equal": return .not(between(count, count))
        case let other:
            throw Untranslatable(
                "tags are not counted by \"\(other.shortened)\"", "use eq, ne, gt, gte, lt or lte",
                at: pointer.appending("op"))
        }
    }
}

/// Days as text, compared by a regular expression.
enum DayPattern {
    /// Matches `YYYY/MM/DD` up to that day: an earlier one with anything after it, the day itself with nothing.
    static func upTo(_ day: String) -> String {
        var alternatives = [quotedPattern(day) + #"\s*$"#]
        var before = ""
        for (position, character) in day.enumerated() {
            if let digit = character.wholeNumberValue, digit > 0 {
                let rest = day.dropFirst(position + 1).map { $0 == "/" ? "/" : "[0-9]" }.joined()
                alternatives.append("\(before)[0-\(digit - 1)]\(rest)")
            }
            before.append(character)
        }
        return alternatives.joined(separator: "|")
    }
}
