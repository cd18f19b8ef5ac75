import JSON
import Model
import Testing

@testable import Shard

/// What travels, made at random, with how it is read back: `read` throws, or gives what writes `bytes` again.
enum Message {
    static let kinds = 7

    static func random(_ kind: Int, _ values: inout SeededValues) -> [UInt8] {
        switch kind {
        case 0: values.command().encoded
        case 1: values.context().encoded
        case 2: values.systemCommand().encoded
        case 3: values.reply().encoded
        case 4: ShardError.damagedRow(values.text()).encoded
        case 5: ShardQuery.rows(after: values.maybe { ResourceID($0.uuid()) }, limit: values.below(1 << 20) + 1).encoded
        default: ShardAnswer.totals(values.totals()).encoded
        }
    }

    /// Writes again what was read.
    static func rewritten(_ kind: Int, _ bytes: [UInt8], _ json: JSONCheck) throws(CodecError) -> [UInt8] {
        switch kind {
        case 0: try ShardCommand(decoding: bytes, checking: json).encoded
        case 1: try WriteContext(decoding: bytes).encoded
        case 2: try SystemCommand(decoding: bytes).encoded
        case 3: try ShardReply(decoding: bytes).encoded
        case 4: try ShardError(decoding: bytes).encoded
        case 5: try ShardQuery(decoding: bytes).encoded
        default: try ShardAnswer(decoding: bytes, to: .totals, checking: json).encoded
        }
    }
}

@Suite("What travels between nodes")
struct PeerFormTests {
    private let json = JSONCheck()

    @Test("Every message survives the way there", arguments: 0..<Message.kinds)
    func roundTrip(kind: Int) throws {
        for seed in UInt64(0)..<300 {
            var values = SeededValues(seed: seed)
            let bytes = Message.random(kind, &values)
            #expect(try Message.rewritten(kind, bytes, json) == bytes, "seed \(seed)")
        }
    }

    @Test("Contexts, replies and what the catalogue is asked arrive whole")
    func values() throws {
        for seed in UInt64(0)..<300 {
            var values = SeededValues(seed: seed)
            let context = values.context()
            #expect(try WriteContext(decoding: context.encoded) == context, "seed \(seed)")
            let reply = values.reply()
            #expect(try ShardReply(decoding: reply.encoded) == reply, "seed \(seed)")
            let command = values.systemCommand()
            let arrived = try SystemCommand(decoding: command.encoded)
            switch (command, arrived) {
            case (.create(let item), .create(let other)): #expect(item == other, "seed \(seed)")
            case (.update(let item, let condition), .update(let other, let arrivedCondition)):
                #expect(item == other && condition == arrivedCondition, "seed \(seed)")
            case (.delete(let kind, let id, let condition), .delete(let otherKind, let otherID, let arrivedCondition)):
                #expect(kind == otherKind && id == otherID && condition == arrivedCondition, "seed \(seed)")
            case (.reapply, .reapply), (.passTime, .passTime): break
            case (.keep(let item), .keep(let other)): #expect(item == other, "seed \(seed)")
            case (.forget(let id), .forget(let other)): #expect(id == other, "seed \(seed)")
            default: #expect(Bool(false), "\(command) became \(arrived), seed \(seed)")
            }
        }
    }

