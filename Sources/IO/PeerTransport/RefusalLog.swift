import Logging
import NIOCore
import Synchronization

/// Counts what is refused, and says so in the log: the first of a kind at once, then no more than one line a period for each
/// reason and sender, with the number of those that went unsaid.
final class RefusalLog: Sendable {
    /// One line a reason and sender in this time, in seconds.
    static let periodSeconds: Int64 = 30
    /// Most pairs of reason and sender that are told apart at a time.
    static let keysMax = 1_024

    private struct Key: Hashable {
        let reason: PeerRefusal
        let sender: String
    }

    private struct Record {
        var saidAt: NIODeadline
        var unsaid = 0
    }

    private let metrics: PeerMetrics
    private let logger: Logger
    private let records = Mutex<[Key: Record]>([:])

    init(metrics: PeerMetrics, logger: Logger) {
        self.metrics = metrics
        self.logger = logger
    }

    /// - Parameters:
    ///   - sender: who it was, without what changes from one connection to the next.
    ///   - detail: what was wrong, for people.
    func refused(_ reason: PeerRefusal, from sender: @autoclosure () -> String, _ detail: @autoclosure () -> String) {
        metrics.countRefusal(reason)
        let key = Key(reason: reason, sender: sender())
        let now = NIODeadline.now()
        let unsaid: Int? = records.withLock { records in
            if let record = records[key], now - record.saidAt < .seconds(Self.periodSeconds) {
                records[key]?.unsaid += 1
                return nil
            }
            if records.count >= Self.keysMax {
                records = records.filter { now - $0.value.saidAt < .seconds(Self.periodSeconds) }
                // As many senders as that in one period are an attack: those that come now are counted only.
                if records.count >= Self.keysMax { return nil }
            }
            return records.updateValue(Record(saidAt: now), forKey: key)?.unsaid ?? 0
        }
        guard let unsaid else { return }
        var metadata: Logger.Metadata = [
            "peer.refused": "\(reason.rawValue)", "peer": "\(key.sender)", "detail": "\(detail())",
        ]
        if unsaid > 0 { metadata["peer.unsaid"] = "\(unsaid)" }
        logger.warning("A peer is refused", metadata: metadata)
    }
}
