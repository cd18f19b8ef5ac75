package import WriteAheadLog

/// One entry of a group's log.
package struct Entry: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        /// A command of the replicated state machine. Its bytes mean nothing to consensus.
        case data([UInt8])
        /// What a new leader appends first, so that it can commit what earlier leaders left.
        case noOperation
        /// The group's members from here on.
        case configuration(Configuration)
    }

    package let point: LogPoint
    package let content: Content

    package init(point: LogPoint, content: Content) {
        self.point = point
        self.content = content
    }

    package var index: UInt64 { point.index }
    package var term: UInt64 { point.term }

    /// What the entry weighs against windows and quotas, in bytes: its stored bytes and a fixed overhead.
    package var weight: Int {
        switch content {
        case .data(let bytes): bytes.count + Self.overheadBytes
        case .noOperation: Self.overheadBytes
        case .configuration(let configuration): configuration.encodedBytes + Self.overheadBytes
        }
    }

    /// Roughly what an entry occupies beside its payload.
    package static let overheadBytes = 32
}

// MARK: - Stored form

/// The kinds of entries as they are written to logs and messages. Numbers are never used again.
package enum EntryKind: UInt8, Sendable {
    case data = 0
    case noOperation = 1
    case configuration = 2
}

extension Entry.Content {
    package var kind: EntryKind {
        switch self {
        case .data: .data
        case .noOperation: .noOperation
        case .configuration: .configuration
        }
    }

    /// The bytes to store beside `kind`.
    package var storedBytes: [UInt8] {
        switch self {
        case .data(let bytes): bytes
        case .noOperation: []
        case .configuration(let configuration): configuration.encoded
        }
    }

    /// Reads what `kind` and `storedBytes` gave.
    package init(kind: EntryKind, storedBytes: [UInt8]) throws(CodecFault) {
        switch kind {
        case .data: self = .data(storedBytes)
        case .noOperation:
            guard storedBytes.isEmpty else { throw .malformed("an entry without content has content") }
            self = .noOperation
        case .configuration: self = .configuration(try Configuration(encoded: storedBytes))
        }
    }
}
