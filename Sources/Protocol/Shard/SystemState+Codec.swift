package import Model
import Placement

extension [SystemState.Effect] {
    private static var format: UInt8 { 1 }

    package var encoded: [UInt8] {
        var writer = ByteWriter()
        writer.byte(Self.format)
        writer.varint(count)
        for effect in self { writer.systemEffect(effect) }
        return writer.bytes
    }

    package init(decoding bytes: [UInt8]) throws(CodecError) {
        self = try decodeWhole(bytes, "a system entry") { reader throws(CodecError) in
            guard try reader.byte() == Self.format else {
                throw CodecError("a system entry has a format this version does not know")
            }
            var effects: [SystemState.Effect] = []
            for _ in 0..<(try reader.count()) { effects.append(try reader.systemEffect()) }
            return effects
        }
    }
}

extension SystemItem {
    /// The stored form.
    package var encoded: [UInt8] {
        var writer = ByteWriter()
        switch self {
        case .catalog(let item): writer.catalogItem(item)
        case .cluster(let item):
            writer.byte(Self.clusterMark)
            writer.clusterItem(item)
        case .governance(let item):
            writer.byte(Self.governanceMark)
            writer.governanceItem(item)
        case .plan(let plan):
            writer.byte(Self.planMark)
            writer.plan(plan)
        }
        return writer.bytes
    }

    package init(decoding bytes: [UInt8]) throws(CodecError) {
        self = try decodeWhole(bytes, "an item of the system shard") { reader throws(CodecError) in
            switch bytes.first {
            case Self.clusterMark:
                _ = try reader.byte()
                return .cluster(try reader.clusterItem())
            case Self.governanceMark:
                _ = try reader.byte()
                return .governance(try reader.governanceItem())
            case Self.planMark:
                _ = try reader.byte()
                return .plan(try reader.plan())
            default: return .catalog(try reader.catalogItem())
            }
        }
    }

    /// Stand before other items, where a catalogue item has its kind.
    private static let clusterMark: UInt8 = 0x80
    private static let governanceMark: UInt8 = 0x81
    private static let planMark: UInt8 = 0x82
}

private func decodeWhole<Value>(
    _ bytes: [UInt8], _ what: String, _ read: (inout ByteReader) throws(CodecError) -> Value
) throws(CodecError) -> Value {
    let result: Result<Value, CodecError> = bytes.withUnsafeBytes { raw in
        do throws(CodecError) {
            var reader = ByteReader(raw)
            let value = try read(&reader)
            guard reader.atEnd else { throw CodecError("bytes are left over after \(what)") }
            return .success(value)
        } catch {
            return .failure(error)
        }
    }
    return try result.get()
}

extension ByteWriter {
    fileprivate mutating func catalogItem(_ item: CatalogItem) {
        byte(item.kind.rawValue)
        switch item {
        case .rule(let rule): self.rule(rule)
        case .definition(let definition): self.definition(definition)
        case .policy(let policy): self.policy(policy)
        case .waiver(let waiver): self.waiver(waiver)
        }
    }

    fileprivate mutating func systemEffect(_ effect: SystemState.Effect) {
        switch effect {
        case .put(let item):
            byte(1)
            catalogItem(item)
        case .delete(let id):
            byte(2)
            uuid(id)
        case .audit(let entry):
            byte(3)
            auditEntry(entry)
        case .remember(let key, let answer):
            byte(4)
            uuid(UUID128(high: key.high, low: key.low))
            answer.write(to: &self)
        case .reapply: byte(5)
        case .cluster(let change):
            byte(6)
            clusterChange(change)
        case .keep(let item):
            byte(7)
            governanceItem(item)
        case .forget(let id):
            byte(8)
            uuid(id)
        case .keepPlan(let plan):
            byte(9)
            self.plan(plan)
        case .dropPlan(let id):
            byte(10)
            uuid(id)
        case .planApplied(let id, let actor, let at):
            byte(11)
            uuid(id)
            string(actor)
            zigzag(at.milliseconds)
        case .auditRemoved(let part):
            byte(20)
            removal(part)
        }
    }
}

extension ByteReader {
    fileprivate mutating func catalogItem() throws(CodecError) -> CatalogItem {
        switch CatalogItem.Kind(rawValue: try byte()) {
        case .rule: return .rule(try rule())
        case .definition: return .definition(try definition())
        case .policy: return .policy(try policy())
        case .waiver: return .waiver(try waiver())
        case nil: throw CodecError("unknown kind of catalogue item")
        }
    }

    fileprivate mutating func systemEffect() throws(CodecError) -> SystemState.Effect {
        switch try byte() {
        case 1: return .put(try catalogItem())
        case 2: return .delete(try uuid())
        case 3: return .audit(try auditEntry())
        case 4:
            let key = try uuid()
            return .remember(IdempotencyKey(high: key.high, low: key.low), try Remembered(from: &self))
        case 5: return .reapply
        case 6: return .cluster(try clusterChange())
        case 7: return .keep(try governanceItem())
        case 8: return .forget(try uuid())
        case 9: return .keepPlan(try plan())
        case 10: return .dropPlan(try uuid())
        case 11:
            return .planApplied(try uuid(), actor: try string(), at: Timestamp(milliseconds: try zigzag()))
        case 20: return .auditRemoved(try removal())
        case let kind: throw CodecError("a system entry holds an effect of unknown kind \(kind)")
        }
    }
}
