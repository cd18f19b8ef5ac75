/// An index in a group's sequence of entries, and the term under which its entry was proposed.
///
/// Indexes are dense and start at 1; the point (0, 0) is before the first entry.
package struct LogPoint: Hashable, Sendable {
    package var index: UInt64
    package var term: UInt64

    package init(index: UInt64, term: UInt64) {
        self.index = index
        self.term = term
    }

    package static let zero = LogPoint(index: 0, term: 0)
}

/// What a replica must never forget beside its entries: the newest term it knows, and whom it voted for in it.
package struct LogHardState: Hashable, Sendable {
    /// Never falls.
    package var term: UInt64
    /// Who got the vote in `term`, 0 for nobody yet. Once given it does not change within the term.
    package var vote: UInt64

    package init(term: UInt64 = 0, vote: UInt64 = 0) {
        self.term = term
        self.vote = vote
    }

    /// Whether a replica that was in this state may be in `next`.
    package func mayBecome(_ next: LogHardState) -> Bool {
        next.term > term || next.term == term && (vote == 0 || next.vote == vote)
    }
}

/// One entry of a group.
package struct LogEntry: Hashable, Sendable {
    package var point: LogPoint
    /// What the payload is; the log keeps it and does not interpret it.
    package var kind: UInt8
    package var payload: [UInt8]

    package init(point: LogPoint, kind: UInt8 = 0, payload: [UInt8]) {
        self.point = point
        self.kind = kind
        self.payload = payload
    }
}

/// What one group wants on disk. The parts are carried out in the order of the properties.
///
/// After a crash a prefix of the parts, and of the entries, may be there. A restart takes the hard state of the same
/// write with it: either both are there or neither is.
package struct GroupWrite: Hashable, Sendable {
    /// The new hard state, where it changed.
    package var hardState: LogHardState?
    /// Forget all entries and go on behind this point, which need not have been in the log.
    package var restart: LogPoint?
    /// Drop the entries above this point, which must be in the log or its base.
    package var truncateTo: LogPoint?
    /// The next entries; the first follows directly behind what remained.
    package var entries: [LogEntry]
    /// The group's own number for this write, which its `DurableNotice` brings back. Ascending.
    package var ticket: UInt64

    package init(
        hardState: LogHardState? = nil, restart: LogPoint? = nil, truncateTo: LogPoint? = nil, entries: [LogEntry] = [],
        ticket: UInt64
    ) {
        self.hardState = hardState
        self.restart = restart
        self.truncateTo = truncateTo
        self.entries = entries
        self.ticket = ticket
    }
}

// MARK: - The hard state as payload of a restart

extension LogHardState {
    static let encodedBytes = 16

    package var encoded: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.encodedBytes) { bytes, count in
            let bytes = UnsafeMutableRawBufferPointer(bytes)
            bytes.storeInteger(term, at: 0)
            bytes.storeInteger(vote, at: 8)
            count = Self.encodedBytes
        }
    }

    /// Reads the `encodedBytes` that `encoded` gave.
    init(encoded bytes: UnsafeRawBufferPointer) {
        self.init(term: bytes.loadInteger(UInt64.self, at: 0), vote: bytes.loadInteger(UInt64.self, at: 8))
    }
}
