/// Why a text is not CSV that we accept. Nothing after `line` was read.
package struct CSVError: Error, Equatable, CustomStringConvertible {
    package enum Code: Equatable, Sendable { case unterminatedQuote, textAfterQuote, recordTooLong, tooManyFields, notUTF8 }
    package let code: Code
    /// Counted from 1, the header included.
    package let line: Int
    package let message: String
    package var description: String { "line \(line): \(message)" }
}

/// CSV (RFC 4180) as a sans-I/O parser: bytes go in, cut anywhere; records come out.
///
/// Accepts LF and CRLF, a byte order mark, blank lines (skipped) and quotes inside an unquoted field (taken as they are).
/// It holds no more than the bytes of one `append` and one unfinished record.
package struct CSVParser: Sendable {
    package struct Limits: Sendable {
        /// Longest record in bytes, quotes and line breaks inside it included; 1 MiB unless told.
        package var recordBytesMax = 1 << 20
        /// Most fields in a record; 1,000 unless told.
        package var fieldsMax = 1000
        package init() {}
    }

    /// Where a field lies, relative to its record.
    fileprivate struct Field {
        var start: Int32
        var end: Int32
        /// Has doubled quotes inside.
        var isEscaped: Bool
    }

    private enum State { case start, unquoted, quoted, afterQuote }

    private let limits: Limits
    /// Bytes not consumed yet: the current record and what follows it.
    private var buffer: [UInt8] = []
    private var recordStart = 0
    private var position = 0
    private var fieldStart = 0
    private var fieldIsEscaped = false
    private var fields: [Field] = []
    private var state = State.start
    private var sawStart = false
    private var quoteLine = 0
    /// Where the record that `next` found begins and ends.
    private var found = 0..<0
    private var nextLine = 1
    /// Line breaks inside the quoted fields of the current record.
    private var newlines = 0
    /// `fields` belongs to a record that is not finished.
    private var isInsideRecord = false
    /// The line on which the record that `next` found begins, from 1.
    package private(set) var line = 1

    package init(limits: Limits = Limits()) {
        self.limits = limits
        fields.reserveCapacity(64)
    }

    /// Takes the next bytes of the text. Call `next` until it returns false before the next `append`.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        buffer.removeFirst(recordStart)
        position -= recordStart
        fieldStart -= recordStart
        recordStart = 0
        buffer.append(contentsOf: bytes)
    }

    /// The text ends here: `next` then gives a last record without a line break.
    ///
    /// Throws `unterminatedQuote`.
    package mutating func finish() throws(CSVError) {
        if state == .quoted {
            throw CSVError(
                code: .unterminatedQuote, line: quoteLine, message: "a quoted field begins here and the text ends inside it")
        }
        if recordStart < buffer.count { buffer.append(Self.newline) }
    }

    /// Moves to the next record; false when more bytes are needed. Throws `CSVError`, after which the parser is useless.
    package mutating func next() throws(CSVError) -> Bool {
        if !sawStart {
            guard try skipByteOrderMark() else { return false }
        }
        while try scan() {
            found = recordStart..<position
            guard found.count <= limits.recordBytesMax else { throw tooLong() }
            line = nextLine
            nextLine += 1 + newlines
            newlines = 0
            recordStart = position
            isInsideRecord = false
            let isBlank = fields.count == 1 && fields[0].start == 0 && fields[0].end == 0
            if !isBlank { return true }
        }
        guard buffer.count - recordStart <= limits.recordBytesMax else { throw tooLong() }
        return false
    }

    /// Lends the record that `next` found.
    package func withRecord<Result>(_ body: (CSVRecord) throws -> Result) rethrows -> Result {
        try buffer.withUnsafeBufferPointer { bytes in
            try fields.withUnsafeBufferPointer { fields in
                try body(CSVRecord(bytes: UnsafeBufferPointer(rebasing: bytes[found]), fields: fields))
            }
        }
    }

    // MARK: Scanning

    private mutating func skipByteOrderMark() throws(CSVError) -> Bool {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        if buffer.count < 3, mark.starts(with: buffer) { return false }
        sawStart = true
        if buffer.starts(with: mark) {
            recordStart = 3
            position = 3
        } else if buffer.starts(with: [0xFF, 0xFE]) || buffer.starts(with: [0xFE, 0xFF]) {
            throw CSVError(code: .notUTF8, line: 1, message: "the text is UTF-16; send UTF-8")
        } else if buffer.starts(with: [0x1F, 0x8B]) {
            throw CSVError(code: .notUTF8, line: 1, message: "the text is compressed with gzip; send it uncompressed")
        }
        return true
    }

    /// Reads on to the end of the current record; false when the bytes end before it does.
    private mutating func scan() throws(CSVError) -> Bool {
        if !isInsideRecord {
            fields.removeAll(keepingCapacity: true)
            isInsideRecord = true
        }
        while position < buffer.count {
            switch state {
            case .start:
                fieldIsEscaped = false
                fieldStart = position
                state = .unquoted
                if buffer[position] == Self.quote {
                    state = .quoted
                    quoteLine = nextLine + newlines
                    position += 1
                    fieldStart = position
                }
            case .unquoted:
                guard skipUnquoted() else { return false }
                var end = position
                let isLast = buffer[position] == Self.newline
                if isLast, end > fieldStart, buffer[end - 1] == Self.carriageReturn { end -= 1 }
                try endField(at: end)
                if isLast { return true }
            case .quoted:
                skipQuoted()
            case .afterQuote:
                // After a carriage return the next byte decides.
                if buffer[position] == Self.carriageReturn, position + 1 == buffer.count { return false }
                if try closeQuotedField() { return true }
            }
        }
        return false
    }

    /// Moves to the comma or line break that ends the field; false when the bytes end first.
    private mutating func skipUnquoted() -> Bool {
        position = buffer.withUnsafeBufferPointer { bytes in
            var at = position
            while at < bytes.count, bytes[at] != Self.comma, bytes[at] != Self.newline { at += 1 }
            return at
        }
        return position < buffer.count
    }

    /// Moves behind the next quote, counting line breaks on the way.
    private mutating func skipQuoted() {
        let (end, lines) = buffer.withUnsafeBufferPointer { bytes -> (Int, Int) in
            var at = position
            var lines = 0
            while at < bytes.count {
                if at + 8 <= bytes.count {
                    let word = UnsafeRawPointer(bytes.baseAddress! + at).loadUnaligned(as: UInt64.self)
                    if !Self.has(Self.quote, in: word), !Self.has(Self.newline, in: word) {
                        at += 8
                        continue
                    }
                }
                if bytes[at] == Self.quote { break }
                if bytes[at] == Self.newline { lines += 1 }
                at += 1
            }
            return (at, lines)
        }
        newlines += lines
        position = end
        guard end < buffer.count else { return }
        position += 1
        state = .afterQuote
    }

    /// After a quote inside a quoted field: the first of two, or the end of the field. True at the end of the record.
    private mutating func closeQuotedField() throws(CSVError) -> Bool {
        let end = position - 1
        switch buffer[position] {
        case Self.quote:
            fieldIsEscaped = true
            position += 1
            state = .quoted
            return false
        case Self.comma:
            try endField(at: end)
            return false
        case Self.newline:
            try endField(at: end)
            return true
        case Self.carriageReturn where buffer[position + 1] == Self.newline:
            position += 1
            try endField(at: end)
            return true
        default:
            throw CSVError(
                code: .textAfterQuote, line: nextLine + newlines,
                message: "text follows the closing quote of field \(fields.count + 1)")
        }
    }

    /// The current field ends before `end`; its delimiter is at `position`.
    private mutating func endField(at end: Int) throws(CSVError) {
        guard fields.count < limits.fieldsMax else {
            throw CSVError(
                code: .tooManyFields, line: nextLine, message: "the record has more than \(limits.fieldsMax) fields")
        }
        fields.append(
            Field(
                start: Int32(truncatingIfNeeded: fieldStart - recordStart),
                end: Int32(truncatingIfNeeded: end - recordStart), isEscaped: fieldIsEscaped))
        position += 1
        state = .start
    }

    private func tooLong() -> CSVError {
        CSVError(
            code: .recordTooLong, line: nextLine,
            message: "the record that begins here has more than \(limits.recordBytesMax) bytes; is a quote left open?")
    }

    private static let quote = UInt8(ascii: "\"")
    private static let comma = UInt8(ascii: ",")
    private static let newline = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    /// Whether one of the eight bytes of `word` is `byte` (Mycroft's zero-byte test).
    @inline(__always)
    private static func has(_ byte: UInt8, in word: UInt64) -> Bool {
        let difference = word ^ (0x0101_0101_0101_0101 &* UInt64(byte))
        return (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080 != 0
    }
}

/// One record of a CSV text. Valid only inside the closure that it was lent to.
package struct CSVRecord {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let fields: UnsafeBufferPointer<CSVParser.Field>

    fileprivate init(bytes: UnsafeBufferPointer<UInt8>, fields: UnsafeBufferPointer<CSVParser.Field>) {
        self.bytes = bytes
        self.fields = fields
    }

    package var count: Int { fields.count }

    /// The bytes of a field as they stand: a quoted field without its quotes, doubled quotes still doubled.
    package func raw(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        let field = fields[index]
        return UnsafeBufferPointer(rebasing: bytes[Int(field.start)..<Int(field.end)])
    }

    /// The value of a field.
    package func bytes(_ index: Int) -> [UInt8] {
        let raw = raw(index)
        guard fields[index].isEscaped else { return Array(raw) }
        var value: [UInt8] = []
        value.reserveCapacity(raw.count)
        var isSecond = false
        for byte in raw {
            isSecond = byte == UInt8(ascii: "\"") && !isSecond
            if !isSecond { value.append(byte) }
        }
        return value
    }

    /// The value of a field; nil when it is not valid UTF-8.
    package func string(_ index: Int) -> String? { String(validating: bytes(index), as: UTF8.self) }
}
