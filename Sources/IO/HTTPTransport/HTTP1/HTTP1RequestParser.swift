import Glibc
import NIOCore

/// Takes requests out of the bytes of an HTTP/1.1 connection (RFC 9112).
///
/// It writes fields straight into the transport's own form and keeps no bytes itself: what is not a whole line yet stays in
/// the input. Whatever could be read in two ways is refused, for on such requests the smuggling of one request inside another
/// is built (RFC 9112 section 11.2). After it has thrown, the rest of the input means nothing.
struct HTTP1RequestParser {
    /// How the request ends, and whether the connection does with it.
    struct Framing: Equatable {
        var isHTTP10 = false
        /// The body's length, if it was declared.
        var declaredBytes: Int?
        var isChunked = false
        var keepsAlive = true
    }

    enum BodyElement: Equatable {
        case bytes(ByteBuffer)
        /// The request is whole; the next head may follow.
        case end
    }

    enum State: Equatable {
        case requestLine
        case fields
        case body(left: Int)
        case chunkSize
        case chunk(left: Int)
        /// The line end behind a chunk's data.
        case chunkEnd
        case trailers
    }

    /// What the fields read so far add up to.
    struct Section {
        var bytes = 0
        var count = 0
        var hosts = 0
        var framing = Framing()
        /// The target named the authority, which then counts instead of the Host field.
        var hasAuthority = false
        var asksForClose = false
        var asksForKeepAlive = false
        var asksForUpgrade = false
    }

    let limits: HTTPLimits
    var state = State.requestLine
    var section = Section()
    /// Bytes of the line in progress that were searched for its end.
    private var scannedBytes = 0
    private var emptyLines = 0

    /// Empty lines that are skipped before a request, for old clients end a body so (RFC 9112 section 2.2).
    private static let emptyLinesMax = 8
    /// Longest method in bytes.
    static let methodBytesMax = 32
    /// Longest line that states a chunk's size, in bytes; extensions are read over.
    private static let chunkLineBytesMax = 256
    /// Besides its target a request line has the method, two spaces and the version.
    private static let requestLineExtraBytes = methodBytesMax + 2 + 8
    /// Besides name and value a field's line has a colon and spaces.
    private static let fieldLineExtraBytes = 64

    init(limits: HTTPLimits) { self.limits = limits }

    /// Whether a head has begun that is not whole.
    var isWithinHead: Bool {
        switch state {
        case .requestLine: scannedBytes > 0
        case .fields: true
        case .body, .chunkSize, .chunk, .chunkEnd, .trailers: false
        }
    }

    // MARK: Elements

    /// The next request's head, put into `head`, whose storage is used again; nil when more bytes are needed. To be asked for
    /// after the last body element of the request before.
    mutating func nextHead(
        from input: inout ByteBuffer, into head: inout HTTPRequestHead
    ) throws(HTTPRefusal) -> Framing? {
        guard try readLines(of: &input, into: &head) else { return nil }
        return section.framing
    }

    /// The next piece of the body, or its end; nil when more bytes are needed.
    mutating func nextBodyElement(from input: inout ByteBuffer) throws(HTTPRefusal) -> BodyElement? {
        var unused = HTTPRequestHead()
        while true {
            switch state {
            case .body(let left), .chunk(let left):
                guard left > 0 else {
                    if case .chunk = state {
                        state = .chunkEnd
                        continue
                    }
                    state = .requestLine
                    return .end
                }
                guard let piece = input.readSlice(length: min(left, input.readableBytes)), piece.readableBytes > 0 else {
                    return nil
                }
                let rest = left - piece.readableBytes
                if case .chunk = state { state = .chunk(left: rest) } else { state = .body(left: rest) }
                return .bytes(piece)
            case .chunkSize, .chunkEnd, .trailers:
                guard try readLines(of: &input, into: &unused) else { return nil }
                if case .requestLine = state { return .end }
            case .requestLine, .fields:
                preconditionFailure("A body was asked for in the state \(state)")
            }
        }
    }

    // MARK: Lines

    /// Reads lines until one completes the element in progress. Returns whether one did.
    private mutating func readLines(
        of input: inout ByteBuffer, into head: inout HTTPRequestHead
    ) throws(HTTPRefusal) -> Bool {
        var position = 0
        let outcome: Result<Bool, HTTPRefusal> = input.withUnsafeReadableBytes { bytes in
            do throws(HTTPRefusal) {
                while let line = try nextLine(of: bytes, from: &position) {
                    if try take(line, into: &head) { return .success(true) }
                }
                return .success(false)
            } catch {
                return .failure(error)
            }
        }
        input.moveReaderIndex(forwardBy: position)
        return try outcome.get()
    }

