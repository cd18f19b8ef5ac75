internal import Conditions
package import JSON
internal import Model
internal import TaggingRules

/// AWS Cost Categories: each rule becomes a tag rule that sets the category's key, in the order of the rules, so that the
/// first that matches wins; the default value is a last rule for what no other matches.
package struct CostCategoryImport {
    /// The tag key; nil: the category's own name.
    let key: String?
    /// The priority of the first rule; the next ones count up.
    let priority: Int

    package init(key: String? = nil, priority: Int = 1000) {
        self.key = key
        self.priority = priority
    }

    private static let members = [
        "Name", "RuleVersion", "Rules", "DefaultValue", "SplitChargeRules", "EffectiveStart", "EffectiveEnd",
        "CostCategoryArn", "ProcessingStatus", "ResourceTags",
    ]

    /// Reads what `describe-cost-category-definition` prints or `create-cost-category-definition` takes, or the list of
    /// rules alone, as the console's JSON editor has it. Throws when it is none of these.
    package func definitions(from document: JSONValue) throws(NotImportable) -> ImportedDefinitions {
        let isWrapped = document["CostCategory"] != nil
        let category = document["CostCategory"] ?? document
        let root = isWrapped ? JSONPointer.root.appending("CostCategory") : .root
        guard let rules = category.array ?? category["Rules"]?.array else {
            throw NotImportable(
                pointer: root.text, message: "expected a cost category of AWS: an object with `Rules`, or the list of rules")
        }
        guard let name = key ?? category["Name"]?.string else {
            throw NotImportable(
                pointer: root.appending("Name").text, message: "the category has no name; say the tag key with --key")
        }
        let reader = CostCategoryReader(
            name: category["Name"]?.string ?? name, key: name, priority: priority,
            start: category["EffectiveStart"]?.string.flatMap { Timestamp($0) },
            end: category["EffectiveEnd"]?.string.flatMap { Timestamp($0) })
        var imported = ImportedDefinitions()
        let place = category.array == nil ? root.appending("Rules") : root
        for (position, rule) in rules.prefix(ImportedDefinitions.itemsMax).enumerated() {
            let item = "\(reader.name) \(position + 1)"
            do throws(Untranslatable) {
                let document = try reader.rule(rule, number: position, at: place.appending(position))
                imported.add(rule: document, from: item, at: place.appending(position))
            } catch {
                imported.leave(item, error)
            }
        }
        addRest(of: category, reader, rules.count, at: root, into: &imported)
        return imported
    }

    private func addRest(
        of category: JSONValue, _ reader: CostCategoryReader, _ count: Int, at root: JSONPointer,
        into imported: inout ImportedDefinitions
    ) {
        if let value = category["DefaultValue"], !value.isNull {
            let pointer = root.appending("DefaultValue")
            let document = reader.document(
                title: "otherwise", number: count, condition: .all([]),
                action: .setTag(key: reader.key, value: literalTemplate(value.string ?? "")))
            imported.add(rule: document, from: "\(reader.name) otherwise", at: pointer)
        }
        for (position, _) in (category["SplitChargeRules"]?.array ?? []).enumerated() {
            imported.note(
                .leftOut, "\(reader.name) split \(position + 1)",
                at: root.appending("SplitChargeRules").appending(position),
                "it divides one value's costs among others; a tag gives each resource one value",
                "divide the costs in the report")
        }
        for member in category.members ?? [] where !Self.members.contains(member.name) {
            imported.note(
                .leftOut, reader.name, at: root.appending(member.name),
                "cost categories have no such field that is known here",
                "see what it means")
        }
    }
}

/// Reads the rules of one category.
struct CostCategoryReader {
    let name: String
    let key: String
    let priority: Int
    let start: Timestamp?
    let end: Timestamp?

    /// Names of rules have at most 128 characters; the value in them has this many.
    private static let titleCharactersMax = 60

    func document(title: String, number: Int, condition: Condition, action: TagAction) -> JSONValue {
        let aws = Condition.test(FieldTest(.provider, .eq, .text("aws")))
        let short = String(title.prefix(Self.titleCharactersMax)).split(separator: "\n").joined(separator: " ")
        let parts: [Condition] = if case .all(let inner) = condition { inner } else { [condition] }
        return .object([
            "rule_name": .string("\(name.prefix(50)) \(number + 1): \(short)"),
            "description": .string("From the AWS cost category \(name.prefix(256))."),
            "priority": .int(priority + number), "conditions": Condition.all([aws] + parts).json,
            "actions": .array([action.json]), "effective_start": start.map { .string($0.description) },
            "effective_end": end.map { .string($0.description) },
        ])
    }

