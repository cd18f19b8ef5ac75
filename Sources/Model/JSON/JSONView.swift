/// A value inside a parsed document: a position on simdjson's tape (its `doc/tape.md`), two words wide.
///
/// Valid only inside the closure of `JSONParser.withDocument`.
package struct JSONView {
    @usableFromInline let tape: UnsafePointer<UInt64>
    @usableFromInline let strings: UnsafePointer<UInt8>
    @usableFromInline let index: Int

    @inlinable init(tape: UnsafePointer<UInt64>, strings: UnsafePointer<UInt8>, index: Int) {
        self.tape = tape
        self.strings = strings
        self.index = index
    }

    package enum Kind: Sendable { case null, bool, int, double, string, array, object }

    @inlinable var tag: UInt8 { UInt8(truncatingIfNeeded: tape[index] >> 56) }
    @inlinable var payload: UInt64 { tape[index] & 0x00FF_FFFF_FFFF_FFFF }

    @inlinable package var kind: Kind {
        switch tag {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "l"), UInt8(ascii: "u"): .int
        case UInt8(ascii: "d"): .double
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .bool
        default: .null
        }
    }

    @inlinable package var isNull: Bool { tag == UInt8(ascii: "n") }
    @inlinable package var isObject: Bool { tag == UInt8(ascii: "{") }
    @inlinable package var isArray: Bool { tag == UInt8(ascii: "[") }
    @inlinable package var isString: Bool { tag == UInt8(ascii: "\"") }

    @inlinable package var bool: Bool? {
        switch tag {
        case UInt8(ascii: "t"): true
        case UInt8(ascii: "f"): false
        default: nil
        }
    }

    /// The value as an integer; nil when it is none or does not fit.
    @inlinable package var int: Int? {
        switch tag {
        case UInt8(ascii: "l"): Int(Int64(bitPattern: tape[index + 1]))
        case UInt8(ascii: "u"): Int(exactly: tape[index + 1])
        default: nil
        }
    }

    /// The value as an integer from 0 on; nil when it is none.
    package var unsigned: UInt64? {
        switch tag {
        case UInt8(ascii: "l"): UInt64(exactly: Int64(bitPattern: tape[index + 1]))
        case UInt8(ascii: "u"): tape[index + 1]
        default: nil
        }
    }

    package var double: Double? {
        switch tag {
        case UInt8(ascii: "d"): Double(bitPattern: tape[index + 1])
        case UInt8(ascii: "l"): Double(Int64(bitPattern: tape[index + 1]))
        case UInt8(ascii: "u"): Double(tape[index + 1])
        default: nil
        }
    }

    /// The bytes of a string, without copying.
    @inlinable package var utf8: UnsafeBufferPointer<UInt8>? {
        guard isString else { return nil }
        let start = strings + Int(payload)
        let length = UnsafeRawPointer(start).loadUnaligned(as: UInt32.self)
        return UnsafeBufferPointer(start: start + 4, count: Int(length))
    }

    package var string: String? {
        guard let utf8 else { return nil }
        return String(decoding: utf8, as: UTF8.self)
    }

    /// A non-empty string, or nil.
    package var nonEmptyString: String? {
        guard let utf8, !utf8.isEmpty else { return nil }
        return String(decoding: utf8, as: UTF8.self)
    }

    /// Position after this value.
    @inlinable var end: Int {
        switch tag {
        case UInt8(ascii: "{"), UInt8(ascii: "["): Int(payload & 0xFFFF_FFFF)
        case UInt8(ascii: "l"), UInt8(ascii: "u"), UInt8(ascii: "d"): index + 2
        default: index + 1
        }
    }

    /// The member of that name (the first, where a document repeats it); nil when this is no object or has none.
    @inlinable package subscript(_ name: StaticString) -> JSONView? {
        member { Self.equal($0, name.utf8Start, name.utf8CodeUnitCount) }
    }

    package subscript(dynamic name: String) -> JSONView? {
        var name = name
        return name.withUTF8 { wanted in
            member { Self.equal($0, wanted.baseAddress, wanted.count) }
        }
    }

    @inlinable static func equal(
        _ bytes: UnsafeBufferPointer<UInt8>, _ wanted: UnsafePointer<UInt8>?, _ count: Int
    ) -> Bool {
        guard bytes.count == count else { return false }
        guard count > 0, let start = bytes.baseAddress, let wanted else { return count == 0 }
        for position in 0..<count where start[position] != wanted[position] { return false }
        return true
    }

    @inlinable func member(where matches: (UnsafeBufferPointer<UInt8>) -> Bool) -> JSONView? {
        guard isObject else { return nil }
        var at = index + 1
        while true {
            let key = JSONView(tape: tape, strings: strings, index: at)
            guard let name = key.utf8 else { return nil }
            let value = JSONView(tape: tape, strings: strings, index: at + 1)
            if matches(name) { return value }
            at = value.end
        }
    }

    /// The elements of an array; none when this is no array.
    @inlinable package var elements: Elements { Elements(view: self) }
    /// The members of an object in the document's order; none when this is no object.
    @inlinable package var members: Members { Members(view: self) }

    package struct Elements: Sequence, IteratorProtocol {
        @usableFromInline let tape: UnsafePointer<UInt64>
        @usableFromInline let strings: UnsafePointer<UInt8>
        @usableFromInline var at: Int
        @usableFromInline let last: Int

        @inlinable init(view: JSONView) {
            tape = view.tape
            strings = view.strings
            at = view.index + 1
            last = view.isArray ? view.end - 1 : at
        }

        @inlinable package mutating func next() -> JSONView? {
            guard at < last else { return nil }
            let value = JSONView(tape: tape, strings: strings, index: at)
            at = value.end
            return value
        }
    }

    package struct Members: Sequence, IteratorProtocol {
        @usableFromInline let tape: UnsafePointer<UInt64>
        @usableFromInline let strings: UnsafePointer<UInt8>
        @usableFromInline var at: Int
        @usableFromInline let last: Int

        @inlinable init(view: JSONView) {
            tape = view.tape
            strings = view.strings
            at = view.index + 1
            last = view.isObject ? view.end - 1 : at
        }

        /// `key` is always a string view.
        @inlinable package mutating func next() -> (key: JSONView, value: JSONView)? {
            guard at < last else { return nil }
            let key = JSONView(tape: tape, strings: strings, index: at)
            let value = JSONView(tape: tape, strings: strings, index: at + 1)
            at = value.end
            return (key, value)
        }
    }
}

extension JSONView {
    /// True when this is a string with exactly these bytes.
    @inlinable package func equals(_ text: StaticString) -> Bool {
        guard let utf8 else { return false }
        return Self.equal(utf8, text.utf8Start, text.utf8CodeUnitCount)
    }

    /// The value at a path of member names, for instance `view.at("Placement", "AvailabilityZone")`.
    package func at(_ path: StaticString...) -> JSONView? {
        var here = self
        for name in path {
            guard let next = here[name] else { return nil }
            here = next
        }
        return here
    }

    /// How many elements or members this has; 0 for scalars. O(n).
    package var count: Int {
        switch kind {
        case .array: elements.reduce(0) { sum, _ in sum + 1 }
        case .object: members.reduce(0) { sum, _ in sum + 1 }
        default: 0
        }
    }
}
