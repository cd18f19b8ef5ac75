import CSimdJSON

/// Why a text is not JSON that we accept.
package struct JSONError: Error, Equatable, CustomStringConvertible {
    package enum Code: Equatable, Sendable { case malformed, tooDeep, tooLarge, invalidUTF8 }
    package let code: Code
    package let message: String
    package var description: String { message }

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// A reusable parser over simdjson's tape: no allocation per value, whole-document validation first.
///
/// An integer that 64 bits do not hold is read as a double (RFC 8259, section 6, lets a reader choose its precision).
///
/// Not thread-safe; keep one per event loop. The views it hands out live only inside the closure.
package final class JSONParser {
    /// Longest accepted document in bytes; 100 MiB unless told.
    package let bytesMax: Int
    /// Deepest accepted nesting of arrays and objects; 64 unless told.
    package let depthMax: Int
    private let handle: OpaquePointer
    private static let allocatedBytesMin = 4 << 10

    package init(bytesMax: Int = 100 << 20, depthMax: Int = 64) {
        self.bytesMax = bytesMax
        self.depthMax = depthMax
        // simdjson refuses every document when its own maximum is below what it allocates first; ours is checked before it.
        guard let handle = vtag_json_parser_new(max(bytesMax, Self.allocatedBytesMin), depthMax) else {
            preconditionFailure("out of memory")
        }
        self.handle = handle
    }

    deinit { vtag_json_parser_free(handle) }

    /// Parses one document and lends its root to `body`. Throws `JSONError`, or what `body` throws.
    package func withDocument<Result>(
        _ bytes: UnsafeRawBufferPointer, _ body: (JSONView) throws -> Result
    ) throws -> Result {
        guard bytes.count <= bytesMax else {
            throw JSONError(.tooLarge, "the document has \(bytes.count) bytes; \(bytesMax) are accepted")
        }
        var code = parse(bytes)
        if code == Self.numberError, let rewritten = WideIntegers.rewritten(bytes) {
            code = rewritten.withUnsafeBytes(parse)
        }
        guard code == 0 else { throw Self.error(code, depthMax: depthMax) }
        guard let tape = vtag_json_tape(handle), let strings = vtag_json_strings(handle) else {
            preconditionFailure("simdjson parsed a document but kept no tape")
        }
        return try body(JSONView(tape: tape, strings: strings, index: 1))
    }

    package func withDocument<Result>(_ bytes: [UInt8], _ body: (JSONView) throws -> Result) throws -> Result {
        try bytes.withUnsafeBytes { try withDocument($0, body) }
    }

    package func withDocument<Result>(_ text: String, _ body: (JSONView) throws -> Result) throws -> Result {
        try withDocument(Array(text.utf8), body)
    }

    private func parse(_ bytes: UnsafeRawBufferPointer) -> Int32 {
        vtag_json_parse(handle, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
    }

    /// What simdjson says of a number that it cannot read, one that is too large for 64 bits among them.
    private static let numberError: Int32 = 9

    /// Codes of simdjson's `error_code` that deserve a name of their own.
    private static func error(_ code: Int32, depthMax: Int) -> JSONError {
        let message = String(cString: vtag_json_error(code))
        switch code {
        case 1: return JSONError(.tooLarge, "the document is larger than this parser accepts")
        case 4: return JSONError(.tooDeep, "arrays and objects are nested deeper than \(depthMax) levels")
        case 10: return JSONError(.invalidUTF8, "the text is not valid UTF-8")
        default: return JSONError(.malformed, "not valid JSON: \(message)")
        }
    }
}
