import Model

extension CatalogPlan {
    /// Length of the stored form in bytes.
    var encodedBytes: Int {
        var writer = ByteWriter(reserving: 4096)
        writer.plan(self)
        return writer.bytes.count
    }
}

extension CatalogPlan: PeerCodable {
    func write(to writer: inout ByteWriter) { writer.plan(self) }
    init(from reader: inout ByteReader) throws(CodecError) { self = try reader.plan() }
}

/// The stored form of a plan.
extension ByteWriter {
    mutating func plan(_ plan: CatalogPlan) {
        uuid(plan.id)
        string(plan.description)
        string(plan.createdBy)
        zigzag(plan.createdAt.milliseconds)
        zigzag(plan.expiresAt.milliseconds)
        varint(plan.unchanged)
        varint(plan.catalogVersion)
        varint(plan.changes.count)
        for change in plan.changes {
            byte((change.before == nil ? 0 : 1) | (change.after == nil ? 0 : 2))
            change.before?.write(to: &self)
            change.after?.write(to: &self)
        }
        varint(plan.basis.count)
        for seen in plan.basis {
            seen.kind.write(to: &self)
            uuid(seen.id)
            string(seen.name)
            varint(seen.version)
            byte(seen.stage)
        }
        blob(plan.report)
        byte(plan.application == nil ? 0 : 1)
        if let application = plan.application { planApplication(application) }
    }

    mutating func planApplication(_ application: CatalogPlan.Application) {
        string(application.actor)
        zigzag(application.at.milliseconds)
        varint(application.catalogVersion)
    }
}

extension ByteReader {
    mutating func plan() throws(CodecError) -> CatalogPlan {
        let id = try uuid()
        let (description, author) = (try string(), try string())
        let (createdAt, expiresAt) = (Timestamp(milliseconds: try zigzag()), Timestamp(milliseconds: try zigzag()))
        let (unchanged, catalogVersion) = (try varint(), try varint())
        var changes: [CatalogPlan.Change] = []
        for _ in 0..<(try count()) {
            let flags = try byte()
            let before = flags & 1 == 0 ? nil : try CatalogItem(from: &self)
            let after = flags & 2 == 0 ? nil : try CatalogItem(from: &self)
            guard flags < 4, let change = CatalogPlan.Change(before: before, after: after) else {
                throw CodecError("a plan has a change that makes no sense")
            }
            changes.append(change)
        }
        var basis: [CatalogPlan.Seen] = []
        for _ in 0..<(try count()) {
            let seen = CatalogPlan.Seen(
                kind: try CatalogItem.Kind(from: &self), id: try uuid(), name: try string(), version: try varint(),
                stage: try byte())
            guard basis.last.map({ $0.id < seen.id }) ?? true else { throw CodecError("a plan's basis is out of order") }
            basis.append(seen)
        }
        var plan = CatalogPlan(
            id: id, description: description, createdBy: author, createdAt: createdAt, expiresAt: expiresAt,
            changes: changes, unchanged: unchanged, catalogVersion: catalogVersion, basis: basis, report: try blob())
        switch try byte() {
        case 0: break
        case 1: plan.application = try planApplication()
        case let mark: throw CodecError("a plan has an application of an unknown form \(mark)")
        }
        return plan
    }

    mutating func planApplication() throws(CodecError) -> CatalogPlan.Application {
        CatalogPlan.Application(
            actor: try string(), at: Timestamp(milliseconds: try zigzag()), catalogVersion: try varint())
    }
}
