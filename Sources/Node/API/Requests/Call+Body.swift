import HTTPTransport
import JSON
import NIOCore

extension Call {
    /// Deepest accepted nesting of a JSON body.
    static let jsonDepthMax = 64

    /// The whole body, up to the route's limit.
    func body(upTo limit: Int) async throws -> ByteBuffer { try await request.body.collect(upTo: limit) }

    /// Parses the body as JSON and lends its root to `decode`.
    func json<Value>(_ decode: (JSONView) throws -> Value) async throws -> Value {
        guard case .json(let limit) = route.body else { preconditionFailure("\(route.template) takes no JSON body") }
        let buffer = try await body(upTo: limit)
        return try Self.parse(buffer, decode)
    }

    static func parse<Value>(_ buffer: ByteBuffer, _ decode: (JSONView) throws -> Value) throws -> Value {
        guard buffer.readableBytes > 0 else { throw Problem.malformedJSON("it is empty") }
        do {
            let parser = JSONParser(bytesMax: buffer.readableBytes, depthMax: jsonDepthMax)
            return try buffer.withUnsafeReadableBytes { try parser.withDocument($0, decode) }
        } catch let error as JSONError {
            throw Problem.malformedJSON(error.message)
        }
    }

    /// The media type of the body without parameters, in lower case; nil when the request does not say.
    static func mediaType(of head: HTTPRequestHead) -> String? {
        guard let field = head.headers["content-type"] else { return nil }
        if field == "application/json" { return field }
        let type = field.prefix { $0 != ";" }
        return String(type.filter { $0 != " " && $0 != "\t" }).lowercased()
    }
}
