import Foundation
import HTTPTransport
import JSON

/// etcd 3.4's JSON gateway: `POST /v3/kv/put` and `/v3/kv/range`, whose reads are linearizable unless asked otherwise.
package struct EtcdProtocol: TargetProtocol {
    private let inventory: LoadInventory
    private let valueBytes: Int
    private let headers: HTTPFields = ["content-type": "application/json", "user-agent": "vtag-load"]

    package init(inventory: LoadInventory, valueBytes: Int) {
        self.inventory = inventory
        self.valueBytes = valueBytes
    }

    package func request(for operation: PlannedOperation) -> WireRequest {
        switch operation.kind {
        case .tagWrite:
            let write = operation.writes[0]
            return post("/v3/kv/put", register: write.register) { json in
                json.key("value")
                json.string(Self.base64(inventory.run.value(of: write.number, bytes: valueBytes)))
            }
        case .pointRead:
            return post("/v3/kv/range", register: inventory.register(operation.resources[0], key: 0)) { _ in }
        case .staleRead, .list, .bulkApply, .ruleChange, .ingest:
            preconditionFailure("etcd knows no \(operation.kind.rawValue); the scenario's reader refuses it")
        }
    }

    package func judge(status: Int, body: [UInt8], of operation: PlannedOperation) -> Judgement {
        let detail = status < 300 ? "" : String(decoding: body.prefix(120), as: UTF8.self)
        return Judgement(AttemptOutcome.of(status: status, detail: detail) ?? .succeeded)
    }

    private func post(_ path: String, register: LoadInventory.Register, _ rest: (inout JSONWriter) -> Void) -> WireRequest {
        var json = JSONWriter(reserving: 128 + valueBytes * 3 / 2)
        json.beginObject()
        json.key("key")
        let id = inventory.ids[inventory.resource(of: register)]
        json.string(Self.base64("\(id)/\(inventory.key(of: register))"))
        rest(&json)
        json.endObject()
        return WireRequest(method: .post, path: path, headers: headers, body: json.bytes)
    }

    private static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
}
