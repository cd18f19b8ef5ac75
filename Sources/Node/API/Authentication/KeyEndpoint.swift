package import HTTPTransport
package import NIOCore

/// Where a JWK set is published: `https://…`, or `http://…` on this machine alone.
package struct KeyEndpoint: Sendable {
    /// Longest time that a fetch may take, in milliseconds.
    static let fetchMillisecondsMax: Int64 = 5_000

    package let url: String
    private let request: HTTPClientRequest
    private let client: HTTPClient

    /// Throws `KeySetError` where the URL cannot be used, `TLSError` where `trust` cannot.
    package init(url: String, trust: TLSTrust = .system, on group: any EventLoopGroup) throws {
        let request: HTTPClientRequest
        do {
            request = try HTTPClientRequest(
                url: url, headers: ["accept": "application/jwk-set+json, application/json", "user-agent": "vtagd"])
        } catch let error as HTTPClientError {
            throw KeySetError(message: error.message)
        }
        guard request.origin.scheme == .https || Self.isLoopback(request.origin.host) else {
            throw KeySetError(message: "\(url): keys come over https; http is for this machine alone")
        }
        self.url = url
        self.request = request
        var configuration = HTTPClientConfiguration()
        if request.origin.scheme == .https {
            configuration.tls = try TLSClientContext(trust: trust)
        } else {
            configuration.version = .http1Only
        }
        configuration.connectionsPerOriginMax = 1
        configuration.connectMillisecondsMax = Self.fetchMillisecondsMax
        configuration.requestMillisecondsMax = Self.fetchMillisecondsMax
        configuration.attemptsMax = 2
        configuration.responseBodyBytesMax = KeySet.bytesMax
        configuration.idleMillisecondsMax = 1_000
        client = HTTPClient(group: group, configuration: configuration)
    }

    /// What was published.
    package struct Published: Sendable {
        package let keys: KeySet
        let document: [UInt8]
        /// What Cache-Control allows, in seconds; nil where it does not say.
        let maxAgeSeconds: Int64?
    }

    /// Throws `KeySetError` with the reason; redirects are not followed.
    package func fetch() async throws -> Published {
        let answer: HTTPClientResponse
        let body: ByteBuffer
        do {
            answer = try await client.execute(request)
            guard answer.status == 200 else {
                throw KeySetError(message: "\(url) answered with status \(answer.status)")
            }
            body = try await answer.body.collect(upTo: KeySet.bytesMax)
        } catch let error as HTTPClientError {
            throw KeySetError(message: "\(url): \(error.message)")
        }
        let document = Array(buffer: body)
        do {
            return Published(
                keys: try await KeySet(jwks: document), document: document,
                maxAgeSeconds: Self.maxAge(answer.headers.values(of: "cache-control")))
        } catch let error as KeySetError {
            throw KeySetError(message: "\(url): \(error.message)")
        }
    }

    package func close() async { await client.shutDown() }

    /// RFC 9111 section 5.2.2. What must not be kept is fetched as often as that is allowed.
    static func maxAge(_ fields: [String]) -> Int64? {
        let directives = fields.flatMap { $0.split(separator: ",") }.map { directive in
            directive.filter { $0 != " " && $0 != "\t" }.lowercased()
        }
        if directives.contains("no-store") || directives.contains("no-cache") { return 0 }
        return directives.lazy.compactMap { directive in
            directive.hasPrefix("max-age=") ? Int64(directive.dropFirst(8).filter { $0 != "\"" }) : nil
        }.first.map { max($0, 0) }
    }

    private static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