    @Test("Every prefix of a message is refused, and so is a byte too many", arguments: 0..<Message.kinds)
    func cutShort(kind: Int) {
        for seed in UInt64(0)..<10 {
            var values = SeededValues(seed: seed)
            let bytes = Message.random(kind, &values)
            for length in 0..<bytes.count {
                #expect(throws: CodecError.self, "seed \(seed), \(length) bytes") {
                    try Message.rewritten(kind, Array(bytes[..<length]), json)
                }
            }
            #expect(throws: CodecError.self, "seed \(seed)") { try Message.rewritten(kind, bytes + [0], json) }
        }
    }

    @Test("Damaged bytes are refused, or are the one form of another message", arguments: 0..<Message.kinds)
    func damaged(kind: Int) {
        for seed in UInt64(0)..<40 {
            var values = SeededValues(seed: seed)
            let bytes = Message.random(kind, &values)
            for _ in 0..<100 {
                var damaged = bytes
                for _ in 0...values.below(3) {
                    damaged[values.below(bytes.count)] = UInt8(truncatingIfNeeded: values.next())
                }
                if let read = try? Message.rewritten(kind, damaged, json) { #expect(read == damaged, "seed \(seed)") }
            }
        }
    }

    @Test("A message of another version is refused", arguments: 0..<Message.kinds)
    func otherVersion(kind: Int) {
        var values = SeededValues(seed: 1)
        var bytes = Message.random(kind, &values)
        bytes[0] += 1
        #expect(throws: CodecError.self) { try Message.rewritten(kind, bytes, json) }
    }

    @Test("A number, a flag and a text have one spelling")
    func oneSpelling() throws {
        let context = WriteContext(actor: "ann", requestID: "")
        #expect(context.encoded == [1, 3] + Array("ann".utf8) + [0, 0])
        for bytes: [UInt8] in [
            [1, 0x83, 0] + Array("ann".utf8) + [0, 0],
            [1, 3] + Array("ann".utf8) + [0x80, 0, 0],
            [1, 3, 0xC3, 0x28, 0x61, 0, 0],
        ] {
            #expect(throws: CodecError.self) { try WriteContext(decoding: bytes) }
        }
    }
}

@Suite("A command that is forwarded")
struct ForwardedCommandTests {
    private let json = JSONCheck()

    private func read(_ command: ShardCommand) throws -> ShardCommand {
        try ShardCommand(decoding: command.encoded, checking: json)
    }

