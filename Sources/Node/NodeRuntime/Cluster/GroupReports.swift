import Consensus
import Model
import NIOCore
import Placement
import Shard
import WriteAheadLog

/// How the groups fare that one node leads, as the controller of placements wants to know.
enum GroupReports {
    typealias Reports = [Int: LedGroup]

    /// A group as its leader sees it.
    struct LedGroup: Hashable, Sendable {
        let report: GroupReport
        let term: UInt64
        let appliedIndex: UInt64
        /// Rows of a data shard.
        let resources: Int
        /// How far PostgreSQL is behind it; nil where its leader sends nothing there.
        let sink: SinkReport?
    }

    /// Of all groups that are led here, encoded.
    static func collect(_ replicas: PeerDispatch.Replicas) -> EventLoopFuture<[UInt8]> {
        gather(on: replicas.loops).map(encode)
    }

    static func gather(on loops: [LoopHost]) -> EventLoopFuture<Reports> {
        let parts = loops.map { loop in loop.eventLoop.submit { loop.reports } }
        return EventLoopFuture.whenAllSucceed(parts, on: loops[0].eventLoop).map { parts in
            parts.reduce(into: [:]) { all, part in all.merge(part) { first, _ in first } }
        }
    }

    // MARK: Form

    static func encode(_ reports: Reports) -> [UInt8] {
        var writer = ByteWriter()
        writer.varint(reports.count)
        for (group, led) in reports.sorted(by: { $0.key < $1.key }) {
            let report = led.report
            writer.varint(group)
            writer.varint(led.term)
            writer.varint(led.appliedIndex)
            writer.varint(led.resources)
            for ids in [report.voters, report.outgoing, report.learners] {
                writer.varint(ids.count)
                for id in ids { writer.varint(id) }
            }
            writer.varint(report.leader ?? 0)
            writer.varint(report.lag.count)
            for (id, lag) in report.lag.sorted(by: { $0.key < $1.key }) {
                writer.varint(id)
                writer.varint(lag)
            }
            writer.byte(led.sink?.condition.rawValue ?? 0)
            if let sink = led.sink {
                writer.varint(sink.lagEntries)
                writer.zigzag(sink.lagMilliseconds)
            }
        }
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8]) throws(CodecError) -> Reports {
        try bytes.decoded { reader throws(CodecError) in
            var reports: Reports = [:]
            for _ in 0..<(try reader.count()) {
                guard let group = Int(exactly: try reader.varint()), group <= LogFormat.groupsMax else {
                    throw CodecError("a group that cannot be")
                }
                let term = try reader.varint()
                let appliedIndex = try reader.varint()
                let resources = Int(clamping: try reader.varint())
                let voters = try reader.ids()
                let outgoing = try reader.ids()
                let learners = try reader.ids()
                let leader = try reader.varint()
                var lag: [UInt64: UInt64] = [:]
                for _ in 0..<(try reader.count()) {
                    let id = try reader.varint()
                    lag[id] = try reader.varint()
                }
                let report = GroupReport(
                    voters: voters, outgoing: outgoing, learners: learners, leader: leader == 0 ? nil : leader, lag: lag)
                reports[group] = LedGroup(
                    report: report, term: term, appliedIndex: appliedIndex, resources: resources, sink: try reader.sink())
            }
            return reports
        }
    }
}

extension ByteReader {
    fileprivate mutating func sink() throws(CodecError) -> SinkReport? {
        let code = try byte()
        guard code != 0 else { return nil }
        guard let condition = SinkReport.Condition(rawValue: code) else { throw CodecError("a condition that cannot be") }
        return SinkReport(condition: condition, lagEntries: try varint(), lagMilliseconds: try zigzag())
    }

    fileprivate mutating func ids() throws(CodecError) -> [UInt64] {
        var ids: [UInt64] = []
        for _ in 0..<(try count()) { ids.append(try varint()) }
        return ids
    }
}

extension LoopHost {
    /// Of the groups that are led on this loop.
    var reports: GroupReports.Reports {
        var reports: GroupReports.Reports = [:]
        let sink = self.sink?.board.reports() ?? [:]
        for host in shards.values where host.driver.isLeader {
            reports[host.number] = GroupReports.LedGroup(
                host.driver.status, resources: host.shard.state.rows.count, sink: sink[host.number])
        }
        if let system, system.driver.isLeader {
            reports[SystemShard.group] = GroupReports.LedGroup(
                system.driver.status, resources: 0, sink: sink[SystemShard.group])
        }
        return reports
    }
}

extension GroupReports.LedGroup {
    fileprivate init(_ status: ReplicaStatus, resources: Int, sink: SinkReport?) {
        report = GroupReport(status)
        term = status.term
        appliedIndex = status.applied
        self.resources = resources
        self.sink = sink
    }
}

extension GroupReport {
    fileprivate init(_ status: ReplicaStatus) {
        let configuration = status.configuration.configuration
        self.init(
            voters: configuration.voters.map(\.rawValue), outgoing: configuration.outgoing.map(\.rawValue),
            learners: configuration.learners.map(\.rawValue), leader: status.id.rawValue,
            lag: Dictionary(
                status.peers.map { ($0.id.rawValue, $0.mode == .replicating ? $0.lag : .max) }
            ) { first, _ in first })
    }
}
