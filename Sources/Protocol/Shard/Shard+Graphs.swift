import Model

extension Shard {
    /// Works a command about a graph out against the newest state.
    func proposal(
        of command: GraphCommand, by context: WriteContext, at now: Timestamp
    ) -> OnProposed<ShardPayload> {
        let (outcome, effect) = decision(on: command)
        guard let effect else {
            return .answer(ShardReply(index: lastIndex, outcomes: [outcome]), after: lastIndex)
        }
        var answer: [UInt8]?
        if case .change(let transaction) = command { answer = transaction.answer }
        return .append(proposal(of: effect, ShardReply(index: nextIndex, outcomes: [outcome], answer: answer), context, now))
    }

    private func decision(on command: GraphCommand) -> (Outcome, GraphEffect?) {
        let version = newestGraphVersion(command.name)
        switch command {
        case .create(let name):
            if version != nil { return (.unchanged, nil) }
            guard state.graphs.count < NamedGraphLimits.graphsMax else {
                return (
                    .invalid("There are \(NamedGraphLimits.graphsMax) graphs already; drop one that is not needed"), nil
                )
            }
            return (.created, .created(name))
        case .drop(let name, let precondition):
            guard let version else { return (.notFound, nil) }
            switch precondition {
            case .none, .exists: return (.deleted, .dropped(name))
            case .unchangedSince(version): return (.deleted, .dropped(name))
            case .unchangedSince, .absent: return (.preconditionFailed(current: version), nil)
            }
        case .change(let transaction):
            guard let version else { return (.notFound, nil) }
            guard version == transaction.version else { return (.preconditionFailed(current: version), nil) }
            if let refusal = refusal(of: transaction) { return (.invalid(refusal), nil) }
            return (.updated, .changed(transaction.name, version: version, mutations: transaction.mutations))
        }
    }

    private func refusal(of transaction: GraphTransaction) -> String? {
        let bytes = transaction.mutations.count
        guard bytes <= NamedGraphLimits.transactionBytesMax else {
            let most = NamedGraphLimits.transactionBytesMax
            return "The changes have \(bytes) bytes, of \(most) that one query may make: make them in parts"
        }
        guard transaction.grows else { return nil }
        guard (state.graphs[transaction.name]?.byteCount ?? 0) + bytes <= NamedGraphLimits.graphBytesMax else {
            let most = NamedGraphLimits.graphBytesMax >> 20
            return "The graph has about \(most) MiB, and may not become larger; delete something first"
        }
        guard state.graphs.byteCount + bytes <= NamedGraphLimits.shardBytesMax else {
            let most = NamedGraphLimits.shardBytesMax >> 20
            return "The graphs of its shard have about \(most) MiB, and may not become larger"
        }
        return nil
    }
}
