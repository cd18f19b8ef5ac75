import Founding
import Logging
package import Model
import NIOPosix
import Placement
import PostgresClient
import PostgresSource

/// Why a node is not promoted. Nothing has changed then.
package enum PromotionRefusal: Error, Sendable {
    /// It is of a cluster already.
    case notFollowing
    /// The words say what is to be done first.
    case notYet(String)
    /// The database cannot be asked, or the data directory not be written.
    case unavailable(String)
}

extension Node {
    /// Sees to it that this node, started again, is a cluster of its own that takes over what the followed one left in the region's
    /// database, which must have been promoted before. Until then it goes on as it is. Returns the cluster that is followed.
    package func promote() async throws(PromotionRefusal) -> UUID128 {
        guard let region, let database = options.follows else { throw .notFollowing }
        let (followed, directory) = (region.incarnation, options.dataDirectory)
        do {
            try await NIOThreadPool.singleton.runIfActive {
                let source = try PostgresSource(database)
                defer { source.close() }
                let former = try source.inspect().former
                guard former == followed else {
                    throw SourceError.takenOver("cluster \(former) has taken the database over, and is to be followed")
                }
                try PromotionMark(former: former).write(in: directory)
            }
        } catch let error as SourceError {
            switch error {
            case .postgres: throw .unavailable("the region's database cannot be asked: \(error)")
            case .readOnly, .schema, .incomplete, .takenOver, .damaged: throw .notYet("\(error)")
            }
        } catch {
            throw .unavailable("\(error)")
        }
        logger.notice(
            "the node was promoted; started again, it takes over from the cluster that it followed",
            metadata: ["region.cluster": "\(followed)", "region.database": "\(database)"])
        return followed
    }
}

/// What a node's promotion is to its next start.
enum Promotion: Hashable, Sendable {
    /// There was none: it follows.
    case none
    /// It is a cluster; where it is not made yet, one that takes over from the given one.
    case primary(from: UUID128?)
    /// Another node was promoted before this one could take the database over: it follows that one.
    case late
}

extension NodeHome {
    /// Waits for the region's database while nothing was taken over yet.
    func promotion(_ database: PostgresSettings, logger: Logger) async throws -> Promotion {
        let (mark, isUnderWay) = try await NIOThreadPool.singleton.runIfActive {
            (try PromotionMark.read(in: directory), try RestoreMark.isSet(in: directory))
        }
        guard let mark else { return .none }
        guard isUnderWay || record == nil else { return .primary(from: nil) }
        let found = try await FollowedCluster.find(database, logger: logger).incarnation
        guard found != mark.former, found != record?.settings.id else { return .primary(from: mark.former) }
        logger.warning(
            "another cluster took the region's database over before this node did; it follows that one",
            metadata: ["region.cluster": "\(found)", "region.cluster.before": "\(mark.former)"])
        try await NIOThreadPool.singleton.runIfActive { try forgetPromotion() }
        return .late
    }

    /// Of a cluster that has never served nothing was acknowledged. What is removed last says that the rest is to be.
    private func forgetPromotion() throws {
        for name in ["checkpoint.sqlite", "checkpoint.sqlite-wal", "checkpoint.sqlite-shm", FoundingFiles.recordName] {
            try DataFile.remove("\(directory)/\(name)", in: directory)
        }
        try RestoreMark.remove(in: directory)
        try PromotionMark.remove(in: directory)
    }
}

extension NodeOptions {
    /// As the region's cluster, which sends its results to the database that it followed by, and is made of that database unless it
    /// is made already (nil).
    func promoted(from former: UUID128?) -> NodeOptions {
        var options = self
        options.postgres = follows
        options.restore = former == nil ? nil : follows
        options.restoreFrom = former
        options.follows = nil
        return options
    }
}
