internal import Conditions
internal import JSON
internal import Model

/// One value filter of Cloud Custodian, read: what its documentation says of `key`, `op`, `value` and `value_type`.
///
/// Where Python and this engine differ (a number compared with text, a missing tag as the number 0, a regular expression
/// that begins at the text's beginning), the condition says what Cloud Custodian would do, or is refused with the reason.
struct ValueFilter {
    let field: ConditionField
    let operation: String?
    let value: JSONValue
    let valueType: String?
    let pointer: JSONPointer
    /// What ages are counted from; nil: they cannot be.
    let moment: Timestamp?

    /// The words for `value` that ask whether there is something, instead of comparing.
    private static let words = ["absent", "present", "not-null", "empty"]
    private static let operations: [String: String] = [
        "equal": "eq", "not-equal": "ne", "greater-than": "gt", "ge": "gte", "less-than": "lt", "le": "lte", "ni": "ni",
        "eq": "eq", "ne": "ne", "gt": "gt", "gte": "gte", "lt": "lt", "lte": "lte", "in": "in", "not-in": "not-in",
        "contains": "contains", "glob": "glob", "regex": "regex", "regex-case": "regex-case",
    ]

    func condition() throws(Untranslatable) -> Condition {
        if let word = value.string, Self.words.contains(word), valueType == nil || valueType == "normalize" {
            guard operation == nil || Self.operations[operation ?? ""] == "eq" else {
                throw refused("\"\(word)\" with `op` means something else than it seems to", "leave out `op`", at: "op")
            }
            return existence(word)
        }
        let name = try operationName()
        switch valueType {
        case nil: return try plain(name, value, ignoreCase: false)
        case "normalize": return try plain(name, value, ignoreCase: true)
        case "integer": return try numeric(name, "^[+-]?[0-9]+$")
        case "float": return try numeric(name, #"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)$"#)
        case "size": return try size(name)
        case "swap": return try swapped(name)
        case "age", "expiration", "date": return try time(name)
        case let other?:
            throw refused(
                "there is no value_type \"\(other.shortened)\" here", "say it with another filter, or write a rule by hand",
                at: "value_type")
        }
    }

    private func operationName() throws(Untranslatable) -> String {
        guard let operation else { return "eq" }
        guard let name = Self.operations[operation] else {
            let hint = Suggestion.clause(for: operation, among: Self.operations.keys.sorted())
            throw refused("there is no operator \"\(operation.shortened)\" here\(hint)", "use another operator", at: "op")
        }
        return name
    }

    private func refused(_ why: String, _ advice: String, at member: String = "value") -> Untranslatable {
        Untranslatable(why, advice, at: pointer.appending(member))
    }

    // MARK: Tests

    /// Tags and a resource's own fields hold text, never a number.
    private var holdsText: Bool { if case .metadata = field { false } else { true } }

    private func test(
        _ comparison: ConditionOperator, _ operand: FieldTest.Operand = .none, ignoreCase: Bool = false
    ) -> Condition {
        .test(FieldTest(field, comparison, operand, ignoreCase: ignoreCase))
    }

    private func number(_ comparison: ConditionOperator, _ value: JSONValue) -> Condition {
        test(comparison, .number(value.double ?? 0, value.scalar ?? "0"))
    }

    private func existence(_ word: String) -> Condition {
        switch word {
        case "absent": test(.absent)
        case "present": test(.exists)
        // Python's notion of truth: an empty text, zero and false are nothing.
        case "not-null":
            holdsText ? .all([test(.exists), test(.ne, .text(""))]) : test(.notIn, .list(Self.nothings)).and(test(.exists))
        default:
            holdsText
                ? .any([test(.absent), test(.eq, .text(""))]) : .any([test(.absent), test(.isIn, .list(Self.nothings))])
        }
    }

    private static let nothings = ["", "0", "false"]

    // MARK: Comparing as it is

    private func plain(_ name: String, _ value: JSONValue, ignoreCase: Bool) throws(Untranslatable) -> Condition {
        switch name {
        case "eq", "ne": return try equality(name == "eq", value, ignoreCase)
        case "in", "not-in", "ni": return try membership(name == "in", value, ignoreCase)
        case "gt", "gte", "lt", "lte": return try order(name, value, ignoreCase)
        case "contains":
            guard let text = value.scalar, !holdsText || value.string != nil else {
                throw refused("`contains` needs one text", "use `in` for a list of values")
            }
            return test(.contains, .text(text), ignoreCase: ignoreCase)
        case "glob": return try glob(value, ignoreCase)
        default:
            guard let regex = value.string else { throw refused("`\(name)` needs a text", "put quotes around the value") }
            // Python matches from the beginning of the text, and without regard to case unless told.
            let anchored = "^(?:\(regex.replacing("\\Z", with: "\\z")))"
            return try checked(test(.regex, .text(anchored), ignoreCase: ignoreCase || name == "regex"))
        }
    }

    private func equality(_ equal: Bool, _ value: JSONValue, _ ignoreCase: Bool) throws(Untranslatable) -> Condition {
        let comparison: ConditionOperator = equal ? .eq : .ne
        switch value {
        case .null: return test(equal ? .absent : .exists)
        case .string(let text):
            if ignoreCase { try mustBeLower(text) }
            return test(comparison, .text(text), ignoreCase: ignoreCase)
        case .int, .double:
            guard holdsText else { return number(comparison, value) }
        case .bool(let bool):
            guard holdsText else { return test(comparison, .text(bool ? "true" : "false")) }
        case .array, .object:
            throw refused("one value is compared with \(value.kindName)", "use `op: in` for a list of values")
        }
        throw refused(
            "a tag is text, which in Cloud Custodian never equals \(value.kindName)",
            "put quotes around the value, or add `value_type: integer`")
    }

    private func mustBeLower(_ text: String) throws(Untranslatable) {
        guard text == text.lowercased() else {
            throw refused(
                "what is normalised is in lower case, and never equals \"\(text.shortened)\"", "write it in lower case")
        }
    }

    private func membership(_ isIn: Bool, _ value: JSONValue, _ ignoreCase: Bool) throws(Untranslatable) -> Condition {
        guard let elements = value.array else {
            throw refused(
                "`\(operation ?? "in")` asks whether the tag is a part of \(value.kindName)", "give a list of values")
        }
        var texts: [String] = []
        for (position, element) in elements.enumerated() {
            guard let text = element.scalar, !holdsText || element.string != nil else {
                throw Untranslatable(
                    "a tag is text, which in Cloud Custodian never equals \(element.kindName)",
                    "put quotes around the value",
                    at: pointer.appending("value").appending(position))
            }
            if ignoreCase { try mustBeLower(text) }
            texts.append(text)
        }
        guard !texts.isEmpty else { throw refused("the list is empty", "give at least one value") }
        return test(isIn ? .isIn : .notIn, .list(texts), ignoreCase: ignoreCase)
    }

    private func order(_ name: String, _ value: JSONValue, _ ignoreCase: Bool) throws(Untranslatable) -> Condition {
        guard let comparison = ConditionOperator(rawValue: name) else { throw refused("no order", "use another operator") }
        if value.double != nil {
            guard !holdsText else {
                throw refused(
                    "a tag is text, which Cloud Custodian never finds greater or less than a number",
                    "add `value_type: integer`")
            }
            return .all([test(.regex, .text(#"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"#)), number(comparison, value)])
        }
        guard let text = value.string else { throw refused("`\(name)` needs a number or a text", "give one") }
        guard Double(text) == nil, Timestamp(text) == nil else {
            throw refused(
                "Cloud Custodian compares \"\(text.shortened)\" letter by letter; here it would count as a number or a time",
                "use `value_type: integer` or `value_type: date`")
        }
        return test(comparison, .text(text), ignoreCase: ignoreCase)
    }

    private func glob(_ value: JSONValue, _ ignoreCase: Bool) throws(Untranslatable) -> Condition {
        guard let text = value.string else { throw refused("`glob` needs a text", "put quotes around the value") }
        guard !text.contains("[^") else {
            throw refused("in Cloud Custodian `[^` begins a set with a ^ in it", "write `[!` for a set of others")
        }
        if text.isEmpty { return test(.eq, .text("")) }
        // A backslash means nothing in a pattern of Python's fnmatch.
        return try checked(test(.glob, .text(text.replacing("\\", with: "\\\\")), ignoreCase: ignoreCase))
    }

    /// The condition, unless the engine would refuse its pattern.
    private func checked(_ condition: Condition) throws(Untranslatable) -> Condition {
        var errors = ValidationErrors()
        guard Condition(json: condition.json, at: .root, into: &errors) != nil else {
            let problem = errors.problems.first?.message ?? "the pattern cannot be used"
            throw refused(problem, "write the pattern without what RE2 does not have, such as look-ahead")
        }
        return condition
    }

    // MARK: Numbers and sizes

    /// What is no number counts as 0, a missing tag too.
    private func numeric(_ name: String, _ pattern: String) throws(Untranslatable) -> Condition {
        let isNumber = test(.regex, .text(pattern))
        func compared(_ comparison: ConditionOperator, _ value: JSONValue, zero: Bool) -> Condition {
            let matched = Condition.all([isNumber, number(comparison, value)])
            return zero ? .any([matched, .not(isNumber)]) : matched
        }
        if ["in", "not-in", "ni"].contains(name), let elements = value.array, !elements.isEmpty {
            guard elements.allSatisfy({ $0.double != nil }) else {
                throw refused("the list holds what is no number", "take it out")
            }
            let found = Condition.any(elements.map { compared(.eq, $0, zero: $0.double == 0) })
            return name == "in" ? found : .not(found)
        }
        guard let limit = value.double, let comparison = ConditionOperator(rawValue: name), Self.ordered(comparison) else {
            throw refused("`\(name)` with `value_type: \(valueType ?? "")` needs a number", "give a number without quotes")
        }
        return compared(comparison, value, zero: Self.holds(0, comparison, limit))
    }

    private static func ordered(_ comparison: ConditionOperator) -> Bool {
        [.eq, .ne, .gt, .gte, .lt, .lte].contains(comparison)
    }

    private static func holds(_ left: Double, _ comparison: ConditionOperator, _ right: Double) -> Bool {
        switch comparison {
        case .eq: left == right
        case .ne: left != right
        case .gt: left > right
        case .gte: left >= right
        case .lt: left < right
        case .lte: left <= right
        case .isIn, .notIn, .contains, .startsWith, .endsWith, .glob, .regex, .exists, .absent: false
        }
    }

    /// RE2 repeats at most that often.
    private static let sizeMax = 1000

    /// The length of a text in characters, or of a list; what is missing has none.
    private func size(_ name: String) throws(Untranslatable) -> Condition {
        guard let size = value.int, (0..<Self.sizeMax).contains(size) else {
            throw refused("a size is compared with a whole number from 0 to \(Self.sizeMax - 1)", "give one")
        }
        switch name {
        case "eq": return .all([atLeast(size), .not(atLeast(size + 1))])
        case "ne": return .not(.all([atLeast(size), .not(atLeast(size + 1))]))
        case "gt": return atLeast(size + 1)
        case "gte": return atLeast(size)
        case "lt": return .not(atLeast(size))
        case "lte": return .not(atLeast(size + 1))
        default: throw refused("a size has an order, and no `\(name)`", "use eq, ne, gt, gte, lt or lte", at: "op")
        }
    }

    private func atLeast(_ size: Int) -> Condition {
        if size == 0 { return .all([]) }
        let text = test(.regex, .text("(?s)^.{\(size)}"))
        guard case .metadata(let path) = field else { return text }
        return .any([text, .test(FieldTest(.metadata("\(path).\(size - 1)"), .exists))])
    }

    // MARK: The other way round

    /// `value_type: swap`: the filter's value stands on the left, the resource's on the right.
    private func swapped(_ name: String) throws(Untranslatable) -> Condition {
        switch name {
        case "in", "not-in", "ni":
            guard let text = value.scalar, !holdsText || value.string != nil else {
                throw refused("swapped, `\(name)` needs one text", "give one text, or take `value_type: swap` out")
            }
            let contains = test(.contains, .text(text))
            if name == "in" { return contains }
            return name == "not-in" ? .not(contains) : .all([test(.exists), .not(contains)])
        case "contains": return try membership(true, value, false)
        case "gt", "gte", "lt", "lte": return try order(Self.mirrored(name), value, false)
        case "eq", "ne": return try equality(name == "eq", value, false)
        default: throw refused("swapped, `\(name)` means nothing", "take `value_type: swap` out", at: "value_type")
        }
    }

    private static func mirrored(_ name: String) -> String {
        switch name {
        case "gt": "lt"
        case "gte": "lte"
        case "lt": "gt"
        default: "gte"
        }
    }

    // MARK: Times

    private static let dayMilliseconds = 86_400_000.0
    /// Some three thousand years.
    private static let daysMax = 1_000_000.0

    private func time(_ name: String) throws(Untranslatable) -> Condition {
        let limit: Timestamp
        var comparison = name
        if valueType == "date" {
            guard let date = value.string.flatMap({ Timestamp($0.replacing("/", with: "-")) }) else {
                throw refused("\"\(value.scalar?.shortened ?? value.kindName)\" is no date", "write it as 2026-10-31")
            }
            limit = date
        } else {
            guard let days = value.double, abs(days) <= Self.daysMax else {
                throw refused("`value_type: \(valueType ?? "")` needs a number of days", "give a number without quotes")
            }
            guard let moment else {
                throw refused(
                    "days are counted from the moment at which Cloud Custodian runs; a condition has no such moment",
                    "name one with --at: ages are then judged as of that time, and stay as judged", at: "value_type")
            }
            let past = valueType == "age"
            limit = moment.adding(milliseconds: Int64((past ? -days : days) * Self.dayMilliseconds))
            // An age that is greater means a moment that is earlier.
            if past, ["gt", "gte", "lt", "lte"].contains(name) { comparison = Self.mirrored(name) }
        }
        guard let order = ConditionOperator(rawValue: comparison), [.gt, .gte, .lt, .lte].contains(order) else {
            throw refused("times have an order, and no `\(name)`", "use gt, gte, lt or lte", at: "op")
        }
        let isDate = test(.regex, .text("^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]|$)"))
        return .all([isDate, test(order, .text(limit.description))])
    }
}

extension Condition {
    fileprivate func and(_ other: Condition) -> Condition { .all([other, self]) }
}
