import Model

/// A value, or a part of one, that travels between nodes.
protocol PeerCodable {
    func write(to writer: inout ByteWriter)
    /// Takes what `write` wrote off the reader's front. Throws `CodecError` for anything that cannot be read.
    init(from reader: inout ByteReader) throws(CodecError)
}

/// The form of what nodes say to one another: one byte for the version, then the value, then nothing.
///
/// A value has one form only. What is read is written again and compared, so whatever reading would gloss over (a number or
/// a flag spelled otherwise, bytes that are not UTF-8, tags out of order) is refused, without a rule for each.
enum PeerForm {
    /// Changes with the form of any value: nodes of different forms do not understand one another.
    static let version: UInt8 = 1

    static func encode(_ value: some PeerCodable, reserving capacity: Int = 512) -> [UInt8] {
        var writer = ByteWriter(reserving: capacity)
        writer.byte(version)
        value.write(to: &writer)
        return writer.bytes
    }

    /// Throws `CodecError` for bytes that `encode` did not make.
    static func decode<Value: PeerCodable>(_ bytes: [UInt8], as type: Value.Type = Value.self) throws(CodecError) -> Value {
        // `withUnsafeBytes` rethrows untyped; carry the typed error out by hand.
        let result: Result<Value, CodecError> = bytes.withUnsafeBytes { raw in
            do throws(CodecError) {
                var reader = ByteReader(raw)
                guard try reader.byte() == version else {
                    throw CodecError("the other node speaks a form that this version does not know")
                }
                let value = try Value(from: &reader)
                guard reader.atEnd else { throw CodecError("bytes are left over after a message") }
                return .success(value)
            } catch {
                return .failure(error)
            }
        }
        let value = try result.get()
        guard encode(value, reserving: bytes.count) == bytes else {
            throw CodecError("a message is not in the form that a node writes")
        }
        return value
    }
}

extension ByteWriter {
    /// The number of a case, then what it carries.
    mutating func put<each Part: PeerCodable>(_ kind: UInt8, _ part: repeat each Part) {
        byte(kind)
        repeat (each part).write(to: &self)
    }
}

extension ByteReader {
    mutating func take<Part: PeerCodable>(_ type: Part.Type = Part.self) throws(CodecError) -> Part {
        try Part(from: &self)
    }
}

// MARK: The parts that values are made of

extension String: PeerCodable {
    func write(to writer: inout ByteWriter) { writer.string(self) }
    init(from reader: inout ByteReader) throws(CodecError) { self = try reader.string() }
}

extension UInt64: PeerCodable {
    func write(to writer: inout ByteWriter) { writer.varint(self) }
    init(from reader: inout ByteReader) throws(CodecError) { self = try reader.varint() }
}

extension UUID128: PeerCodable {
    func write(to writer: inout ByteWriter) { writer.uuid(self) }
    init(from reader: inout ByteReader) throws(CodecError) { self = try reader.uuid() }
}

extension ResourceID: PeerCodable {
    func write(to writer: inout ByteWriter) { writer.uuid(uuid) }
    init(from reader: inout ByteReader) throws(CodecError) { self.init(try reader.uuid()) }
}

extension Optional: PeerCodable where Wrapped: PeerCodable {
    func write(to writer: inout ByteWriter) {
        writer.byte(self == nil ? 0 : 1)
        self?.write(to: &writer)
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        self = try reader.byte() == 0 ? nil : try Wrapped(from: &reader)
    }
}

/// Each element takes a byte at least, so the count cannot exceed what is left; memory grows only with what was read.
extension Array: PeerCodable where Element: PeerCodable {
    func write(to writer: inout ByteWriter) {
        writer.varint(count)
        for element in self { element.write(to: &writer) }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        self = []
        for _ in 0..<(try reader.count()) { append(try Element(from: &reader)) }
    }
}