    /// The line at `position` without its end; nil when the end has not come.
    private mutating func nextLine(
        of bytes: UnsafeRawBufferPointer, from position: inout Int
    ) throws(HTTPRefusal) -> UnsafeRawBufferPointer? {
        let searched = position + scannedBytes
        guard let start = bytes.baseAddress, searched < bytes.count else { return nil }
        guard let found = memchr(start + searched, Int32(HTTPCharacters.lineFeed), bytes.count - searched) else {
            scannedBytes = bytes.count - position
            try checkUnfinished(UnsafeRawBufferPointer(rebasing: bytes[position...]))
            return nil
        }
        scannedBytes = 0
        let end = UnsafeRawPointer(found) - start
        guard end > position, bytes[end - 1] == HTTPCharacters.carriageReturn else { throw .bareLineFeed }
        let line = UnsafeRawBufferPointer(rebasing: bytes[position..<end - 1])
        position = end + 1
        return line
    }

    /// A line whose end does not come is refused once no end could make it good.
    private func checkUnfinished(_ line: UnsafeRawBufferPointer) throws(HTTPRefusal) {
        switch state {
        case .requestLine:
            let method = line.prefix(Self.methodBytesMax + 1).prefix { $0 != HTTPCharacters.space }
            if method.count > Self.methodBytesMax || !method.allSatisfy(Self.mayBeginRequest) { throw Self.notHTTP }
            if line.count > limits.targetBytesMax + Self.requestLineExtraBytes { throw .targetTooLong(limits) }
        case .fields, .trailers:
            if section.bytes + line.count > limits.headerBytesMax + Self.fieldLineExtraBytes {
                throw .headersTooLong(limits)
            }
        case .chunkSize, .chunkEnd:
            if line.count > Self.chunkLineBytesMax { throw Self.badChunk }
        case .body, .chunk: break
        }
    }

    /// An empty line may come before a method.
    private static func mayBeginRequest(_ byte: UInt8) -> Bool {
        HTTPCharacters.isToken(byte) || byte == HTTPCharacters.carriageReturn
    }

    /// Acts on a line. Returns whether it completes the head, or the line of the body that was waited for.
    private mutating func take(_ line: UnsafeRawBufferPointer, into head: inout HTTPRequestHead) throws(HTTPRefusal) -> Bool
    {
        switch state {
        case .requestLine:
            if line.isEmpty {
                emptyLines += 1
                guard emptyLines <= Self.emptyLinesMax else { throw Self.notHTTP }
                return false
            }
            emptyLines = 0
            section = Section()
            try takeRequestLine(line, into: &head)
            state = .fields
            return false
        case .fields:
            guard line.isEmpty else {
                try takeField(line, into: &head)
                return false
            }
            try finishHead(&head)
            return true
        case .chunkSize:
            let size = try Self.chunkSize(line)
            if size > 0 {
                state = .chunk(left: size)
            } else {
                section = Section()
                state = .trailers
            }
            return true
        case .chunkEnd:
            guard line.isEmpty else { throw Self.badChunk }
            state = .chunkSize
            return true
        case .trailers:
            // Trailers carry nothing that a service asks for; they are checked, measured and dropped.
            guard line.isEmpty else {
                _ = try field(line)
                return false
            }
            state = .requestLine
            return true
        case .body, .chunk:
            preconditionFailure("A line was read in the state \(state)")
        }
    }

    static let notHTTP = HTTPRefusal.malformed("This is no HTTP request: it does not begin with a method.")
    private static let badChunk = HTTPRefusal.malformed(
        "The chunked body is malformed: a chunk is its size in hexadecimal, CR LF, so many bytes, CR LF.")

    /// The number that a chunk's line begins with; what follows a semicolon is an extension, which nobody here knows.
    private static func chunkSize(_ line: UnsafeRawBufferPointer) throws(HTTPRefusal) -> Int {
        /// As many as fit into 60 bits.
        let digitsMax = 15
        let digits = line.prefix { $0 != UInt8(ascii: ";") }
        guard (1...digitsMax).contains(digits.count), line.count <= chunkLineBytesMax else { throw badChunk }
        var size = 0
        for byte in digits {
            let value: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = byte - UInt8(ascii: "A") + 10
            default: throw badChunk
            }
            size = size << 4 | Int(value)
        }
        let isClean = line[digits.endIndex...].allSatisfy { $0 >= HTTPCharacters.space || $0 == UInt8(ascii: "\t") }
        guard isClean else { throw badChunk }
        return size
    }
}
