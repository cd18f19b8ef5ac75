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
    private let onFatal: @Sendable (LogIOError) -> Void
    private let monitor: Monitor<State>

    struct Sealed: Sendable {
        var sequence: UInt64
        /// The last entry of every group at the end of the segment.
        var lasts: [GroupID: LogPoint]
    }

    private struct State {
        /// Segments with a successor, oldest first.
        var sealed: [Sealed]
        var watermarks: [GroupID: UInt64] = [:]
        var spareIsReady = false
        /// The last try to allocate found the disk full.
        var diskIsFull = false
        /// The log is being closed: nobody is to wait for room on a full disk.
        var isClosing = false
        var isStopping = false

        /// The oldest segment, if everything in it is at or below the watermarks.
        var deletable: UInt64? {
            guard let oldest = sealed.first else { return nil }
            let isCovered = oldest.lasts.allSatisfy { $0.value.index <= watermarks[$0.key, default: 0] }
            return isCovered ? oldest.sequence : nil
        }
    }

    init(
        files: any LogFileSystem, options: LogOptions, sealed: [Sealed], admission: LogAdmission, logger: Logger,
        onFatal: @escaping @Sendable (LogIOError) -> Void
    ) {
        self.files = files
        segmentBytes = options.segmentBytes
        retryMilliseconds = options.allocationRetryMilliseconds
        self.admission = admission
        self.logger = logger
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
    func spareInstalled(after sealed: Sealed?) {
        monitor.change { state in
            state.spareIsReady = false
            if let sealed { state.sealed.append(sealed) }
        }
    }

    func trim(upTo watermarks: [GroupID: UInt64]) {
        monitor.change { $0.watermarks.merge(watermarks) { max($0, $1) } }
    }

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
            if let sequence = state.deletable { return .delete(sequence) }
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
        do throws(LogIOError) {
            try files.remove(name)
            // One at a time, so that a crash never leaves a gap in the sequence.
            try files.syncDirectory()
            monitor.change { state in
                state.sealed.removeFirst()
                state.diskIsFull = false
            }
            logger.debug("Deleted a log segment", metadata: ["log.segment": "\(sequence)"])
        } catch {
            monitor.change { $0.isStopping = true }
            onFatal(error)
        }
    }
}
