import JSON
package import Model

/// A hash of what is stored of one thing, worked out alike from what the cluster has and from what the database has: rows that differ
/// in anything but by a chance of 2⁻⁶⁴ have different ones.
///
/// Not against somebody who looks for two rows with the same hash.
package enum ResultDigest {
    package struct Row: Hashable, Sendable {
        package let id: UUID128
        /// 0 for rules, definitions and policies.
        package let changedIndex: UInt64
        package let digest: UInt64

        package init(id: UUID128, changedIndex: UInt64, digest: UInt64) {
            self.id = id
            self.changedIndex = changedIndex
            self.digest = digest
        }
    }

    /// As the cluster has it; `bytes` are the record's stored form.
    package static func row(_ record: ResourceRecord, _ bytes: [UInt8], shard: Int) -> Row {
        let resource = record.resource
        let id = resource.id
        var digest = DigestParts(shard: shard, changedIndex: record.changedIndex)
        digest.add(
            texts: [
                resource.provider.rawValue, resource.resourceID, resource.resourceType, resource.name,
                SinkText.indexed(resource.accountID), resource.region,
            ],
            json: [resource.nativeTags.json, resource.metadata.bytes, resource.relationships.json].map(SinkText.json),
            numbers: [SinkText.number(resource.version), hash(ofRecord: bytes)],
            times: [resource.firstSeen, resource.lastSeen], as: .resource)
        for (tagID, tag) in TagColumns.distinct(record.tags, of: id) {
            let winner = tag.winner
            digest.add(
                ids: [tagID, winner.ruleID],
                texts: [SinkText.indexed(tag.key), tag.value, winner.source.rawValue, winner.createdBy],
                numbers: [Int64(bitPattern: TagColumns.confidence(winner.confidence).bitPattern)],
                times: [winner.createdAt, winner.updatedAt], as: .tag)
        }
        for result in record.compliance {
            digest.add(
                ids: [result.policyID, PartID.complianceStatus(of: id, policy: result.policyID), result.waiverID],
                json: [SinkText.json(result.violations.json)], numbers: [result.isCompliant ? 1 : 0],
                times: [result.checkedAt], as: .finding)
        }
        for line in resource.costs where CostColumns.isMonth(line.month) {
            digest.add(
                texts: [line.service, SinkText.indexed(line.currency)],
                numbers: [Int64(line.month), line.billedNanos, line.effectiveNanos], as: .cost)
        }
        return Row(id: id.uuid, changedIndex: record.changedIndex, digest: digest.value)
    }

    /// A rule, definition or policy; `columns` as `SinkCatalog` takes them.
    package static func row(_ row: SinkCatalog.Row, in table: SinkCatalog.Table) -> Row {
        var digest = DigestParts(shard: 0, changedIndex: 0)
        let names = SinkCatalog.names(of: table)
        digest.add(
            texts: names.filter { !SinkCatalog.nested.contains($0) }.map { row.columns[$0] ?? "" },
            json: names.filter(SinkCatalog.nested.contains).map { SinkText.json(Array((row.columns[$0] ?? "").utf8)) },
            as: .item)
        return Row(id: row.id, changedIndex: 0, digest: digest.value)
    }

    /// The stored form of what group 0 keeps.
    package static func row(_ item: SinkItems.Item) -> Row {
        var digest = DigestParts(shard: 0, changedIndex: 0)
        digest.add(ids: [item.id], texts: [item.kind], numbers: [hash(ofRecord: item.record)], as: .stored)
        return Row(id: item.id, changedIndex: 0, digest: digest.value)
    }

    static func hash(ofRecord bytes: [UInt8]) -> Int64 { Int64(bitPattern: StableHash.hash(bytes: bytes)) }

    /// One row for each id, in the order of the ids: a rule is in two tables.
    package static func combined(_ rows: [Row]) -> [Row] {
        var sums: [UUID128: UInt64] = [:]
        for row in rows { sums[row.id, default: 0] &+= row.digest }
        return sums.sorted { $0.key < $1.key }.map { Row(id: $0.key, changedIndex: 0, digest: $0.value) }
    }
}

/// What a digest is put together of, in any order.
struct DigestParts {
    enum Kind: UInt64 { case resource = 1, tag, finding, cost, item, stored }

    private(set) var value: UInt64

    init(shard: Int, changedIndex: UInt64) {
        value = StableHash.mix(UInt64(bitPattern: Int64(shard)) &+ StableHash.mix(changedIndex))
    }

    mutating func add(
        ids: [UUID128?] = [], texts: [String] = [], json: [[UInt8]] = [], numbers: [Int64] = [], times: [Timestamp] = [],
        as kind: Kind
    ) {
        var writer = ByteWriter()
        for id in ids {
            writer.byte(id == nil ? 0 : 1)
            if let id { writer.uuid(id) }
        }
        // As the server stores it.
        for text in texts { writer.string(text.utf8.contains(0) ? text.replacing("\u{0}", with: "\u{FFFD}") : text) }
        for bytes in json {
            if let value = try? JSONValue(parsing: bytes, depthMax: Self.depthMax) {
                writer.canonical(value)
            } else {
                writer.blob(bytes)
            }
        }
        for number in numbers { writer.zigzag(number) }
        for time in times { writer.zigzag(SinkText.time(time).milliseconds) }
        value &+= StableHash.hash(bytes: writer.bytes, seed: kind.rawValue)
    }

    private static let depthMax = 1_024
}

extension ByteWriter {
    /// The same for all ways to write a value: members sorted, the last of a name counts, numbers by their value.
    fileprivate mutating func canonical(_ value: JSONValue) {
        switch value {
        case .null: byte(0)
        case .bool(let value): byte(value ? 2 : 1)
        case .int(let value): canonical(Double(value))
        case .double(let value): canonical(value)
        case .string(let text):
            byte(4)
            string(text)
        case .array(let elements):
            byte(5)
            varint(elements.count)
            for element in elements { canonical(element) }
        case .object(let members):
            let sorted = Dictionary(members.map { ($0.name, $0.value) }) { $1 }.sorted { $0.key < $1.key }
            byte(6)
            varint(sorted.count)
            for (name, value) in sorted {
                string(name)
                canonical(value)
            }
        }
    }

    private mutating func canonical(_ value: Double) {
        byte(3)
        varint((value == 0 ? 0 : value).bitPattern)
    }
}

extension ResultDigest.Row {
    /// The digest in 16 digits.
    package var hexadecimal: String {
        let digits = String(digest, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
