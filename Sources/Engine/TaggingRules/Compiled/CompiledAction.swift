internal import Conditions
internal import Model

/// A key that actions write, in the spelling of the virtual layer.
final class TargetKey: Sendable {
    let key: String
    private let texts: FixedTexts
    let order: KeyOrder
    let formHash: UInt64
    let word: Int

    init(_ written: String, _ normaliser: TagNormaliser) {
        key = normaliser.key(written)
        texts = FixedTexts([key])
        order = KeyOrder(texts[0])
        formHash = TagKeyForm.hash(of: key)
        word = normaliser.word(for: key) ?? -1
    }

    var bytes: ByteText.Bytes { texts[0] }
}

/// An action made ready: fixed values are normalised already and shared by all tags that carry them.
final class CompiledAction: Sendable {
    enum Part: Sendable {
        case literal(FixedTexts)
        case field(CompiledField)
        case group(Int)
    }

    /// Constant texts are alone in their `FixedTexts`.
    enum Value: Sendable {
        case constant(FixedTexts)
        case template(Fixed<Part>)
        case copy(CompiledField)
        case lookUp(LookUp)
        /// What was found along relationships by the query of that key.
        case inherited(Fixed<UInt8>)
        /// No value: the key is removed.
        case nothing
    }

    final class LookUp: Sendable {
        private let from: CompiledField
        private let exact: ByteMap
        private let anyCase: ByteMap
        private let values: FixedTexts
        private let fallback: FixedTexts?

        /// `mapping` and `fallback` with values that are normalised already.
        init(from: CompiledField, mapping: [Tag], fallback: String?) {
            self.from = from
            exact = ByteMap(mapping.map(\.key))
            anyCase = ByteMap(mapping.map { $0.key.lowercased() })
            values = FixedTexts(mapping.map(\.value))
            self.fallback = fallback.map { FixedTexts([$0]) }
        }

        func result(_ facts: inout Facts) -> ByteText.Bytes? {
            guard let looked = from.text(&facts) else { return fallback?[0] }
            let found = exact.position(of: looked) ?? ByteText.withLowercased(looked) { anyCase.position(of: $0) }
            return found.map { values[$0] } ?? fallback?[0]
        }
    }

    let target: TargetKey
    let value: Value
    /// Normalised; what the action sets where it has no value of its own.
    private let defaultValue: FixedTexts?

    /// `defaultValue`: the rule's.
    init(_ action: TagAction, default defaultValue: String?, _ normaliser: TagNormaliser) {
        self.defaultValue = defaultValue.map { normaliser.value($0, for: action.key) }
            .flatMap { $0.isEmpty ? nil : FixedTexts([$0]) }
        func field(_ field: ConditionField) -> CompiledField { CompiledField(field, spelling: normaliser.key(_:)) }
        switch action {
        case .setTag(let key, let text):
            target = TargetKey(key, normaliser)
            // A stored text that is no template any more stands for itself.
            let template = try? Template(text)
            if let constant = template.map(\.constant) ?? text {
                value = .constant(FixedTexts([normaliser.value(constant, for: key)]))
            } else {
                let parts = template?.parts ?? []
                value = .template(
                    Fixed(
                        parts.map { part in
                            switch part {
                            case .literal(let text): .literal(FixedTexts([text]))
                            case .field(let reference): .field(field(reference))
                            case .group(let number): .group(number)
                            }
                        }))
            }
        case .copyTag(let from, let key):
            target = TargetKey(key, normaliser)
            value = .copy(field(from))
        case .mapValue(let key, let from, let mapping, let fallback):
            target = TargetKey(key, normaliser)
            value = .lookUp(
                LookUp(
                    from: field(from), mapping: mapping.map { Tag($0.key, normaliser.value($0.value, for: key)) },
                    fallback: fallback.map { normaliser.value($0, for: key) }))
        case .removeTag(let key):
            target = TargetKey(key, normaliser)
            value = .nothing
        case .inheritTag(let key, _, _, _):
            target = TargetKey(key, normaliser)
            value = action.relationQuery.map { .inherited(Fixed($0.key.bytes)) } ?? .nothing
        }
    }

    /// Who speaks when the action does.
    var source: TagSource { if case .inherited = value { .inherited } else { .rule } }

    /// The value for the resource, normalised. Where a reference has no value, or what comes out is empty, too long or has
    /// control characters, it is the rule's default; nil without one: then the action does nothing.
    func result(_ facts: inout Facts, groups: [String], _ normaliser: TagNormaliser) -> ByteText.Bytes? {
        ownResult(&facts, groups: groups, normaliser) ?? defaultValue?[0]
    }

    private func ownResult(_ facts: inout Facts, groups: [String], _ normaliser: TagNormaliser) -> ByteText.Bytes? {
        let text: ByteText.Bytes
        switch value {
        case .constant(let constant):
            let constant = constant[0]
            return constant.isEmpty ? nil : constant
        case .nothing: return nil
        case .lookUp(let lookUp): return lookUp.result(&facts)
        case .inherited(let query):
            guard let found = facts.relation(query.part(0, Int32(query.count))) else { return nil }
            text = found
        case .copy(let from):
            guard let copied = from.text(&facts) else { return nil }
            text = copied
        case .template(let parts):
            guard let made = Self.filled(parts, &facts, groups) else { return nil }
            text = made
        }
        let normal = normaliser.value(text, ofWord: target.word, keptIn: facts.texts)
        return normal.isEmpty || !Self.isAcceptable(normal) ? nil : normal
    }

    private static func filled(_ parts: Fixed<Part>, _ facts: inout Facts, _ groups: [String]) -> ByteText.Bytes? {
        var made: [UInt8] = []
        for position in 0..<parts.count {
            switch parts[position] {
            case .literal(let literal): made.append(contentsOf: literal[0])
            case .field(let field):
                guard let piece = field.text(&facts) else { return nil }
                made.append(contentsOf: piece)
            case .group(let number):
                guard number < groups.count, !groups[number].isEmpty else { return nil }
                made.append(contentsOf: groups[number].utf8)
            }
        }
        let texts = facts.texts
        return made.withUnsafeBufferPointer { texts.copy($0) }
    }

    /// What `TagLimits.problem` says of a value, without its explanation.
    private static func isAcceptable(_ value: ByteText.Bytes) -> Bool {
        value.count <= TagLimits.valueBytesMax && !value.contains { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }
    }
}
