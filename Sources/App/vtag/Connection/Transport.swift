import JSON

/// One request to the server, before credentials.
struct Request: Sendable {
    var method: String
    /// With the query, percent-encoded.
    var target: String
    var headers: [(name: String, value: String)] = []
    var body: RequestBody = .none
}

enum RequestBody: Sendable {
    case none
    case bytes([UInt8])
    /// Sent as it is read, so that its length does not matter.
    case file(InputFile)
}

/// The answer to a request, whole in memory: lists come in pages, so answers are small.
struct Answer: Sendable {
    var status: Int
    /// Names in lower case.
    var headers: [(name: String, value: String)]
    var body: [UInt8]

    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    /// The body read as JSON. Throws `JSONError`.
    func json() throws -> JSONValue { try JSONParser().withDocument(body) { JSONValue($0) } }
}

/// Why no answer came.
struct TransportFailure: Error, Sendable {
    let reason: String
}

/// What the commands need of an HTTP client.
protocol Transport: Sendable {
    func send(_ request: Request) async throws(TransportFailure) -> Answer
    func close() async
}
