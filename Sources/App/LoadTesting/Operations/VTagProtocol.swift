package import HTTPTransport
package import JSON
import Model

/// Virtual Tagger's REST API.
package struct VTagProtocol: TargetProtocol {
    private let inventory: LoadInventory
    private let valueBytes: Int
    private let headers: HTTPFields
    private let writeHeaders: HTTPFields
    /// Names of the tag keys, by position.
    private let keys: [String]
    /// The rule that rule changes change; nil where the mix has none.
    private let ruleID: String?
    private let hasIdempotencyKeys: Bool
    /// Whether what reads saw is wanted.
    private let readsAreChecked: Bool

    package init(
        inventory: LoadInventory, valueBytes: Int, token: String?, ruleID: String?, hasIdempotencyKeys: Bool = true,
        readsAreChecked: Bool
    ) {
        self.hasIdempotencyKeys = hasIdempotencyKeys
        self.inventory = inventory
        self.valueBytes = valueBytes
        self.ruleID = ruleID
        self.readsAreChecked = readsAreChecked
        headers = Self.headers(token: token)
        var fields = headers
        fields.append("content-type", "application/json")
        writeHeaders = fields
        keys = (0..<inventory.keysPerResource).map { inventory.key($0) }
    }

    package static func headers(token: String?) -> HTTPFields {
        var fields = HTTPFields()
        if let token { fields.append("authorization", "Bearer \(token)") }
        fields.append("accept", "application/json, application/problem+json")
        fields.append("user-agent", "vtag-load")
        return fields
    }

    // MARK: Requests

    package func request(for operation: PlannedOperation) -> WireRequest {
        switch operation.kind {
        case .pointRead: return read(operation.resources[0])
        case .staleRead:
            var request = read(operation.resources[0])
            request.headers.append("read-consistency", "stale")
            return request
        case .list: return WireRequest(method: .get, path: "/resources?limit=\(operation.size)", headers: headers)
        case .tagWrite: return write(.post, "/virtual-tags/apply", operation) { item(operation.writes[0], to: &$0) }
        case .bulkApply:
            return write(.post, "/virtual-tags/bulk-apply", operation) { json in
                json.beginObject()
                json.key("items")
                json.beginArray()
                for write in operation.writes { item(write, to: &json) }
                json.endArray()
                json.endObject()
            }
        case .ruleChange:
            guard let ruleID else { preconditionFailure("a rule is to be changed, but none was made") }
            return write(.put, "/tag-rules/\(ruleID)", operation) {
                Self.rule(of: inventory.run, version: operation.number, to: &$0)
            }
        case .ingest:
            return write(.post, Self.ingestPath, operation) {
                Self.volumes(operation.resources, of: inventory, size: Int(operation.number % 1_000) + 1, to: &$0)
            }
        }
    }

    package func read(_ resource: Int) -> WireRequest {
        WireRequest(method: .get, path: "/resources/\(inventory.ids[resource])/virtual-tags", headers: headers)
    }

    private func write(
        _ method: HTTPMethod, _ path: String, _ operation: PlannedOperation, _ body: (inout JSONWriter) -> Void
    ) -> WireRequest {
        var json = JSONWriter(reserving: 256 + operation.writes.count * (valueBytes + 128))
        body(&json)
        var fields = writeHeaders
        if hasIdempotencyKeys {
            fields.append("idempotency-key", inventory.run.idempotencyKey(of: operation.number))
        }
        return WireRequest(method: method, path: path, headers: fields, body: json.bytes)
    }

    private func item(_ write: PlannedOperation.Write, to json: inout JSONWriter) {
        json.beginObject()
        json.key("resource_id")
        json.string(inventory.ids[inventory.resource(of: write.register)].description)
        json.key("tags")
        json.beginArray()
        json.beginObject()
        json.key("key")
        json.string(keys[write.register % keys.count])
        json.key("value")
        json.string(inventory.run.value(of: write.number, bytes: valueBytes))
        json.endObject()
        json.endArray()
        json.endObject()
    }

    // MARK: Payloads that preparing needs too

    package static let ingestPath =
        "/ingest/aws?operation=ec2.describe-volumes&account_id=\(LoadInventory.accountID)&region=\(LoadInventory.region)"

    /// What `aws ec2 describe-volumes` prints of the load's own volumes.
    package static func volumes(
        _ resources: some Sequence<Int>, of inventory: LoadInventory, size: Int, to json: inout JSONWriter
    ) {
        json.beginObject()
        json.key("Volumes")
        json.beginArray()
        for resource in resources {
            json.beginObject()
            json.key("VolumeId")
            json.string(inventory.nativeID(resource))
            json.key("State")
            json.string("in-use")
            json.key("VolumeType")
            json.string("gp3")
            json.key("Size")
            json.int(size)
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }

    /// A rule that tags the load's own resources; each version gives another value, so that each change is a sweep.
    package static func rule(of run: RunName, version: UInt64, to json: inout JSONWriter) {
        json.value(
            .object([
                .init("rule_name", .string("vtag-load \(run)")),
                .init("priority", .int(900_000)),
                .init(
                    "conditions",
                    .object([
                        .init("field", .string("resource_id")), .init("operator", .string("starts_with")),
                        .init("value", .string("vol-load-\(run)-")),
                    ])),
                .init(
                    "actions",
                    .array([
                        .object([
                            .init(
                                "set_tag",
                                .object([
                                    .init("key", .string("load-rule")), .init("value", .string(String(version))),
                                ]))
                        ])
                    ])),
            ]))
    }

    // MARK: Answers

    package func judge(status: Int, body: [UInt8], of operation: PlannedOperation) -> Judgement {
        if status >= 300 {
            let problem = Self.problem(in: body)
            if status == 503, problem.type == Self.nothingHappened, operation.kind.isOneCommand {
                return Judgement(.notTaken("status 503: \(problem.detail.prefix(120))"))
            }
            if let failure = AttemptOutcome.of(status: status, detail: problem.detail) { return Judgement(failure) }
        }
        switch operation.kind {
        case .pointRead:
            return readsAreChecked ? Self.tags(in: body, of: operation.resources[0], inventory) : Judgement(.succeeded)
        case .bulkApply: return Self.bulk(body, of: operation)
        case .staleRead, .list, .tagWrite, .ruleChange, .ingest: return Judgement(.succeeded)
        }
    }

    /// Every register of the resource: those that are not in the answer are absent.
    private static func tags(in body: [UInt8], of resource: Int, _ inventory: LoadInventory) -> Judgement {
        var values = Array(repeating: SeenValue.absent, count: inventory.keysPerResource)
        do {
            try JSONParser().withDocument(body) { root in
                guard let items = root["items"], items.isArray else { throw JSONError(.malformed, "a list without items") }
                for item in items.elements {
                    guard let key = item["tag_key"]?.string, let register = inventory.register(resource, named: key) else {
                        continue
                    }
                    let place = register - inventory.register(resource, key: 0)
                    values[place] = SeenValue(item["tag_value"]?.string ?? "", in: inventory.run)
                }
            }
        } catch {
            return Judgement(.refused("an answer that cannot be read: \(error)"))
        }
        var judgement = Judgement(.succeeded)
        judgement.reads = values.enumerated().map {
            RegisterRead(register: inventory.register(resource, key: $0.offset), value: $0.element)
        }
        return judgement
    }

    private static func bulk(_ body: [UInt8], of operation: PlannedOperation) -> Judgement {
        let all = Array(operation.writes.indices)
        let failed = try? JSONParser().withDocument(body) { root -> [Int]? in
            guard let count = root["failed_count"]?.int ?? root["failed"]?.count else { return nil }
            let listed = root["failed"]?.elements.compactMap { $0["index"]?.int } ?? []
            // A list that is cut short leaves open which of the others failed.
            return listed.count == count && listed.allSatisfy(all.contains) ? listed : nil
        }
        var judgement = Judgement(.succeeded)
        judgement.failedWrites = failed.flatMap { $0 } ?? all
        return judgement
    }

    /// The type of a 503 with which a node says that nothing of the request happened. One that may have happened has another,
    /// and what stands in front of nodes says nothing like it.
    private static let nothingHappened = "urn:vtag:problem:unavailable"

    /// What a problem says, or the start of whatever the body is.
    static func problem(in body: [UInt8]) -> (type: String?, detail: String) {
        let problem = try? JSONValue(parsing: Array(body.prefix(16 << 10)))
        let detail =
            problem?["detail"]?.string ?? problem?["title"]?.string ?? String(decoding: body.prefix(80), as: UTF8.self)
        return (problem?["type"]?.string, detail)
    }
}
