package import Model

/// The stored form of what the system shard knows of its cluster.
extension ByteWriter {
    package mutating func clusterItem(_ item: ClusterItem) {
        byte(item.kind.rawValue)
        switch item {
        case .settings(let settings): clusterSettings(settings)
        case .member(let member): self.member(member)
        case .placement(let placement): shardPlacement(placement)
        case .cursorKey(let key): blob(key.bytes)
        case .succession(let succession): self.succession(succession)
        }
    }

    private mutating func clusterSettings(_ settings: ClusterSettings) {
        uuid(settings.id)
        varint(settings.shards)
        varint(settings.replicationFactor)
    }

    private mutating func member(_ member: Member) {
        varint(member.replica)
        string(member.name)
        string(member.peerAddress)
        string(member.apiAddress)
        string(member.region)
        string(member.zone)
        byte(member.isEdge ? 1 : 0)
        byte(member.state.rawValue)
        zigzag(member.since.milliseconds)
    }

    private mutating func shardPlacement(_ placement: ShardPlacement) {
        varint(placement.shard)
        varint(placement.replicas.count)
        for replica in placement.replicas { varint(replica) }
        varint(placement.preferredLeader ?? 0)
        varint(placement.revision)
    }

    private mutating func succession(_ succession: Succession) {
        uuid(succession.successor)
        zigzag(succession.at.milliseconds)
        varint(succession.positions.count)
        for position in succession.positions {
            varint(position.group)
            varint(position.appliedIndex)
            varint(position.auditSequence)
        }
    }

    package mutating func clusterChange(_ change: ClusterChange) {
        switch change {
        case .put(let item):
            byte(1)
            clusterItem(item)
        case .removeMember(let replica):
            byte(2)
            varint(replica)
        }
    }
}

/// Whatever is read back is within the limits of its type.
extension ByteReader {
    package mutating func clusterItem() throws(CodecError) -> ClusterItem {
        switch ClusterItem.Kind(rawValue: try byte()) {
        case .settings: return .settings(try clusterSettings())
        case .member: return .member(try member())
        case .placement: return .placement(try shardPlacement())
        case .cursorKey: return .cursorKey(try cursorKey())
        case .succession: return .succession(try succession())
        case nil: throw CodecError("unknown kind of cluster item")
        }
    }

    private mutating func clusterSettings() throws(CodecError) -> ClusterSettings {
        let settings = ClusterSettings(
            id: try uuid(), shards: try number(upTo: ClusterSettings.shardsMax),
            replicationFactor: try number(upTo: ClusterSettings.replicationFactorMax))
        if let fault = settings.fault { throw CodecError(fault) }
        return settings
    }

    private mutating func member() throws(CodecError) -> Member {
        let replica = try varint()
        let name = try string()
        let peerAddress = try string()
        let apiAddress = try string()
        let region = try string()
        let zone = try string()
        let isEdge = try byte()
        guard isEdge <= 1, let state = Member.State(rawValue: try byte()) else {
            throw CodecError("unknown state of a member")
        }
        let member = Member(
            replica: replica, name: name, peerAddress: peerAddress, apiAddress: apiAddress, region: region, zone: zone,
            isEdge: isEdge == 1, state: state, since: Timestamp(milliseconds: try zigzag()))
        if let fault = member.fault { throw CodecError(fault) }
        return member
    }

    private mutating func shardPlacement() throws(CodecError) -> ShardPlacement {
        let shard = try number(upTo: ClusterSettings.shardsMax)
        var replicas: [UInt64] = []
        for _ in 0..<(try number(upTo: ShardPlacement.replicasMax)) { replicas.append(try varint()) }
        let leader = try varint()
        let placement = ShardPlacement(
            shard: shard, replicas: replicas, preferredLeader: leader == 0 ? nil : leader, revision: try varint())
        if let fault = placement.fault { throw CodecError(fault) }
        return placement
    }

    private mutating func cursorKey() throws(CodecError) -> CursorKey {
        guard let key = CursorKey(try blob()) else { throw CodecError("a cursor key of another length") }
        return key
    }

    private mutating func succession() throws(CodecError) -> Succession {
        let successor = try uuid()
        let at = Timestamp(milliseconds: try zigzag())
        var positions: [Succession.Position] = []
        for _ in 0..<(try number(upTo: ClusterSettings.shardsMax + 1)) {
            positions.append(
                Succession.Position(
                    group: try number(upTo: ClusterSettings.shardsMax), appliedIndex: try varint(),
                    auditSequence: try varint()))
        }
        let succession = Succession(successor: successor, at: at, positions: positions)
        if let fault = succession.fault { throw CodecError(fault) }
        return succession
    }

    private mutating func number(upTo max: Int) throws(CodecError) -> Int {
        let value = try varint()
        guard value <= UInt64(max) else { throw CodecError("\(value) is above the limit of \(max)") }
        return Int(value)
    }

    package mutating func clusterChange() throws(CodecError) -> ClusterChange {
        switch try byte() {
        case 1: return .put(try clusterItem())
        case 2: return .removeMember(try varint())
        case let kind: throw CodecError("unknown kind \(kind) of a cluster's change")
        }
    }
}
