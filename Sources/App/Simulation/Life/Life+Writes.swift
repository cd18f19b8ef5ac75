import Consensus
import WriteAheadLog

// What cores make durable, and what they read back.
extension Life {
    func persist(_ write: LogWrite, _ node: SimulatedNode, _ group: Int) -> [Effect] {
        if let hardState = write.hardState { self.write(hardState, node, group) }
        if let point = write.restart { restart(at: point, node, group) }
        if let point = write.truncateTo {
            node.replicas[group].stored.truncate(to: point.index)
            logWasCut(to: point.index, node, group)
            let index = bugs.contains(.skipTruncation) ? .max : point.index
            self.write(NodeLog.Record(kind: .truncate, group: group, index: index, term: point.term), toLogOf: node)
        }
        for entry in write.entries { append(entry, node, group) }
        if bugs.contains(.persistedBeforeSync) {
            return node.replicas[group].core.persisted(upTo: write.ticket, at: instant(node))
        }
        node.batch.note(write.ticket, group: group)
        return bugs.contains(.applyBeforeCommit) ? applyEarly(write.entries, node, group) : []
    }

    private func write(_ hardState: HardState, _ node: SimulatedNode, _ group: Int) {
        node.replicas[group].hardStateNumber += 1
        let record = NodeRecovery.record(
            of: hardState, number: node.replicas[group].hardStateNumber, group: group)
        write(record, toLogOf: node)
        write(record, toMetaOf: node)
        node.batch.hardStates.append((group, hardState))
    }

    func logWasCut(to index: UInt64, _ node: SimulatedNode, _ group: Int) {
        node.replicas[group].logWasCut = true
        node.replicas[group].syncedIndex = min(node.replicas[group].syncedIndex, index)
        node.writing?.truncated(group, to: index)
        node.batch.truncated(group, to: index)
    }

    private func append(_ entry: Entry, _ node: SimulatedNode, _ group: Int) {
        let payload = NodeRecovery.payload(of: entry.content)
        ledger.holds(
            node.position, group: group, index: entry.index, term: entry.term, payloadHash: Self.hash(payload),
            termBefore: node.replicas[group].stored.last.term, at: now)
        node.replicas[group].stored.append(entry)
        node.batch.extends(group, to: entry.index)
        write(
            NodeLog.Record(kind: .entry, group: group, index: entry.index, term: entry.term, payload: payload),
            toLogOf: node)
    }

    /// After a turn in which the log was cut: the members in force must have followed.
    func compareMembers(_ node: SimulatedNode, _ group: Int) {
        let replica = node.replicas[group]
        guard replica.logWasCut else { return }
        node.replicas[group].logWasCut = false
        // Where the log sets none, those of its base are in force, which the core alone knows.
        guard let inLog = replica.stored.configuration, inLog != replica.configuration else { return }
        ledger.report(
            .membersOfLog, group, now,
            "node \(node.position) goes by the members of \(replica.configuration.index), its log sets others at \(inLog.index)"
        )
    }

    static func hash(_ bytes: [UInt8]) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
    }

    func fetched(_ node: SimulatedNode, group: Int, _ fetch: EntryFetch) {
        let found = node.replicas[group].stored.read(
            from: fetch.from, through: fetch.through, bytesMax: fetch.bytesMax)
        let result: FetchResult = found.map { .entries($0) } ?? .compacted
        run(node.replicas[group].core.entriesFetched(fetch, result, at: instant(node)), node, group)
        finishTurn(of: node)
    }
}
