import Glibc
import NIOCore

/// Cuts what arrives on an HTTP/1.1 connection into pieces for the decoder, none of which reaches from one request into the
/// next.
///
/// The decoder decodes all that it is given. Given a piece at a time, requests wait as bytes behind the one in progress, and not
/// as heads, which take many times the memory. What a request is, the decoder alone says: the cutter looks for line ends, and a
/// cut that the decoder does not agree with is refused. It looks besides at what the decoder lets pass or refuses without saying
/// why: how lines end, the request line, and the limits while the bytes arrive. After it has thrown, the rest of the input
/// means nothing.
struct HTTP1RequestCutter {
    enum State: Equatable {
        case requestLine
        case fields
        /// The head is with the decoder, which says what follows it.
        case decoding
        case body(left: Int)
        /// A chunked body, cut at line ends, for each request ends with one.
        case chunks
    }

    private let limits: HTTPLimits
    private var state = State.requestLine
    /// Where the line in progress begins, counted from the first byte that waits.
    private var lineStart = 0
    /// Bytes of the line in progress that were searched for its end.
    private var scannedBytes = 0
    private var emptyLines = 0
    private var fieldBytes = 0
    private var fieldCount = 0
    /// Bytes of the line in progress of a chunked body that are no data.
    private var framingBytes = 0

    /// Empty lines that are skipped before a request, for old clients end a body so (RFC 9112 section 2.2).
    private static let emptyLinesMax = 8
    /// Longest method in bytes.
    private static let methodBytesMax = 32
    /// Longest line of a chunked body besides data, in bytes: a size with its extensions, or a trailer field.
    private static let chunkLineBytesMax = 256
    /// Besides its target a request line has the method, two spaces and the version.
    private static let requestLineExtraBytes = methodBytesMax + 2 + 8
    /// Besides name and value a field's line has a colon and a space, and all fields together a few more.
    private static let fieldLineExtraBytes = 2
    static let blankBytesMax = 64

    init(limits: HTTPLimits) { self.limits = limits }

    // MARK: Pieces

    /// The next piece: a whole head, or what is there of a body; nil when more bytes are needed.
    mutating func nextPiece(of input: inout ByteBuffer) throws(HTTPRefusal) -> ByteBuffer? {
        switch state {
        case .requestLine, .fields:
            guard let count = try headBytes(in: &input) else { return nil }
            state = .decoding
            return input.readSlice(length: count)
        case .body(let left):
            guard input.readableBytes > 0 else { return nil }
            return input.readSlice(length: min(left, input.readableBytes))
        case .chunks:
            guard input.readableBytes > 0 else { return nil }
            return input.readSlice(length: Self.lineBytes(in: input) ?? input.readableBytes)
        case .decoding:
            preconditionFailure("A piece was asked for before the decoder's word on the one before")
        }
    }

    /// The decoder has understood a head, and that its request is whole with it, or not.
    mutating func headDecoded(_ framing: HTTP1Framing, isWhole: Bool) throws(HTTPRefusal) {
        let declared = framing.declaredBytes ?? 0
        guard isWhole == (!framing.isChunked && declared == 0) else { throw Self.disagreement }
        state = isWhole ? .requestLine : framing.isChunked ? .chunks : .body(left: declared)
        framingBytes = 0
    }

    /// The decoder has taken `dataBytes` of a body out of a piece, and the request is whole with it, or not.
    mutating func bodyDecoded(_ piece: ByteBuffer, dataBytes: Int, isWhole: Bool) throws(HTTPRefusal) {
        switch state {
        case .body(let left):
            guard dataBytes == piece.readableBytes, isWhole == (dataBytes == left) else { throw Self.disagreement }
            state = isWhole ? .requestLine : .body(left: left - dataBytes)
        case .chunks:
            framingBytes += piece.readableBytes - dataBytes
            guard framingBytes <= Self.chunkLineBytesMax else { throw Self.longChunkLine }
            if piece.readableBytesView.last == HTTPCharacters.lineFeed { framingBytes = 0 }
            if isWhole { state = .requestLine }
        case .requestLine, .fields, .decoding:
            preconditionFailure("A body was decoded in the state \(state)")
        }
    }

    /// Whether a head has begun that is not whole.
    var isWithinHead: Bool {
        switch state {
        case .requestLine: scannedBytes > 0
        case .fields: true
        case .decoding, .body, .chunks: false
        }
    }

    // MARK: Heads

    /// The length of the head at the input's beginning; nil when it is not whole.
    private mutating func headBytes(in input: inout ByteBuffer) throws(HTTPRefusal) -> Int? {
        if case .requestLine = state { try skipEmptyLines(of: &input) }
        let outcome: Result<Int?, HTTPRefusal> = input.withUnsafeReadableBytes { bytes in
            do throws(HTTPRefusal) {
                while let line = try nextLine(of: bytes) {
                    if try take(line) { return .success(lineStart) }
                }
                return .success(nil)
            } catch {
                return .failure(error)
            }
        }
        let count = try outcome.get()
        if count != nil { lineStart = 0 }
        return count
    }

    private mutating func skipEmptyLines(of input: inout ByteBuffer) throws(HTTPRefusal) {
        let emptyLine: UInt16 = 0x0d0a
        while input.getInteger(at: input.readerIndex) == emptyLine {
            input.moveReaderIndex(forwardBy: 2)
            scannedBytes = 0
            emptyLines += 1
            guard emptyLines <= Self.emptyLinesMax else { throw Self.notHTTP }
        }
    }

