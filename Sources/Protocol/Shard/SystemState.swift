package import Model

/// What the system shard is: rules, tag definitions and policies, and the version that counts their changes.
package struct SystemState: Sendable {
    package private(set) var items: [UUID128: CatalogItem] = [:]
    package private(set) var idempotency = IdempotencyTable()
    package private(set) var appliedIndex: UInt64
    package private(set) var auditSequence: UInt64
    /// Counts the changes of all items; rows are judged under a version.
    package private(set) var catalogVersion: UInt64

    package enum Effect: Hashable, Sendable {
        case put(CatalogItem)
        case delete(UUID128)
        case audit(AuditEntry)
        case remember(IdempotencyKey, Remembered)
        /// Counts as a change, so that all rows are judged again.
        case reapply
    }

    package struct Changes: Sendable {
        package var items: [UUID128] = []
        package var catalogChanged = false
        package var audit: [AuditEntry] = []
        package var remembered: [IdempotencyKey] = []
        package var forgotten: [IdempotencyKey] = []
    }

    package init(
        items: [CatalogItem] = [], appliedIndex: UInt64 = 0, auditSequence: UInt64 = 0, catalogVersion: UInt64 = 0,
        remembered: [(IdempotencyKey, Remembered)] = []
    ) {
        for item in items { self.items[item.id] = item }
        self.appliedIndex = appliedIndex
        self.auditSequence = auditSequence
        self.catalogVersion = catalogVersion
        idempotency.restore(remembered)
    }

    package mutating func apply(_ effects: [Effect], at index: UInt64) -> Changes {
        precondition(index == appliedIndex + 1, "entry \(index) does not follow \(appliedIndex)")
        var changes = Changes()
        for effect in effects {
            switch effect {
            case .put(let item):
                items[item.id] = item
                changes.items.append(item.id)
                changes.catalogChanged = true
            case .delete(let id):
                items[id] = nil
                changes.items.append(id)
                changes.catalogChanged = true
            case .audit(let entry):
                auditSequence = entry.sequence
                changes.audit.append(entry)
            case .remember(let key, let answer):
                changes.forgotten.append(contentsOf: idempotency.remember(key, answer))
                changes.remembered.append(key)
            case .reapply: changes.catalogChanged = true
            }
        }
        if changes.catalogChanged { catalogVersion += 1 }
        appliedIndex = index
        return changes
    }

    /// The items of one kind, rules by priority, the others by name.
    package func sorted(_ kind: CatalogItem.Kind) -> [CatalogItem] {
        items.values.filter { $0.kind == kind }.sorted { left, right in
            if case .rule(let first) = left, case .rule(let second) = right, first.priority != second.priority {
                return first.priority < second.priority
            }
            return left.name == right.name ? left.id < right.id : left.name < right.name
        }
    }
}

extension [SystemState.Effect] {
    private static var format: UInt8 { 1 }

    package var encoded: [UInt8] {
        var writer = ByteWriter()
        writer.byte(Self.format)
        writer.varint(count)
        for effect in self {
            switch effect {
            case .put(let item):
                writer.byte(1)
                writer.item(item)
            case .delete(let id):
                writer.byte(2)
                writer.uuid(id)
            case .audit(let entry):
                writer.byte(3)
                writer.auditEntry(entry)
            case .remember(let key, let answer):
                writer.byte(4)
                writer.uuid(UUID128(high: key.high, low: key.low))
                answer.write(to: &writer)
            case .reapply: writer.byte(5)
            }
        }
        return writer.bytes
    }

    package init(decoding bytes: [UInt8]) throws(CodecError) {
        let result: Result<[SystemState.Effect], CodecError> = bytes.withUnsafeBytes { raw in
            do throws(CodecError) {
                var reader = ByteReader(raw)
                guard try reader.byte() == Self.format else {
                    throw CodecError("a system entry has a format this version does not know")
                }
                var effects: [SystemState.Effect] = []
                for _ in 0..<(try reader.count()) { effects.append(try reader.systemEffect()) }
                guard reader.atEnd else { throw CodecError("bytes are left over after a system entry") }
                return .success(effects)
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }
}

extension CatalogItem {
    /// The stored form.
    package var encoded: [UInt8] {
        var writer = ByteWriter()
        writer.item(self)
        return writer.bytes
    }

    package init(decoding bytes: [UInt8]) throws(CodecError) {
        let result: Result<CatalogItem, CodecError> = bytes.withUnsafeBytes { raw in
            do throws(CodecError) {
                var reader = ByteReader(raw)
                return .success(try reader.item())
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }
}

extension ByteWriter {
    fileprivate mutating func item(_ item: CatalogItem) {
        byte(item.kind.rawValue)
        switch item {
        case .rule(let rule): self.rule(rule)
        case .definition(let definition): self.definition(definition)
        case .policy(let policy): self.policy(policy)
        }
    }
}

extension ByteReader {
    fileprivate mutating func item() throws(CodecError) -> CatalogItem {
        switch CatalogItem.Kind(rawValue: try byte()) {
        case .rule: return .rule(try rule())
        case .definition: return .definition(try definition())
        case .policy: return .policy(try policy())
        case nil: throw CodecError("unknown kind of catalogue item")
        }
    }

    fileprivate mutating func systemEffect() throws(CodecError) -> SystemState.Effect {
        switch try byte() {
        case 1: return .put(try item())
        case 2: return .delete(try uuid())
        case 3: return .audit(try auditEntry())
        case 4:
            let key = try uuid()
            return .remember(IdempotencyKey(high: key.high, low: key.low), try Remembered(from: &self))
        case 5: return .reapply
        case let kind: throw CodecError("a system entry holds an effect of unknown kind \(kind)")
        }
    }
}