    func rule(_ rule: JSONValue, number: Int, at pointer: JSONPointer) throws(Untranslatable) -> JSONValue {
        guard rule.members != nil else {
            throw Untranslatable("expected an object, found \(rule.kindName)", "mend it in the source", at: pointer)
        }
        let condition = try rule["Rule"].map { value throws(Untranslatable) in
            try expression(value, at: pointer.appending("Rule"))
        }
        switch rule["Type"]?.string ?? "REGULAR" {
        case "REGULAR":
            guard let value = rule["Value"]?.string, let condition else {
                throw Untranslatable("a rule needs `Value` and `Rule`", "mend it in the source", at: pointer)
            }
            return document(
                title: value, number: number, condition: condition,
                action: .setTag(key: key, value: literalTemplate(value)))
        case "INHERITED_VALUE":
            let inherited = rule["InheritedValue"] ?? .null
            let place = pointer.appending("InheritedValue")
            guard inherited["DimensionName"]?.string == "TAG", let from = inherited["DimensionKey"]?.string, !from.isEmpty
            else {
                throw Untranslatable(
                    "only a tag's value is inherited here: names of accounts are not in the inventory",
                    "write a rule with map_value from account_id", at: place)
            }
            let field = ConditionField.tag(from, of: .aws)
            let isThere = Condition.test(FieldTest(field, .exists))
            return document(
                title: "value of \(from)", number: number, condition: condition.map { .all([isThere, $0]) } ?? isThere,
                action: .copyTag(from: field, key: key))
        case let other:
            throw Untranslatable(
                "there is no type of rule \"\(other.shortened)\"", "types are REGULAR and INHERITED_VALUE",
                at: pointer.appending("Type"))
        }
    }

    // MARK: Expressions

    private func expression(_ value: JSONValue, at pointer: JSONPointer) throws(Untranslatable) -> Condition {
        guard let members = value.members, members.count == 1, let member = members.first else {
            throw Untranslatable(
                "an expression is an object with one of And, Or, Not, Dimensions, Tags and CostCategories",
                "mend it in the source", at: pointer)
        }
        let place = pointer.appending(member.name)
        switch member.name {
        case "And": return .all(try parts(member.value, at: place))
        case "Or": return .any(try parts(member.value, at: place))
        case "Not": return .not(try expression(member.value, at: place))
        case "Dimensions": return try dimension(member.value, at: place)
        case "Tags":
            return try match(member.value, .tag(try text("Key", in: member.value, at: place), of: .aws), at: place)
        case "CostCategories":
            return try match(member.value, .tag(try text("Key", in: member.value, at: place)), at: place)
        default:
            throw Untranslatable(
                "there is no expression \"\(member.name.shortened)\"",
                "expressions are And, Or, Not, Dimensions, Tags and CostCategories", at: place)
        }
    }

    private func parts(_ value: JSONValue, at pointer: JSONPointer) throws(Untranslatable) -> [Condition] {
        guard let elements = value.array, !elements.isEmpty else {
            throw Untranslatable("expected a list of expressions", "mend it in the source", at: pointer)
        }
        var parts: [Condition] = []
        for (position, element) in elements.enumerated() {
            parts.append(try expression(element, at: pointer.appending(position)))
        }
        return parts
    }

    private func text(_ name: String, in value: JSONValue, at pointer: JSONPointer) throws(Untranslatable) -> String {
        guard let text = value[name]?.string, !text.isEmpty else {
            throw Untranslatable("`\(name)` is missing", "mend it in the source", at: pointer.appending(name))
        }
        return text
    }

    private func dimension(_ value: JSONValue, at pointer: JSONPointer) throws(Untranslatable) -> Condition {
        switch try text("Key", in: value, at: pointer) {
        case "LINKED_ACCOUNT": return try match(value, .accountID, at: pointer)
        case "REGION": return try match(value, .region, at: pointer)
        case "SERVICE_CODE", "SERVICE": return try service(value, at: pointer)
        case "LINKED_ACCOUNT_NAME":
            throw Untranslatable(
                "names of accounts are not in the inventory", "use LINKED_ACCOUNT with the accounts' numbers", at: pointer)
        case let other:
            throw Untranslatable(
                "\(other.shortened) is about a line of the bill, not about a resource",
                "use LINKED_ACCOUNT, REGION, SERVICE_CODE or tags", at: pointer)
        }
    }

