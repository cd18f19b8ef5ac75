import Logging
import WriteAheadLog

/// Keeps one allocated segment in reserve and deletes those that are no longer needed, on a thread of its own, so that
/// appends wait for neither.
final class SegmentKeeper: Sendable {
    /// Name of the segment in reserve, until the writer takes it into use.
    static let spareName = "spare.tmp"

    private let files: any LogFileSystem
    private let segmentBytes: Int
    private let retryMilliseconds: Int
    private let admission: LogAdmission
    private let logger: Logger
    private let index: LogIndex
    private let onTrimmed: @Sendable ([GroupID: LogPoint]) -> Void
    private let onFatal: @Sendable (LogIOError) -> Void
    private let monitor: Monitor<State>

    private struct State {
        /// Numbers of the segments with a successor, oldest first.
        var sealed: [UInt64]
        var spareIsReady = false
        /// The last try to allocate found the disk full.
        var diskIsFull = false
        /// The log is being closed: nobody is to wait for room on a full disk.
        var isClosing = false
        var isStopping = false
    }

    init(
        files: any LogFileSystem, options: LogOptions, sealed: [UInt64], index: LogIndex, admission: LogAdmission,
        logger: Logger, onTrimmed: @escaping @Sendable ([GroupID: LogPoint]) -> Void,
        onFatal: @escaping @Sendable (LogIOError) -> Void
    ) {
        self.files = files
        segmentBytes = options.segmentBytes
        retryMilliseconds = options.allocationRetryMilliseconds
        self.admission = admission
        self.logger = logger
        self.index = index
        self.onTrimmed = onTrimmed
        self.onFatal = onFatal
        monitor = Monitor(State(sealed: sealed))
    }

    // MARK: Asked by others

    /// Waits for the segment in reserve, which is the caller's from then on; false where there will be none.
    func takeSpare() -> Bool {
        monitor.wait { state -> Bool? in
            if state.spareIsReady { return true }
            return state.isStopping || state.isClosing && state.diskIsFull ? false : nil
        } ?? false
    }

    /// The segment in reserve has its own name now, and `sealed` is the one it follows.
    func spareInstalled(after sealed: UInt64) {
        monitor.change { state in
            state.spareIsReady = false
            state.sealed.append(sealed)
        }
    }

    func trim(upTo watermarks: [GroupID: UInt64]) {
        index.raise(watermarks)
        look()
    }

    /// Looks for segments that are no longer needed.
    func look() { monitor.change { _ in } }

    /// From now on `takeSpare` does not wait for room on a full disk.
    func close() {
        monitor.change { $0.isClosing = true }
    }

    func stop() {
        monitor.change { $0.isStopping = true }
    }

    /// Segments on disk that have a successor.
    var sealedCount: Int { monitor.change { $0.sealed.count } }

    // MARK: The thread

    private enum Task {
        case allocate
        case delete(UInt64)
        case stop
    }

    func run() {
        while true {
            switch nextTask() {
            case .stop: return
            case .allocate: allocate()
            case .delete(let sequence): delete(sequence)
            }
        }
    }

    private func nextTask() -> Task {
        let isRetry = monitor.change { $0.diskIsFull }
        let task = monitor.wait(milliseconds: isRetry ? retryMilliseconds : nil) { state -> Task? in
            if state.isStopping { return .stop }
            // Deletion first: it is what makes room on a full disk.
            if let oldest = state.sealed.first, index.isCovered(through: oldest) { return .delete(oldest) }
            return state.spareIsReady || state.diskIsFull ? nil : .allocate
        }
        return task ?? .allocate
    }

    private func allocate() {
        do throws(LogIOError) {
            try files.create(Self.spareName, bytes: segmentBytes)
            if admission.isDiskFull { logger.notice("The disk has room for log segments again") }
            admission.setDiskFull(false)
            monitor.change { state in
                state.spareIsReady = true
                state.diskIsFull = false
            }
        } catch  where error.isDiskFull {
            if !admission.isDiskFull {
                logger.error(
                    "No room on the disk for another log segment: writes are refused once the current one is full",
                    metadata: ["log.directory": "\(files.directory)", "log.segment_bytes": "\(segmentBytes)"])
            }
            admission.setDiskFull(true)
            monitor.change { $0.diskIsFull = true }
        } catch {
            monitor.change { $0.isStopping = true }
            onFatal(error)
        }
    }

    private func delete(_ sequence: UInt64) {
        let name = SegmentHeader.fileName(sequence: sequence)
        // Before the file goes, so that a reader who misses it finds out why.
        let bases = index.forget(through: sequence)
        do throws(LogIOError) {
            try files.remove(name)
            // One at a time, so that a crash never leaves a gap in the sequence.
            try files.syncDirectory()
            monitor.change { state in
                state.sealed.removeFirst()
                state.diskIsFull = false
            }
            logger.debug("Deleted a log segment", metadata: ["log.segment": "\(sequence)"])
            if !bases.isEmpty { onTrimmed(bases) }
        } catch {
            monitor.change { $0.isStopping = true }
            onFatal(error)
        }
    }
}
