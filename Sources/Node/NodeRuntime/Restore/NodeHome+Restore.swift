import Founding
import PostgresClient
import PostgresSource

extension NodeHome {
    /// Sees to it that a directory in which a cluster is being restored is used for nothing else, and that nothing is restored over
    /// what is there. Returns the options with the number of shards of the cluster that is in the database. Blocks.
    func prepareRestore(_ options: NodeOptions) throws -> NodeOptions {
        let isUnderWay = try RestoreMark.isSet(in: directory)
        guard let database = options.restore else {
            guard !isUnderWay else {
                throw NodeStartError(
                    .configuration,
                    "\(directory) is being restored from PostgreSQL, and not all of it is there: start with --restore-from-postgres "
                        + "again, or with an empty data directory")
            }
            return options
        }
        if let peer = options.peer, peer.isEdge || peer.bootstrapExpect == nil {
            throw NodeStartError(
                .configuration,
                "--restore-from-postgres makes a new cluster: give --bootstrap-expect too, on each of its founders; nodes that join "
                    + "later start without both")
        }
        guard isUnderWay || record == nil && pledge == FoundingPledge() else {
            throw NodeStartError(
                .configuration,
                "\(directory) belongs to a cluster already, and nothing is restored over it: start without --restore-from-postgres "
                    + "to go on with it, or with an empty data directory to restore")
        }
        let facts: SourceFacts
        do {
            let source = try PostgresSource(database)
            defer { source.close() }
            facts = try source.inspect().facts
        } catch {
            throw NodeStartError(restoring: error)
        }
        if let record, record.shards != facts.shards {
            throw NodeStartError(
                .configuration,
                "the database is of a cluster of \(facts.shards) shards, \(directory) is being restored from one of "
                    + "\(record.shards): name that database, or start with an empty data directory")
        }
        if !isUnderWay { try RestoreMark.set(in: directory) }
        var options = options
        options.shards = facts.shards
        return options
    }

    /// Brings what the database has into the checkpoint of a node that founds a cluster, where that is not done yet. Blocks.
    func finishRestore(
        _ founding: ClusterFounding, _ options: NodeOptions, _ restore: (PostgresSettings) throws -> Void
    ) throws {
        guard let database = options.restore else { return }
        guard founding.isRestored, founding.founder(identity.replica) != nil else {
            try RestoreMark.remove(in: directory)
            throw NodeStartError(
                .configuration,
                "there is a cluster already, and this node is none of its founders: start without --restore-from-postgres to join it"
            )
        }
        do { try restore(database) } catch { throw NodeStartError(restoring: error) }
        try RestoreMark.remove(in: directory)
    }
}

extension NodeStartError {
    /// Why nothing was restored.
    init(restoring error: any Error) {
        switch error {
        case let error as NodeStartError: self = error
        case let error as SourceError:
            let code: Code =
                switch error {
                case .postgres: .unavailable
                case .schema, .incomplete, .readOnly, .takenOver: .configuration
                case .damaged: .damaged
                }
            self.init(code, "nothing is restored from PostgreSQL: \(error)")
        case let error as PostgresError: self.init(.unavailable, "nothing is restored from PostgreSQL: \(error)")
        default: self.init(.unavailable, "nothing is restored from PostgreSQL: \(error)")
        }
    }
}