    /// The next line without its end; nil when the end has not come.
    private mutating func nextLine(of bytes: UnsafeRawBufferPointer) throws(HTTPRefusal) -> UnsafeRawBufferPointer? {
        let searched = lineStart + scannedBytes
        guard let start = bytes.baseAddress, searched < bytes.count else { return nil }
        guard let found = memchr(start + searched, Int32(HTTPCharacters.lineFeed), bytes.count - searched) else {
            scannedBytes = bytes.count - lineStart
            try checkUnfinished(UnsafeRawBufferPointer(rebasing: bytes[lineStart...]))
            return nil
        }
        scannedBytes = 0
        let end = UnsafeRawPointer(found) - start
        guard end > lineStart, bytes[end - 1] == HTTPCharacters.carriageReturn else { throw .bareLineFeed }
        let line = UnsafeRawBufferPointer(rebasing: bytes[lineStart..<end - 1])
        lineStart = end + 1
        return line
    }

    /// A line whose end does not come is refused once no end could make it good.
    private func checkUnfinished(_ line: UnsafeRawBufferPointer) throws(HTTPRefusal) {
        if case .requestLine = state {
            // The CR of an empty line may come before its LF.
            if line.count == 1, line[0] == HTTPCharacters.carriageReturn { return }
            try Self.checkMethod(line)
            if line.count > limits.targetBytesMax + Self.requestLineExtraBytes { throw .targetTooLong(limits) }
        } else if fieldBytes + line.count > fieldBytesMax(of: fieldCount + 1) {
            throw .headersTooLong(limits)
        }
    }

    /// Acts on a line. Returns whether it is the head's last.
    private mutating func take(_ line: UnsafeRawBufferPointer) throws(HTTPRefusal) -> Bool {
        if case .requestLine = state {
            try checkRequestLine(line)
            emptyLines = 0
            fieldBytes = 0
            fieldCount = 0
            state = .fields
            return false
        }
        guard !line.isEmpty else { return true }
        fieldBytes += line.count
        fieldCount += 1
        guard fieldBytes <= fieldBytesMax(of: fieldCount) else { throw .headersTooLong(limits) }
        guard fieldCount <= limits.headerCountMax else { throw .tooManyHeaders(limits) }
        return false
    }

    /// Above this the lines of so many fields hold more than the limit, whatever is colon or blank of them. How long the fields
    /// are to the byte is known when they are decoded.
    private func fieldBytesMax(of count: Int) -> Int {
        limits.headerBytesMax + count * Self.fieldLineExtraBytes + Self.blankBytesMax
    }

    // MARK: The request line

    /// Looks at the parts of `method SP target SP version` (RFC 9112 section 3): the decoder refuses what it does not know without
    /// saying whether that is a method, a version or no HTTP at all, and takes more spaces than one and versions of other
    /// protocols.
    private func checkRequestLine(_ line: UnsafeRawBufferPointer) throws(HTTPRefusal) {
        let methodBytes = try Self.checkMethod(line)
        guard let versionStart = line.lastIndex(of: HTTPCharacters.space), versionStart > methodBytes + 1 else {
            throw .malformed("The request line is not made of method, target and version.")
        }
        try Self.checkVersion(UnsafeRawBufferPointer(rebasing: line[(versionStart + 1)...]))
        if line.prefix(methodBytes).elementsEqual("CONNECT".utf8) { throw .tunnel }
        let target = line[methodBytes + 1..<versionStart]
        guard target.count <= limits.targetBytesMax else { throw .targetTooLong(limits) }
        guard !target.contains(HTTPCharacters.space) else {
            throw .malformed("The request target holds a space, or more than one stands before or behind it.")
        }
    }

    /// The length of the method that the line begins with, be the line whole or not.
    @discardableResult
    private static func checkMethod(_ line: UnsafeRawBufferPointer) throws(HTTPRefusal) -> Int {
        let method = line.prefix(methodBytesMax + 1).prefix { $0 != HTTPCharacters.space }
        guard (1...methodBytesMax).contains(method.count), method.allSatisfy(HTTPCharacters.isToken) else {
            throw notHTTP
        }
        return method.count
    }

    private static func checkVersion(_ version: UnsafeRawBufferPointer) throws(HTTPRefusal) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard version.count == 8, version.starts(with: "HTTP/".utf8), digits.contains(version[5]),
            version[6] == UInt8(ascii: "."), digits.contains(version[7])
        else { throw .malformed("The request line does not end with a version of HTTP.") }
        guard version[5] == UInt8(ascii: "1"), version[7] <= UInt8(ascii: "1") else {
            throw HTTPRefusal(505, "This server speaks HTTP/1.0, HTTP/1.1 and HTTP/2.")
        }
    }

    // MARK: Chunks

    /// The length of the line at the input's beginning with its end; nil when the end has not come.
    private static func lineBytes(in input: ByteBuffer) -> Int? {
        input.withUnsafeReadableBytes { bytes in
            guard let start = bytes.baseAddress else { return nil }
            return memchr(start, Int32(HTTPCharacters.lineFeed), bytes.count).map { UnsafeRawPointer($0) - start + 1 }
        }
    }

    private static let notHTTP = HTTPRefusal.malformed("This is no HTTP request: it does not begin with a method.")
    static let disagreement = HTTPRefusal.malformed("Where the request ends can be read in two ways.")
    private static let longChunkLine = HTTPRefusal.malformed(
        "A line of the chunked body, the size of a chunk or a trailer field, is longer than \(chunkLineBytesMax) bytes.")
}
