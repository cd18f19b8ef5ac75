/// Header or trailer fields in the order in which they stand in the message.
///
/// All names and values lie in one flat byte array, so that a received head costs two allocations (none when the storage
/// is reused) and no `String` is made for a field that nobody asks for. Names are kept in lower case; look-ups ignore case.
/// Values never hold CR, LF or NUL: what is received with one is refused by the parsers, what is appended here gets a space
/// in their place (RFC 9110 section 5.5), so a value from a user cannot split a message.
package struct HTTPFields: Sendable {
    struct Entry: Sendable {
        var nameStart: UInt32
        var nameCount: UInt32
        var valueStart: UInt32
        var valueCount: UInt32
    }

    /// Names and values; the owner of a request head keeps its pseudo-fields here too.
    private(set) var bytes: [UInt8] = []
    private(set) var entries: [Entry] = []

    package init() {}

    /// Appends a field. `name` must be a token (RFC 9110 section 5.6.2); it is stored in lower case.
    package mutating func append(_ name: String, _ value: String) {
        var name = name
        var value = value
        name.withUTF8 { name in
            value.withUTF8 { value in
                append(name: UnsafeRawBufferPointer(name), value: UnsafeRawBufferPointer(value))
            }
        }
    }

    /// Appends a field given as raw bytes.
    package mutating func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        precondition(!name.isEmpty && name.allSatisfy(HTTPCharacters.isToken), "A header field's name is not a token")
        let nameStart = bytes.count
        bytes.append(contentsOf: name)
        for index in nameStart..<bytes.count { bytes[index] = HTTPCharacters.lowercased(bytes[index]) }
        let valueStart = bytes.count
        bytes.append(contentsOf: value)
        for index in valueStart..<bytes.count where HTTPCharacters.isForbiddenInValue(bytes[index]) {
            bytes[index] = HTTPCharacters.space
        }
        addEntry(nameStart: nameStart, nameCount: name.count, valueCount: value.count)
    }

    /// Replaces every field of that name by one.
    package mutating func set(_ name: String, _ value: String) {
        remove(name)
        append(name, value)
    }

    /// Removes every field of that name; its bytes stay in the storage until the fields are released.
    package mutating func remove(_ name: String) {
        var name = name
        name.withUTF8 { name in
            let name = UnsafeRawBufferPointer(name)
            let kept = bytes.withUnsafeBytes { bytes in
                entries.filter { !HTTPFields.matches(name, $0, in: bytes) }
            }
            if kept.count != entries.count { entries = kept }
        }
    }

    // MARK: Queries

    /// The first value of that name, decoded as UTF-8; nil when there is none.
    package subscript(_ name: String) -> String? {
        var name = name
        return name.withUTF8 { name in
            firstValue(of: UnsafeRawBufferPointer(name)) { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// Calls `body` with the bytes of the first value of that name, without making a `String`; nil when there is none.
    @inlinable
    package func withValue<Result>(
        of name: StaticString, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result? {
        try firstValue(of: UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount), body)
    }

    /// Every value of that name, in order.
    package func values(of name: String) -> [String] {
        var name = name
        return name.withUTF8 { name in
            bytes.withUnsafeBytes { bytes in
                entries.lazy.filter { HTTPFields.matches(UnsafeRawBufferPointer(name), $0, in: bytes) }.map {
                    String(decoding: HTTPFields.value(of: $0, in: bytes), as: UTF8.self)
                }
            }
        }
    }

    package func contains(_ name: StaticString) -> Bool {
        withValue(of: name) { _ in true } ?? false
    }

    /// Calls `body` with the bytes of every field, in order.
    func forEachRaw(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Void) rethrows {
        try bytes.withUnsafeBytes { bytes in
            for entry in entries {
                try body(HTTPFields.name(of: entry, in: bytes), HTTPFields.value(of: entry, in: bytes))
            }
        }
    }

    // MARK: For the parsers

    /// Forgets all fields and keeps the storage for the next message, if no copy of these fields is alive.
    mutating func removeAllKeepingCapacity() {
        bytes.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
    }

    /// Stores bytes that are no field (a request's target, for instance) and returns where they lie.
    mutating func store(_ value: UnsafeRawBufferPointer) -> Range<Int> {
        let start = bytes.count
        bytes.append(contentsOf: value)
        return start..<bytes.count
    }

    /// Appends a field whose name is a token, in any case, and whose value was checked.
    mutating func appendReceived(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        let nameStart = bytes.count
        appendChecked(name: name, value: value)
        for index in nameStart..<nameStart + name.count { bytes[index] = HTTPCharacters.lowercased(bytes[index]) }
    }

    /// Where the first value of that name lies in `bytes`.
    func storedRange(of name: StaticString) -> Range<Int>? {
        let name = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        return bytes.withUnsafeBytes { bytes in
            entries.first { HTTPFields.matches(name, $0, in: bytes) }.map {
                Int($0.valueStart)..<Int($0.valueStart + $0.valueCount)
            }
        }
    }

    /// Appends a field whose name is in lower case and whose bytes a parser has checked already.
    mutating func appendChecked(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        let nameStart = bytes.count
        bytes.append(contentsOf: name)
        bytes.append(contentsOf: value)
        addEntry(nameStart: nameStart, nameCount: name.count, valueCount: value.count)
    }

    private mutating func addEntry(nameStart: Int, nameCount: Int, valueCount: Int) {
        entries.append(
            Entry(
                nameStart: UInt32(truncatingIfNeeded: nameStart), nameCount: UInt32(truncatingIfNeeded: nameCount),
                valueStart: UInt32(truncatingIfNeeded: nameStart + nameCount),
                valueCount: UInt32(truncatingIfNeeded: valueCount)))
    }

    @inline(__always)
    private func firstValue<Result>(
        of name: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result? {
        try bytes.withUnsafeBytes { bytes in
            for entry in entries where HTTPFields.matches(name, entry, in: bytes) {
                return try body(HTTPFields.value(of: entry, in: bytes))
            }
            return nil
        }
    }

    private static func name(of entry: Entry, in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[Int(entry.nameStart)..<Int(entry.nameStart + entry.nameCount)])
    }

    private static func value(of entry: Entry, in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[Int(entry.valueStart)..<Int(entry.valueStart + entry.valueCount)])
    }

    /// Whether `name`, in any case, is the entry's name.
    @inline(__always)
    private static func matches(
        _ name: UnsafeRawBufferPointer, _ entry: Entry, in bytes: UnsafeRawBufferPointer
    ) -> Bool {
        guard name.count == Int(entry.nameCount) else { return false }
        let start = Int(entry.nameStart)
        for index in 0..<name.count where HTTPCharacters.lowercased(name[index]) != bytes[start + index] { return false }
        return true
    }
}

extension HTTPFields: RandomAccessCollection {
    package typealias Element = (name: String, value: String)
    package var startIndex: Int { 0 }
    package var endIndex: Int { entries.count }

    package subscript(position: Int) -> Element {
        bytes.withUnsafeBytes { bytes in
            (
                name: String(decoding: HTTPFields.name(of: entries[position], in: bytes), as: UTF8.self),
                value: String(decoding: HTTPFields.value(of: entries[position], in: bytes), as: UTF8.self)
            )
        }
    }
}

extension HTTPFields: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, String)...) {
        self.init()
        for (name, value) in elements { append(name, value) }
    }
}
