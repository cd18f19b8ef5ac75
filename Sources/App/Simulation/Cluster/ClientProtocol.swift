package import Linearizability

/// What a client asks a node.
package struct ClientRequest: Hashable, Sendable {
    package let id: OperationID
    /// A register's key, or the number of a resource.
    package let key: UInt64
    package let command: ClientCommand
    /// Whether `id` is the idempotency key, and retries carry the same one. Else it is asked once.
    package let isKeyed: Bool
}

package enum ClientCommand: Hashable, Sendable {
    /// Of a group that replicates registers.
    case register(RegisterCommand)
    /// Of a group that replicates a shard.
    case resource(ResourceCommand)

    package var isRead: Bool {
        switch self {
        case .register(let command): command == .read
        case .resource(let command): command == .read
        }
    }
}

package enum ClientAnswer: Hashable, Sendable {
    case register(RegisterAnswer)
    case resource(ResourceAnswer)
}

/// A command to a register, as the log holds it.
package struct RegisterEntry: Hashable, Sendable {
    package let id: OperationID
    package let key: UInt64
    package let command: RegisterCommand

    package init(id: OperationID, key: UInt64, command: RegisterCommand) {
        self.id = id
        self.key = key
        self.command = command
    }

    static let encodedBytes = 33

    /// As an entry of the log.
    package var encoded: [UInt8] {
        let (kind, first, second): (UInt8, UInt64, UInt64) =
            switch command {
            case .read: (0, 0, 0)
            case .write(let value): (1, value, 0)
            case .compareAndSet(let expected, let new): (2, expected, new)
            case .append(let element): (3, element, 0)
            }
        var writer = WordWriter(capacity: Self.encodedBytes)
        writer.byte(kind)
        for word in [id.number, key, first, second] { writer.word(word) }
        return writer.bytes
    }

    /// Nil for an entry that carries no command.
    package init?(encoded bytes: [UInt8]) {
        var reader = WordReader(bytes)
        guard bytes.count == Self.encodedBytes, let kind = reader.byte(), let id = reader.word(), let key = reader.word(),
            let first = reader.word(), let second = reader.word()
        else { return nil }
        let command: RegisterCommand
        switch kind {
        case 0: command = .read
        case 1: command = .write(first)
        case 2: command = .compareAndSet(expected: first, new: second)
        case 3: command = .append(first)
        default: return nil
        }
        self.init(id: OperationID(number: id), key: key, command: command)
    }
}

/// Client and number of one operation of a life.
package struct OperationID: Hashable, Sendable, CustomStringConvertible {
    package let number: UInt64

    package init(number: UInt64) { self.number = number }
    package init(client: Int, sequence: Int) { number = UInt64(client) << 32 | UInt64(sequence) }

    package var client: Int { Int(number >> 32) }
    package var sequence: Int { Int(number & 0xFFFF_FFFF) }
    package var description: String { "c\(client)#\(sequence)" }
}

/// What a node answers.
package enum ClientReply: Hashable, Sendable {
    case answer(ClientAnswer)
    /// Ask there, where it is known.
    case notLeader(Int?)
    /// Not taken: ask again later. It certainly had no effect.
    case refused
    /// It may have had its effect, or may still have it, or may not.
    case unknownOutcome
}

/// Little-endian integers, one after the other.
struct WordWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    mutating func byte(_ value: UInt8) { bytes.append(value) }
    mutating func word(_ value: UInt64) { withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) } }
    mutating func block(_ block: [UInt8]) {
        word(UInt64(block.count))
        bytes.append(contentsOf: block)
    }
}

/// Reads what `WordWriter` wrote; nil where bytes are missing.
struct WordReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func byte() -> UInt8? {
        guard position < bytes.count else { return nil }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func word() -> UInt64? {
        guard position + 8 <= bytes.count else { return nil }
        defer { position += 8 }
        return bytes.withUnsafeBytes {
            UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: UInt64.self))
        }
    }

    mutating func block() -> [UInt8]? {
        guard let count = word(), count <= UInt64(bytes.count - position) else { return nil }
        defer { position += Int(count) }
        return Array(bytes[position..<position + Int(count)])
    }
}