    @Test("Every field of every observation arrives")
    func observations() throws {
        for seed in UInt64(0)..<300 {
            var values = SeededValues(seed: seed)
            let observations = values.list(4) { $0.observation() }
            let costs = values.list(4) { $0.cost() }
            guard case .observe(let arrived) = try read(.observe(observations)),
                case .addCosts(let arrivedCosts) = try read(.addCosts(costs))
            else { return #expect(Bool(false), "a command became another, seed \(seed)") }
            #expect(arrived == observations, "seed \(seed)")
            #expect(arrivedCosts == costs, "seed \(seed)")
        }
    }

    @Test("Tags and preconditions arrive")
    func others() throws {
        var values = SeededValues(seed: 7)
        let items = (0..<20).map { _ in values.application() }
        guard case .applyTags(let arrived) = try read(.applyTags(items)) else { return #expect(Bool(false)) }
        #expect(arrived == items)
        let id = values.uuid()
        for condition: Precondition in [.none, .unchangedSince(.max), .exists, .absent] {
            guard case .setTag(id, value: "v", condition) = try read(.setTag(id, value: "v", condition)),
                case .deleteTag(id, condition) = try read(.deleteTag(id, condition)),
                case .deleteResource(ResourceID(id), condition) = try read(.deleteResource(ResourceID(id), condition)),
                case .putResource(observation("web"), condition) = try read(.putResource(observation("web"), condition)),
                case .reserveKey = try read(.reserveKey)
            else { return #expect(Bool(false), "\(condition)") }
        }
    }

    @Test(
        "Metadata that is not a compact JSON object as we write it is refused",
        arguments: [
            "", "{", "[]", "1", "null", "{} ", "{ }", #"{"a":1,}"#, #"{"a":01}"#, #"{"a":1.0}"#, #"{"a":"\u0041"}"#,
            #"{"a":"\ud800"}"#, "{\"a\":\"\u{0}\"}", #"{"a":NaN}"#, #"{"a":1}{}"#,
            "{\"a\":" + String(repeating: "[", count: 80) + String(repeating: "]", count: 80) + "}",
        ])
    func badMetadata(text: String) {
        var observation = observation("web")
        observation.metadata = JSONText(trusted: Array(text.utf8))
        let cost = CostObservation(resource: observation, lines: [], upload: 1)
        for command: ShardCommand in [.observe([observation]), .putResource(observation, .none), .addCosts([cost])] {
            #expect(throws: CodecError.self) { try read(command) }
        }
    }

    @Test("Metadata that is not UTF-8 is refused")
    func badUTF8() {
        var observation = observation("web")
        observation.metadata = JSONText(trusted: Array(#"{"a":""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8))
        #expect(throws: CodecError.self) { try read(.observe([observation])) }
    }

    @Test("Numbers at the ends of their ranges stay in metadata")
    func extremeNumbers() throws {
        let numbers =
            #"{"a":9223372036854775807,"b":-9223372036854775808,"c":18446744073709551615,"d":5e-324,"e":1.7976931348623157e+308}"#
        var observation = observation("web")
        observation.metadata = JSONText(trusted: Array(numbers.utf8))
        guard case .observe([observation]) = try read(.observe([observation])) else { return #expect(Bool(false)) }
    }

    @Test("Costs out of order, unknown relationship types and sweeps are refused")
    func unsound() {
        func line(_ month: Int32) -> CostLine {
            CostLine(month: month, service: "s", currency: "USD", billedNanos: 1, effectiveNanos: 1)
        }
        let cost = CostObservation(resource: observation("web"), lines: [line(202_602), line(202_601)], upload: 1)
        #expect(throws: CodecError.self) { try read(.addCosts([cost])) }
        var stated = observation("web")
        stated.statedTypes = RelationshipTypes(rawValue: 1 << 40)
        #expect(throws: CodecError.self) { try read(.observe([stated])) }
        for kind in [UInt8(0)] + Array(9...255) {
            #expect(throws: CodecError.self) { try ShardCommand(decoding: [PeerForm.version, kind, 1], checking: json) }
        }
    }

    @Test("More items than a command may have, or than there are bytes, are refused")
    func counts() throws {
        let most = (0..<ShardCommand.forwardedItemsMax).map { _ in TagApplication(resource: observation("x").id, tags: []) }
        var bytes = ShardCommand.applyTags(most).encoded
        #expect(try ShardCommand(decoding: bytes, checking: json).encoded == bytes)
        // The count is two bytes of seven bits, after the version and the kind.
        #expect(Array(bytes[2..<4]) == [0x90, 0x4E])
        bytes[2] += 1
        bytes += bytes[4..<21]
        #expect(throws: CodecError.self) { try ShardCommand(decoding: bytes, checking: json) }
        let huge: [UInt8] = [PeerForm.version, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]
        #expect(throws: CodecError.self) { try ShardCommand(decoding: huge, checking: json) }
    }

    @Test("A command belongs to a shard when all that it names does")
    func ownership() {
        let mine = observation("web").id
        let slot = Int(mine.slot.number)
        let tag = PartID.virtualTag(of: mine, key: "owner")
        let cost = CostObservation(resource: observation("web"), lines: [], upload: 1)
        let commands: [ShardCommand] = [
            .observe([observation("web")]), .addCosts([cost]), .putResource(observation("web"), .none),
            .deleteResource(mine, .none), .applyTags([TagApplication(resource: mine, tags: [])]),
            .setTag(tag, value: "v", .none), .deleteTag(tag, .none),
        ]
        for command in commands {
            #expect(command.belongs(to: slot..<slot + 1))
            #expect(!command.belongs(to: 0..<slot))
        }
        #expect(ShardCommand.reserveKey.belongs(to: 0..<1))
    }
}

@Suite("An answer that comes back")
struct ForwardedReplyTests {
    @Test("Tags of an answer that carry metadata, or are no row, are refused")
    func snapshot() throws {
        var values = SeededValues(seed: 3)
        var record = values.record()
        record.resource.metadata = JSONText(trusted: Array("{\"a\":1}".utf8))
        for row in [RecordCodec.encode(record), [], [1, 2, 3]] {
            let snapshot = TagSnapshot(resource: record.resource.id, row: row)
            let bytes = ShardReply(index: 1, outcomes: [.created], tags: snapshot).encoded
            #expect(throws: CodecError.self) { try ShardReply(decoding: bytes) }
        }
        let reply = ShardReply(index: 1, outcomes: [.created], tags: TagSnapshot(of: record))
        #expect(try ShardReply(decoding: reply.encoded) == reply)
    }

    @Test("Refusals arrive")
    func refusals() throws {
        for refusal: ShardError in [.idempotencyKeyReused, .damagedRow("a row")] {
            #expect(try ShardError(decoding: refusal.encoded) == refusal)
        }
    }
}
