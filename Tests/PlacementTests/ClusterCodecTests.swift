import Model
import Testing

@testable import Placement

private let samples: [ClusterItem] =
    ([
        .settings(ClusterSettings(id: UUID128(high: 1, low: 2), shards: 16, replicationFactor: 3)),
        .member(member(.max, zone: "b", isEdge: true, state: .draining)), .member(member(1)),
        .placement(ShardPlacement(shard: 1024, replicas: [.max, 3, 9], preferredLeader: 9, revision: .max)),
        .placement(ShardPlacement(shard: 1, replicas: [3], preferredLeader: nil, revision: 1)),
        CursorKey(Array(0..<32)).map(ClusterItem.cursorKey),
        .succession(
            Succession(
                successor: UUID128(high: 5, low: 6), at: Timestamp(milliseconds: -1),
                positions: [
                    .init(group: 1024, appliedIndex: .max, auditSequence: 3),
                    .init(group: 0, appliedIndex: 1, auditSequence: 0),
                ])),
    ] as [ClusterItem?]).compactMap(\.self)
private let changes = samples.map(ClusterChange.put) + [.removeMember(.max)]

@Suite("The stored form of the cluster's state")
struct ClusterCodecTests {
    private func decode(_ bytes: [UInt8]) throws -> ClusterChange {
        try bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            let change = try reader.clusterChange()
            guard reader.atEnd else { throw CodecError("left over") }
            return change
        }
    }

    @Test("Every change survives the round trip, and every prefix of it is refused", arguments: changes)
    func roundTrip(change: ClusterChange) throws {
        var writer = ByteWriter()
        writer.clusterChange(change)
        #expect(try decode(writer.bytes) == change)
        for length in 0..<writer.bytes.count {
            #expect(throws: CodecError.self) { try decode(Array(writer.bytes[..<length])) }
        }
    }

    @Test("Bytes that say what is out of bounds are refused, whatever they are")
    func damagedBytes() throws {
        var random = Lot(seed: 7)
        for change in changes {
            var writer = ByteWriter()
            writer.clusterChange(change)
            for _ in 0..<2_000 {
                var bytes = writer.bytes
                bytes[random.below(bytes.count)] = UInt8(random.below(256))
                guard let read = try? decode(bytes), case .put(let item) = read else { continue }
                switch item {
                case .settings(let settings): #expect(settings.fault == nil)
                case .member(let member): #expect(member.fault == nil)
                case .placement(let placement): #expect(placement.fault == nil)
                case .succession(let succession): #expect(succession.fault == nil)
                case .cursorKey(let key): #expect(key.bytes.count == CursorKey.byteCount)
                }
            }
        }
    }

    @Test("Every thing has an id of its own that leads back to it")
    func ids() {
        let keys: [ClusterItem.Key] =
            [.settings, .cursorKey, .succession] + [1, 0xFFFF, 0x1_0000, .max].map { .member($0) }
            + [1, 1024].map { .placement($0) }
        #expect(Set(keys.map(\.id)).count == keys.count)
        for key in keys {
            #expect(ClusterItem.Key(key.id) == key)
            #expect(key.id.version == 8)
        }
        #expect(ClusterItem.Key(.stamped(high: 2, low: 1, version: 4)) == nil)
    }

    @Test("A state is its items, in whatever order they come")
    func items() {
        let state = ClusterState(samples)
        #expect(ClusterState(samples.reversed()) == state)
        #expect(Set(state.items) == Set(samples))
        for item in samples { #expect(state.item(item.id) == item) }
    }
}
