package import Founding
import Glibc
import JSON
import Membership
import Model

/// What a data directory holds of its cluster's founding: `CLUSTER`, the cluster that the node belongs to, and before that
/// `FOUNDING`, what the node has promised. Both have the form of `ChecksummedLine`. All functions block.
package enum FoundingFiles {
    package static let recordName = "CLUSTER"
    package static let pledgeName = "FOUNDING"

    /// The cluster of this data directory; nil if it is of none yet.
    package static func record(in directory: String) throws(NodeStartError) -> ClusterFounding? {
        let path = "\(directory)/\(recordName)"
        guard let bytes = try DataFile.read(path) else { return nil }
        let value = try ChecksummedLine.decode(bytes, path: path, remedy: remedy)
        guard let founding = ClusterFounding(value), founding.isSound else { throw lacking(path) }
        return founding
    }

    package static func pledge(in directory: String) throws(NodeStartError) -> FoundingPledge {
        let path = "\(directory)/\(pledgeName)"
        guard let bytes = try DataFile.read(path) else { return FoundingPledge() }
        let value = try ChecksummedLine.decode(bytes, path: path, remedy: remedy)
        var pledge = FoundingPledge()
        if let floor = value["floor"] {
            guard let ballot = Ballot(floor) else { throw lacking(path) }
            pledge.floor = ballot
        }
        if let promise = value["promise"] {
            guard let ballot = promise["ballot"].flatMap(Ballot.init), let founding = ClusterFounding(promise) else {
                throw lacking(path)
            }
            pledge.promise = Proposal(ballot: ballot, founding: founding)
        }
        guard pledge.isSound else { throw lacking(path) }
        return pledge
    }

    package static func write(_ pledge: FoundingPledge, in directory: String) throws(NodeStartError) {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("format")
        writer.int(ChecksummedLine.format)
        if let floor = pledge.floor {
            writer.key("floor")
            writer.ballot(floor)
        }
        if let promise = pledge.promise {
            writer.key("promise")
            writer.beginObject()
            writer.key("ballot")
            writer.ballot(promise.ballot)
            writer.founding(promise.founding)
            writer.endObject()
        }
        writer.endObject()
        try DataFile.write(ChecksummedLine.encode(writer.bytes), to: "\(directory)/\(pledgeName)", in: directory)
    }

    /// Makes the data directory one of this cluster, for good.
    package static func write(_ record: ClusterFounding, in directory: String) throws(NodeStartError) {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("format")
        writer.int(ChecksummedLine.format)
        writer.founding(record)
        writer.endObject()
        try DataFile.write(ChecksummedLine.encode(writer.bytes), to: "\(directory)/\(recordName)", in: directory)
        // Of no use any more, and no harm if it stays.
        _ = unlink("\(directory)/\(pledgeName)")
    }

    private static let remedy = "Restore the data directory from a back-up, or start with an empty one."

    private static func lacking(_ path: String) -> NodeStartError {
        NodeStartError(.damaged, "\(path): the file lacks a field. \(remedy)")
    }
}

// MARK: - As JSON

// Numbers of 64 bits are text: JSON's are not exact.

extension JSONWriter {
    fileprivate mutating func ballot(_ ballot: Ballot) {
        beginObject()
        key("round")
        int(ballot.round)
        key("name")
        string(ballot.name)
        key("replica")
        string(String(ballot.replica))
        endObject()
    }

    /// Fields of the object that was begun.
    fileprivate mutating func founding(_ founding: ClusterFounding) {
        key("cluster")
        string(founding.cluster.text)
        key("shards")
        int(founding.shards)
        key("replication_factor")
        int(founding.replicationFactor)
        if founding.isRestored {
            key("restored")
            bool(true)
        }
        key("founders")
        beginArray()
        for founder in founding.founders { self.founder(founder) }
        endArray()
    }

    private mutating func founder(_ founder: FounderInfo) {
        beginObject()
        key("name")
        string(founder.name)
        key("replica")
        string(String(founder.replica))
        key("peer")
        address(founder.peer)
        key("client")
        address(founder.client)
        key("region")
        string(founder.region)
        key("zone")
        string(founder.zone)
        endObject()
    }

    private mutating func address(_ address: PeerAddress) {
        beginObject()
        key("host")
        string(address.host)
        key("port")
        int(address.port)
        endObject()
    }
}

extension Ballot {
    fileprivate init?(_ value: JSONValue) {
        guard let round = value["round"]?.int, round > 0, let name = value["name"]?.string,
            let replica = value["replica"]?.string.flatMap({ UInt64($0) })
        else { return nil }
        self.init(round: UInt64(round), name: name, replica: replica)
    }
}

extension ClusterFounding {
    fileprivate init?(_ value: JSONValue) {
        guard let cluster = value["cluster"]?.string.flatMap({ ClusterID(text: $0) }), let shards = value["shards"]?.int,
            let replicationFactor = value["replication_factor"]?.int, let founders = value["founders"]?.array
        else { return nil }
        let read = founders.compactMap { FounderInfo($0) }
        guard read.count == founders.count else { return nil }
        self.init(
            cluster: cluster, founders: read, shards: shards, replicationFactor: replicationFactor,
            isRestored: value["restored"]?.bool ?? false)
    }
}

extension FounderInfo {
    fileprivate init?(_ value: JSONValue) {
        guard let name = value["name"]?.string, let replica = value["replica"]?.string.flatMap({ UInt64($0) }),
            let peer = value["peer"].flatMap({ PeerAddress($0) }), let client = value["client"].flatMap({ PeerAddress($0) }),
            let region = value["region"]?.string, let zone = value["zone"]?.string
        else { return nil }
        self.init(replica: replica, name: name, peer: peer, client: client, region: region, zone: zone)
    }
}

extension PeerAddress {
    fileprivate init?(_ value: JSONValue) {
        guard let host = value["host"]?.string, let port = value["port"]?.int.flatMap({ UInt16(exactly: $0) }) else {
            return nil
        }
        self.init(host: host, port: port)
    }
}
