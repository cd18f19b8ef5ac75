internal import Conditions
internal import Model

/// A key that actions write, in the spelling of the virtual layer.
struct TargetKey: Sendable {
    let key: String
    let order: KeyOrder
    let formHash: UInt64
    let word: Int32

    init(_ written: String, _ normaliser: TagNormaliser) {
        key = normaliser.key(written)
        order = KeyOrder(key)
        formHash = TagKeyForm.hash(of: key)
        word = Int32(normaliser.word(for: key) ?? -1)
    }
}

/// An action made ready: fixed values are normalised already and shared by all tags that carry them.
final class CompiledAction: Sendable {
    enum Part: Sendable {
        case literal(String)
        case field(CompiledField)
        case group(Int)
    }

    enum Value: Sendable {
        case constant(String)
        case template(Fixed<Part>)
        case copy(CompiledField)
        case lookUp(LookUp)
        /// No value: the key is removed.
        case nothing
    }

    final class LookUp: Sendable {
        private let from: CompiledField
        private let exact: ByteMap
        private let anyCase: ByteMap
        private let values: Fixed<String>
        private let fallback: String?

        /// `mapping` and `fallback` with values that are normalised already.
        init(from: CompiledField, mapping: [Tag], fallback: String?) {
            self.from = from
            exact = ByteMap(mapping.map(\.key))
            anyCase = ByteMap(mapping.map { $0.key.lowercased() })
            values = Fixed(mapping.map(\.value))
            self.fallback = fallback
        }

        func result(for resource: Resource, _ facts: inout Facts) -> String? {
            guard let looked = from.text(of: resource, &facts) else { return fallback }
            let found = looked.withBytes { bytes in
                exact.position(of: bytes) ?? ByteText.withLowercased(bytes) { anyCase.position(of: $0) }
            }
            return found.map { values[$0] } ?? fallback
        }
    }

    let target: TargetKey
    let value: Value
    /// Normalised; what the action sets where it has no value of its own.
    private let defaultValue: String?

    /// `defaultValue`: the rule's.
    init(_ action: TagAction, default defaultValue: String?, _ normaliser: TagNormaliser) {
        self.defaultValue = defaultValue.map { normaliser.value($0, for: action.key) }.flatMap { $0.isEmpty ? nil : $0 }
        func field(_ field: ConditionField) -> CompiledField { CompiledField(field, spelling: normaliser.key(_:)) }
        switch action {
        case .setTag(let key, let text):
            target = TargetKey(key, normaliser)
            // A stored text that is no template any more stands for itself.
            let template = try? Template(text)
            if let constant = template.map(\.constant) ?? text {
                value = .constant(normaliser.value(constant, for: key))
            } else {
                let parts = template?.parts ?? []
                value = .template(
                    Fixed(
                        parts.map { part in
                            switch part {
                            case .literal(let text): .literal(text)
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
        }
    }

    /// The value for a resource, normalised. Where a reference has no value, or what comes out is empty, too long or has
    /// control characters, it is the rule's default; nil without one: then the action does nothing.
    func result(
        for resource: Resource, _ facts: inout Facts, groups: [String], _ normaliser: TagNormaliser
    ) -> String? {
        ownResult(for: resource, &facts, groups: groups, normaliser) ?? defaultValue
    }

    private func ownResult(
        for resource: Resource, _ facts: inout Facts, groups: [String], _ normaliser: TagNormaliser
    ) -> String? {
        let text: String
        switch value {
        case .constant(let constant): return constant.isEmpty ? nil : constant
        case .nothing: return nil
        case .lookUp(let lookUp): return lookUp.result(for: resource, &facts)
        case .copy(let from):
            guard let copied = from.text(of: resource, &facts) else { return nil }
            text = copied
        case .template(let parts):
            var made = ""
            for position in 0..<parts.count {
                switch parts[position] {
                case .literal(let literal): made += literal
                case .field(let field):
                    guard let piece = field.text(of: resource, &facts) else { return nil }
                    made += piece
                case .group(let number):
                    guard number < groups.count, !groups[number].isEmpty else { return nil }
                    made += groups[number]
                }
            }
            text = made
        }
        let normal = normaliser.value(text, ofWord: Int(target.word))
        return normal.isEmpty || !Self.isAcceptable(normal) ? nil : normal
    }

    /// What `TagLimits.problem` says of a value, without its explanation.
    private static func isAcceptable(_ value: String) -> Bool {
        value.withBytes { bytes in
            bytes.count <= TagLimits.valueBytesMax && !bytes.contains { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }
        }
    }
}
