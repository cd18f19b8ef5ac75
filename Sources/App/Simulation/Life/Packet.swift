import Consensus
import WriteAheadLog

/// What travels through the simulated network.
enum Packet {
    case consensus(Message)
    /// Messages, encoded one behind the other.
    case frames([UInt8])
    case snapshot(SnapshotTransfer)
    /// One frame of a snapshot, encoded; `stream`: the number of its connection.
    case snapshotFrame([UInt8], stream: Int, toReceiver: Bool)
    case snapshotOutcome(group: Int, from: ReplicaID, to: ReplicaID, LogPoint)
    /// `anyReplica`: a read that the node may answer without being leader.
    case request(ClientRequest, group: Int, anyReplica: Bool)
    case reply(OperationID, ClientReply)
}

/// A replica's whole state on its way to another.
struct SnapshotTransfer {
    let group: Int
    let from: ReplicaID
    let to: ReplicaID
    let term: UInt64
    let point: SnapshotPoint
    let state: [UInt8]
}

/// What happens at an instant of virtual time.
enum LifeEvent {
    /// The packet in this slot arrives.
    case arrival(slot: Int)
    /// The node's replicas want to be told the time. `life` tells a node's lives apart: events of an earlier one are void.
    case timer(node: Int, life: Int)
    case synced(node: Int, life: Int)
    case fetched(node: Int, life: Int, group: Int, EntryFetch)
    case snapshotGivenUp(node: Int, life: Int, group: Int, peer: ReplicaID)
    /// Nothing may have moved on a snapshot's connection for too long.
    case snapshotStalls(node: Int, life: Int, group: Int, peer: ReplicaID, stream: Int)
    case installed(node: Int, life: Int, group: Int)
    case sweep(node: Int, life: Int, group: Int)
    case catalogChanges
    case catalogHeard(node: Int, life: Int, version: UInt64)
    case restart(node: Int, life: Int)
    case resume(node: Int, life: Int)
    case fault
    case healLinks(number: Int)
    case leaderFalls(node: Int, life: Int)
    case handOverUnheard(group: Int)
    case leaderIsCutOff(node: Int, life: Int, direction: Int, duration: Microseconds)
    case client(Int, wake: Int)
    case operatorLooks
    /// The node's sink looks what is to be done.
    case sinkTurn(node: Int, life: Int)
    /// It reads the rows of the transaction that it is making.
    case sinkReads(node: Int, life: Int, call: Int)
    case sinkHears(node: Int, life: Int, call: Int, SimulatedSink.Answer)
    /// This question arrives.
    case databaseHears(Int)
    case databaseFault
    /// What began with that fault is over, unless another one came.
    case databaseMends(number: Int)
    case settle
}

/// Packets under way, in slots that are used again.
struct PacketStore {
    struct Envelope {
        let from: Endpoint
        let to: Endpoint
        let packet: Packet
    }

    private var slots: [Envelope?] = []
    private var free: [Int] = []

    mutating func put(_ envelope: Envelope) -> Int {
        if let slot = free.popLast() {
            slots[slot] = envelope
            return slot
        }
        slots.append(envelope)
        return slots.count - 1
    }

    mutating func take(_ slot: Int) -> Envelope {
        guard let envelope = slots[slot] else { preconditionFailure("slot \(slot) holds no packet") }
        slots[slot] = nil
        free.append(slot)
        return envelope
    }
}
