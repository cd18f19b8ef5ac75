import Foundation
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import HTTPTransport

/// The TLS server as other programs see it: OpenSSL's own client and nghttp2's tools.
@Suite("TLS and other programs")
struct TLSToolTests {
    private struct Service: HTTPService {
        func respond(to exchange: HTTPExchange) { exchange.respond(.text(200, "hello\n")) }
    }

    /// Runs `tool` against a TLS server and returns everything that it printed.
    private func output(of tool: String, _ arguments: (Int) -> [String], input: String = "", clientCA: String? = nil)
        async throws -> String
    {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let context = try TLSServerContext.test(clientCA: clientCA)
        let server = try await HTTPServer.start(
            on: .singletonMultiThreadedEventLoopGroup, host: "127.0.0.1", port: 0, tls: context.installer(logger: logger),
            service: Service())
        let text = try await Tool.run(tool, arguments(server.address.port ?? 0), input: input)
        await server.stop(gracefullyWithin: .zero)
        return text
    }

    private static let request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    @Test(
        "openssl s_client agrees on h2, on TLS 1.3 and 1.2, and verifies the certificate", arguments: ["-tls1_2", "-tls1_3"])
    func sClient(_ version: String) async throws {
        let text = try await output(of: "openssl") {
            [
                "s_client", "-connect", "127.0.0.1:\($0)", version, "-alpn", "h2,http/1.1", "-CAfile",
                TestCertificates.shared.ca,
                "-verify_return_error",
            ]
        }
        #expect(text.contains("ALPN protocol: h2"), "\(text)")
        #expect(text.contains("Verify return code: 0 (ok)"), "\(text)")
    }

    @Test("openssl s_client resumes sessions in TLS 1.2, by ticket and by session id", arguments: [[], ["-no_ticket"]])
    func reconnect(_ extra: [String]) async throws {
        let text = try await output(of: "openssl") {
            ["s_client", "-connect", "127.0.0.1:\($0)", "-tls1_2", "-reconnect"] + extra
        }
        #expect(text.components(separatedBy: "\nReused, TLSv1.2").count == 6, "\(text)")
    }

    @Test("Versions before TLS 1.2 are refused")
    func oldVersions() async throws {
        let text = try await output(of: "openssl") {
            ["s_client", "-connect", "127.0.0.1:\($0)", "-tls1_1", "-cipher", "ALL@SECLEVEL=0"]
        }
        #expect(text.contains("alert protocol version") || text.contains("no protocols available"), "\(text)")
        #expect(!text.contains("ALPN protocol"))
    }

    @Test("Renegotiation is refused and the connection goes on or ends cleanly")
    func renegotiation() async throws {
        let text = try await output(
            of: "openssl",
            {
                ["s_client", "-connect", "127.0.0.1:\($0)", "-tls1_2"]
            }, input: "R\n")
        #expect(text.contains("no renegotiation"), "\(text)")
    }

    @Test("An HTTP/1.1 exchange over s_client ends with close_notify")
    func closeNotify() async throws {
        let text = try await output(
            of: "openssl",
            {
                ["s_client", "-connect", "127.0.0.1:\($0)", "-quiet", "-ign_eof"]
            }, input: Self.request)
        #expect(text.contains("HTTP/1.1 200"), "\(text)")
        #expect(text.hasSuffix("hello\n"))
        #expect(!text.contains("unexpected eof"), "\(text)")
    }

    @Test("A client certificate is demanded, and accepted from the right CA only")
    func mutualTLS() async throws {
        let certificates = TestCertificates.shared
        func run(_ files: TestCertificates.Files?) async throws -> String {
            try await output(
                of: "openssl",
                {
                    ["s_client", "-connect", "127.0.0.1:\($0)", "-quiet", "-ign_eof"]
                        + (files.map { ["-cert", $0.certificate, "-key", $0.privateKey] } ?? [])
                }, input: Self.request, clientCA: certificates.ca)
        }
        #expect(try await run(certificates.client).contains("HTTP/1.1 200"))
        #expect(try await run(certificates.stranger).contains("alert unknown ca"))
        #expect(try await run(nil).contains("alert certificate required"))
    }

    @Test("nghttp and h2load speak HTTP/2 over TLS with it")
    func nghttp2Tools() async throws {
        let nghttp = try await output(of: "nghttp") { ["-v", "--no-verify-peer", "https://127.0.0.1:\($0)/"] }
        #expect(nghttp.contains("The negotiated protocol: h2"), "\(nghttp)")
        #expect(nghttp.contains(":status: 200"))
        let h2load = try await output(of: "h2load") { ["-n", "500", "-c", "4", "-m", "10", "https://127.0.0.1:\($0)/"] }
        #expect(h2load.contains("500 succeeded, 0 failed"), "\(h2load)")
    }

    @Test("The client fetches from nghttpd, in clear text and under TLS")
    func nghttpd() async throws {
        let certificates = TestCertificates.shared
        let file = "nghttpd-\(UInt32.random(in: 0 ... .max)).txt"
        _ = certificates.file(file, "from nghttpd\n")
        var configuration = HTTPClientConfiguration()
        configuration.attemptsMax = 20  // until nghttpd listens
        configuration.retryDelayMilliseconds = 20
        configuration.tls = try TLSClientContext.test()
        let client = HTTPClient(group: .singletonMultiThreadedEventLoopGroup, configuration: configuration)
        for scheme in ["http", "https"] {
            let port = try await Tool.freePort()
            let files =
                scheme == "http"
                ? ["--no-tls", "\(port)"] : ["\(port)", certificates.server.privateKey, certificates.server.certificate]
            let nghttpd = try Tool.start("nghttpd", ["-a", "127.0.0.1", "-d", certificates.directory] + files)
            // Foundation starts programs with most signals blocked: nghttpd would never see a SIGTERM.
            defer {
                kill(nghttpd.processIdentifier, SIGKILL)
                nghttpd.waitUntilExit()
            }
            for _ in 0..<3 {
                let response = try await client.execute(HTTPClientRequest(url: "\(scheme)://127.0.0.1:\(port)/\(file)"))
                #expect(response.status == 200)
                #expect(response.version == .http2)
                #expect(String(buffer: try await response.body.collect(upTo: 100)) == "from nghttpd\n")
            }
            let missing = try await client.execute(HTTPClientRequest(url: "\(scheme)://127.0.0.1:\(port)/missing"))
            #expect(missing.status == 404)
        }
        await client.shutDown()
    }
}

/// Other programs.
enum Tool {
    static func start(_ name: String, _ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [name] + arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// Runs a program to its end and returns what it printed on both outputs.
    static func run(_ name: String, _ arguments: [String], input: String) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            // Off the pool of Swift's tasks: it blocks.
            DispatchQueue.global().async {
                let process = Process()
                let (stdin, stdout) = (Pipe(), Pipe())
                process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
                process.arguments = [name] + arguments
                process.standardInput = stdin
                process.standardOutput = stdout
                process.standardError = stdout
                do { try process.run() } catch { return continuation.resume(throwing: error) }
                stdin.fileHandleForWriting.write(Data(input.utf8))
                try? stdin.fileHandleForWriting.close()
                let text = String(decoding: stdout.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                process.waitUntilExit()
                continuation.resume(returning: text)
            }
        }
    }

    static func freePort() async throws -> Int {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup).bind(
            host: "127.0.0.1", port: 0
        ).get()
        let port = listener.localAddress?.port ?? 0
        try await listener.close()
        return port
    }
}
