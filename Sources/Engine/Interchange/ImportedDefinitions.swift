internal import Compliance
internal import Conditions
package import JSON
internal import Model
internal import TaggingRules

/// Something that another system's document says and that did not come over as it was.
package struct ImportFinding: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        /// It is not in what was imported.
        case leftOut = "left_out"
        /// It is, and means something a little different.
        case changed
    }

    package let kind: Kind
    /// What it is about: a policy's, key's or rule's name.
    package let item: String
    /// Where: a JSON pointer (RFC 6901) into the document.
    package let pointer: String
    package let why: String
    /// The way out.
    package let advice: String

    package var json: JSONValue {
        .object([
            .init("kind", .string(kind.rawValue)), .init("item", .string(item)), .init("pointer", .string(pointer)),
            .init("why", .string(why)), .init("what_to_do", .string(advice)),
        ])
    }
}

/// A document that is not of the kind that it was said to be: nothing of it can be imported.
package struct NotImportable: Error, Hashable, Sendable {
    package let pointer: String
    package let message: String
}

/// What came out of a document: rules, tag definitions and policies in the form in which they are applied, and what could
/// not be carried over.
package struct ImportedDefinitions: Hashable, Sendable {
    /// Most definitions, and most findings, of one document; what is beyond is counted in one last finding.
    package static let itemsMax = 10_000

    package internal(set) var rules: [JSONValue] = []
    package internal(set) var definitions: [JSONValue] = []
    package internal(set) var policies: [JSONValue] = []
    package private(set) var findings: [ImportFinding] = []
    private var names: Set<String> = []

    package init() {}

    /// How many definitions there are.
    package var count: Int { rules.count + definitions.count + policies.count }

    /// True when nothing was left out.
    package var isWhole: Bool { !findings.contains { $0.kind == .leftOut } }

    // MARK: Findings

    mutating func leave(_ item: String, _ problem: Untranslatable) {
        note(.leftOut, item, at: problem.pointer, problem.why, problem.advice)
    }

    mutating func note(
        _ kind: ImportFinding.Kind, _ item: String, at pointer: JSONPointer, _ why: String, _ advice: String
    ) {
        if findings.count == Self.itemsMax {
            findings.append(
                ImportFinding(
                    kind: .leftOut, item: "", pointer: "", why: "there is more than \(Self.itemsMax) findings tell",
                    advice: "split the document"))
        }
        guard findings.count < Self.itemsMax else { return }
        let finding = ImportFinding(kind: kind, item: item.shortened, pointer: pointer.text, why: why, advice: advice)
        // Parts of one item may come to the same conclusion.
        if findings.last != finding { findings.append(finding) }
    }

    // MARK: Definitions

    /// Adds a rule, unless the server would refuse it. Answers whether it was added.
    @discardableResult
    mutating func add(rule json: JSONValue, from item: String, at pointer: JSONPointer) -> Bool {
        guard
            accepts(
                json, "rule_name", from: item, at: pointer,
                { (json) throws(ValidationErrors) in _ = try TagRuleDraft(json: json) })
        else { return false }
        rules.append(json)
        return true
    }

    @discardableResult
    mutating func add(definition json: JSONValue, from item: String, at pointer: JSONPointer) -> Bool {
        guard
            accepts(
                json, "tag_key", from: item, at: pointer,
                { (json) throws(ValidationErrors) in _ = try TagDefinitionDraft(json: json) })
        else {
            return false
        }
        definitions.append(json)
        return true
    }

    @discardableResult
    mutating func add(policy json: JSONValue, from item: String, at pointer: JSONPointer) -> Bool {
        guard
            accepts(
                json, "policy_name", from: item, at: pointer,
                { (json) throws(ValidationErrors) in _ = try CompliancePolicyDraft(json: json) })
        else {
            return false
        }
        policies.append(json)
        return true
    }

    private mutating func accepts(
        _ json: JSONValue, _ member: String, from item: String, at pointer: JSONPointer,
        _ check: (JSONValue) throws(ValidationErrors) -> Void
    ) -> Bool {
        guard count < Self.itemsMax else {
            note(
                .leftOut, item, at: pointer, "more than \(Self.itemsMax) definitions come out of the document",
                "split the document")
            return false
        }
        do throws(ValidationErrors) {
            try check(json)
        } catch {
            let problems = error.problems.prefix(3).map { "\($0.pointer.dropFirst()): \($0.message)" }
            note(
                .leftOut, item, at: pointer, "what it means here would be refused: \(problems.joined(separator: "; "))",
                "change it in the source, or write it by hand")
            return false
        }
        let name = json[member]?.string ?? ""
        let form = member == "tag_key" ? TagKeyForm.withForm(of: name) { String(decoding: $0, as: UTF8.self) } : name
        guard names.insert("\(member) \(form)").inserted else {
            note(
                .leftOut, item, at: pointer, "\"\(name.shortened)\" is there already",
                "give each its own name; keys that differ only in case and separators are one key here")
            return false
        }
        return true
    }
}

/// Why a part of a document cannot be said here, and what to do.
struct Untranslatable: Error, Hashable, Sendable {
    let pointer: JSONPointer
    let why: String
    let advice: String

    init(_ why: String, _ advice: String, at pointer: JSONPointer) {
        self.why = why
        self.advice = advice
        self.pointer = pointer
    }
}

extension JSONValue {
    static func object(_ pairs: KeyValuePairs<String, JSONValue?>) -> JSONValue {
        .object(pairs.compactMap { name, value in value.map { Member(name, $0) } })
    }

    /// The text that a scalar is compared as; nil for null, lists and objects.
    var scalar: String? {
        switch self {
        case .string(let text): text
        case .int(let value): String(value)
        case .double(let value): String(value)
        case .bool(let value): value ? "true" : "false"
        case .null, .array, .object: nil
        }
    }
}

extension ConditionField {
    /// A tag by its key: the effective one, or the provider's own where its key is one that providers keep for themselves
    /// and that therefore is not in the virtual layer.
    static func tag(_ key: String, of provider: Provider) -> ConditionField {
        ReservedKeys.contains(key, of: provider) ? .nativeTag(key) : .tag(key)
    }
}

/// Text that stands for itself in a value of `set_tag`.
func literalTemplate(_ text: String) -> String { text.replacing("${", with: "$${") }

/// Text that stands for itself in a regular expression.
func quotedPattern(_ text: String) -> String {
    var quoted = ""
    for character in text {
        if "\\.+*?()|[]{}^$".contains(character) { quoted.append("\\") }
        quoted.append(character)
    }
    return quoted
}
