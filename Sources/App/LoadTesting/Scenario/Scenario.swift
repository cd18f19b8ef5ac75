/// Times and durations in microseconds; a run starts at 0.
package typealias Microseconds = Int64

/// What a load test does: how much of what, against whom, for how long, and what goes wrong meanwhile.
package struct Scenario: Equatable, Sendable {
    package enum Mode: String, CaseIterable, Sendable {
        /// Operations start when the schedule says, whatever became of those before: the load of many independent users.
        case open
        /// Each connection starts an operation when the one before has ended: the rate is what the system yields.
        case closed
    }

    package var name = "unnamed"
    package var summary = ""
    package var mode = Mode.open
    /// How long operations are started, without the warm-up.
    package var duration: Microseconds = 60_000_000
    /// Operations that are to start before this moment are not measured; they are verified like all others.
    package var warmUp: Microseconds = 0
    package var seed: UInt64 = 1
    package var rate = RateProfile(constant: 100)
    package var arrivals = ArrivalSchedule.Spacing.constant
    /// Connections in all; in a closed loop also the number of operations under way.
    package var connections = 32
    /// Most operations under way in an open loop; those beyond it start late, and are counted as late.
    package var inFlightMax = 10_000
    package var data = DataPlan()
    package var choice = KeyChooser.Distribution.uniform
    package var mix: [MixEntry] = []
    package var request = RequestPolicy()
    package var targets = TargetPolicy()
    package var faults: [FaultPlan] = []
    package var verification = VerificationPlan()

    package init() {}

    /// When the last operation is to start.
    package var end: Microseconds { warmUp + duration }
}

/// What the load works on: resources and tags of its own, made before it starts.
package struct DataPlan: Equatable, Sendable {
    package var resources = 1_000
    package var keysPerResource = 1
    /// Length of each value that is written, in bytes.
    package var valueBytes = 64
    /// Whether every tag has a value before the load begins, so that the first reads find some.
    package var isFilled = false

    package init() {}

    package static let resourcesMax = 1_000_000
    package static let keysPerResourceMax = 400
    /// Room for the run's name and the number of the write.
    package static let valueBytesMin = 32
    package static let valueBytesMax = 1_024
}

/// One kind of operation and its share of the load.
package struct MixEntry: Equatable, Sendable {
    package let kind: OperationKind
    package let weight: Int
    /// Items of a bulk request, payload or page; 1 for operations about one thing.
    package let size: Int

    package init(_ kind: OperationKind, weight: Int, size: Int? = nil) {
        self.kind = kind
        self.weight = weight
        self.size = size ?? kind.sizeDefault
    }
}

package struct RequestPolicy: Equatable, Sendable {
    /// From the moment an operation starts to the last byte of its last answer.
    package var timeout: Microseconds = 5_000_000
    /// How long one attempt may take before another is made.
    package var attemptTimeout: Microseconds = 2_000_000
    /// Most attempts of one operation, the first included. All carry the same idempotency key.
    package var attemptsMax = 5
    /// Pause before the second attempt; it doubles with each one after it.
    package var pause: Microseconds = 25_000
    /// Whether writes carry an idempotency key. Without one, an operation has one attempt, and cannot be verified.
    package var hasIdempotencyKeys = true

    package init() {}
}

package struct TargetPolicy: Equatable, Sendable {
    package enum Choice: String, CaseIterable, Sendable {
        case roundRobin = "round_robin"
        /// All to one target, until it fails; then to the next.
        case failOver = "fail_over"
    }

    package enum Kind: String, CaseIterable, Sendable {
        case vtag
        /// etcd's JSON gateway: tag writes are puts, point reads are linearizable ranges.
        case etcd
    }

    package var urls: [String] = []
    package var choice = Choice.roundRobin
    package var kind = Kind.vtag
    /// 1 or 2.
    package var httpVersion = 2

    package init() {}
}

/// Something that goes wrong on purpose: a shell command, once or again and again, and perhaps one that undoes it.
package struct FaultPlan: Equatable, Sendable {
    package var name: String
    package var command: String
    /// When it happens, from the start of the run on.
    package var moments: [Microseconds]
    package var undo: String?
    /// How long after the fault it is undone.
    package var undoAfter: Microseconds = 0
    /// One of these is drawn each time, and told the commands as `$NODE`.
    package var nodes: [String] = []

    package init(name: String, command: String, moments: [Microseconds]) {
        self.name = name
        self.command = command
        self.moments = moments
    }
}

package struct VerificationPlan: Equatable, Sendable {
    package var isOn = false
    /// How long the cluster may take, after the last fault, to answer everything again.
    package var settle: Microseconds = 60_000_000

    package init() {}
}