    /// The values that any of the match options lets through.
    private func match(
        _ value: JSONValue, _ field: ConditionField, at pointer: JSONPointer
    ) throws(Untranslatable) -> Condition {
        let options = try options(of: value, at: pointer)
        if options.contains("ABSENT") {
            guard options.count == 1 else {
                throw Untranslatable(
                    "ABSENT goes with no other option", "take it out", at: pointer.appending("MatchOptions"))
            }
            return .test(FieldTest(field, .absent))
        }
        let values = try values(of: value, at: pointer)
        let ignoreCase = options.contains("CASE_INSENSITIVE")
        let comparisons = options.subtracting(["CASE_SENSITIVE", "CASE_INSENSITIVE"]).sorted()
        guard comparisons.count <= 1 else {
            throw Untranslatable(
                "\(comparisons.joined(separator: " and ")) exclude each other", "keep one",
                at: pointer.appending("MatchOptions"))
        }
        let comparison: ConditionOperator
        switch comparisons.first ?? "EQUALS" {
        case "EQUALS": return .test(FieldTest(field, .isIn, .list(values), ignoreCase: ignoreCase))
        case "STARTS_WITH": comparison = .startsWith
        case "ENDS_WITH": comparison = .endsWith
        case "CONTAINS": comparison = .contains
        case let other:
            throw Untranslatable(
                "there is no match option \"\(other.shortened)\" here",
                "use EQUALS, ABSENT, STARTS_WITH, ENDS_WITH or CONTAINS", at: pointer.appending("MatchOptions"))
        }
        let tests = values.map { Condition.test(FieldTest(field, comparison, .text($0), ignoreCase: ignoreCase)) }
        return tests.count == 1 ? tests[0] : .any(tests)
    }

    private func options(of value: JSONValue, at pointer: JSONPointer) throws(Untranslatable) -> Set<String> {
        guard let options = value["MatchOptions"], !options.isNull else { return [] }
        let texts = (options.array ?? []).compactMap(\.string)
        guard let elements = options.array, texts.count == elements.count else {
            throw Untranslatable(
                "expected a list of match options", "mend it in the source", at: pointer.appending("MatchOptions"))
        }
        return Set(texts)
    }

    private func values(of value: JSONValue, at pointer: JSONPointer) throws(Untranslatable) -> [String] {
        let elements = value["Values"]?.array ?? []
        let texts = elements.compactMap(\.string)
        guard !texts.isEmpty, texts.count == elements.count else {
            throw Untranslatable("expected a list of texts", "give at least one value", at: pointer.appending("Values"))
        }
        return texts
    }

    // MARK: Services

    /// Codes of services in bills, and the first half of the types of their resources.
    private static let services: [String: String] = [
        "AmazonEC2": "ec2", "AmazonVPC": "ec2", "AmazonS3": "s3", "AmazonRDS": "rds", "AWSLambda": "lambda",
        "AmazonDynamoDB": "dynamodb", "AWSQueueService": "sqs", "AmazonSNS": "sns", "AmazonEKS": "eks", "AmazonECS": "ecs",
        "AWSELB": "elasticloadbalancing", "AmazonElastiCache": "elasticache", "AmazonRedshift": "redshift",
        "AmazonEFS": "elasticfilesystem", "AWSSecretsManager": "secretsmanager", "AmazonRoute53": "route53",
        "awskms": "kms", "AmazonCloudWatch": "logs", "AmazonES": "es", "AmazonCloudFront": "cloudfront",
    ]

    private func service(_ value: JSONValue, at pointer: JSONPointer) throws(Untranslatable) -> Condition {
        let options = try options(of: value, at: pointer).subtracting(["CASE_SENSITIVE", "CASE_INSENSITIVE"])
        guard options.isSubset(of: ["EQUALS"]) else {
            throw Untranslatable(
                "services are compared whole here", "name the services' codes, with EQUALS",
                at: pointer.appending("MatchOptions"))
        }
        var tests: [Condition] = []
        for (position, code) in try values(of: value, at: pointer).enumerated() {
            guard let service = Self.services[code] else {
                throw Untranslatable(
                    "no resource type is known for the service \"\(code.shortened)\""
                        + Suggestion.clause(for: code, among: Self.services.keys.sorted()),
                    "write a rule by hand; `vtag resources list` shows the types that there are",
                    at: pointer.appending("Values").appending(position))
            }
            tests.append(.test(FieldTest(.resourceType, .startsWith, .text("\(service)."))))
        }
        return tests.count == 1 ? tests[0] : .any(tests)
    }
}
