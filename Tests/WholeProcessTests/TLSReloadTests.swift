import Foundation
import Testing

/// A node behind TLS, as a client sees it, through a change of its certificate.
@Suite("A node behind TLS")
struct TLSReloadTests {
    /// The certificates of one test, by the `openssl` program.
    private struct Certificates {
        let directory: URL

        init(_ directory: URL) throws {
            self.directory = directory
            try run([
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                "/CN=Test CA", "-keyout", path("ca.key"), "-out", path("ca.pem"),
            ])
        }

        func path(_ name: String) -> String { directory.appending(path: name).path }

        /// A certificate of that name from the CA, put where the node reads it.
        func install(_ name: String) throws {
            try run([
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-CA",
                path("ca.pem"), "-CAkey", path("ca.key"), "-subj", "/CN=\(name)", "-addext", "basicConstraints=CA:FALSE",
                "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path("key.pem"), "-out", path("cert.pem"),
            ])
        }

        private func run(_ arguments: [String]) throws {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/openssl")
            process.arguments = arguments
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0, "openssl \(arguments)")
        }
    }

    /// Runs a program to its end; what it printed on standard output.
    private func output(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/\(program)")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text
    }

    /// The name in the certificate that a new connection is shown.
    private func subject(_ node: NodeProcess, _ certificates: Certificates) throws -> String {
        let text = try output(
            "openssl",
            ["s_client", "-connect", node.url.replacing("https://", with: ""), "-CAfile", certificates.path("ca.pem")])
        #expect(text.contains("Verify return code: 0 (ok)"))
        let line = text.split(separator: "\n").first { $0.hasPrefix("subject=") }
        return line.map { String($0.drop { $0 != "=" }.dropFirst().replacing("CN = ", with: "")) } ?? ""
    }

    /// One connection by `openssl s_client`, which asks again and again.
    private final class Connection {
        private let process = Process()
        private let (input, output) = (Pipe(), Pipe())

        init(_ node: NodeProcess) throws {
            process.executableURL = URL(filePath: "/usr/bin/openssl")
            process.arguments = ["s_client", "-quiet", "-no_ign_eof", "-connect", node.url.replacing("https://", with: "")]
            process.standardInput = input
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
        }

        /// Asks for the node's health. Blocks; returns what came up to the end of the answer's body.
        func ask() throws -> String {
            try input.fileHandleForWriting.write(contentsOf: Data("GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
            var text = ""
            while !text.hasSuffix("}"), case let part = output.fileHandleForReading.availableData, !part.isEmpty {
                text += String(decoding: part, as: UTF8.self)
            }
            return text
        }

        func close() {
            try? input.fileHandleForWriting.close()
            process.waitUntilExit()
        }
    }

    @Test("Both protocols are served; SIGHUP brings a new certificate to new connections, a broken one changes nothing")
    func reload() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let certificates = try Certificates(scratch.url)
        try certificates.install("first")
        let data = scratch.url.appending(path: "data")
        let node = try await NodeProcess.serving(
            data, ["--tls-cert", certificates.path("cert.pem"), "--tls-key", certificates.path("key.pem")])
        #expect(node.url.hasPrefix("https://"))
        for (flag, version) in [("--http1.1", "1.1"), ("--http2", "2")] {
            let said = try output(
                "curl",
                [
                    "-sS", flag, "--cacert", certificates.path("ca.pem"), "-o", "/dev/null", "-w",
                    "%{http_version} %{http_code}",
                    node.url + "/health/live",
                ])
            #expect(said == "\(version) 200")
        }
        #expect(try subject(node, certificates) == "first")
        let early = try Connection(node)
        #expect(try early.ask().hasPrefix("HTTP/1.1 200 "))

        try certificates.install("second")
        #expect(try subject(node, certificates) == "first", "files alone change nothing")
        node.hangUp()
        #expect(await node.log.line(with: "TLS files read again") != nil)
        #expect(try subject(node, certificates) == "second")
        #expect(try early.ask().hasPrefix("HTTP/1.1 200 "), "a connection from before goes on")

        let good = try Data(contentsOf: URL(filePath: certificates.path("cert.pem")))
        try Data("no certificate\n".utf8).write(to: URL(filePath: certificates.path("cert.pem")))
        node.hangUp()
        let complaint = await node.log.line(with: "the old ones stay")
        #expect(complaint?.contains("cert.pem") == true, "\(complaint ?? "-")")
        #expect(try subject(node, certificates) == "second")
        #expect(try early.ask().hasPrefix("HTTP/1.1 200 "))

        // A certificate that does not belong to the key.
        try certificates.install("third")
        try good.write(to: URL(filePath: certificates.path("cert.pem")))
        node.hangUp()
        #expect(await node.log.line(with: "the old ones stay") != nil)
        #expect(try subject(node, certificates) == "second")

        early.close()
        #expect(node.terminate() == 0)
        await node.close()
    }
}
