import ArgumentParser
import Foundation
import PeerTransport

struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster", abstract: "Run a cluster of several nodes.",
        subcommands: [Show.self, Drain.self, Activate.self, Certificates.self], defaultSubcommand: Show.self)

    struct Certificates: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "certs",
            abstract: "Make a certificate authority and certificates for nodes.",
            discussion: """
                Nodes know each other by certificates of one authority; each certificate holds its node's name. The authority in \
                the directory is kept if there is one. A node that is named again gets a new key and certificate, which running \
                nodes take up without a restart.

                ca.key signs: keep it off the nodes. A node needs ca.pem, NODE.pem and NODE.key.

                EXAMPLES
                  vtag cluster certs --out certs --node node-1 --node node-2 --node node-3
                  vtag cluster certs --out certs --node node-1=10.0.0.5,node-1.example --days 90
                """)

        @Option(help: "The directory for the files; made if it is missing.", completion: .directory) var out: String
        @Option(
            help: ArgumentHelp(
                "A node, with the names and addresses that its certificate holds for besides; may be repeated.",
                valueName: "name[=host,…]"))
        var node: [String] = []
        @Option(help: "How many days the nodes' certificates are valid, 1 to 3650.") var days = 365

        func validate() throws {
            guard !out.isEmpty else { throw ValidationError("--out names no directory") }
            guard (1...CertificateDirectory.authorityDays).contains(days) else {
                throw ValidationError("--days is not within 1 and \(CertificateDirectory.authorityDays)")
            }
            let names = try node.map { try Self.parse($0).name }
            if let twice = names.first(where: { name in names.count(where: { $0 == name }) > 1 }) {
                throw ValidationError("--node \(twice) is given twice")
            }
        }

        func run() throws {
            let directory = CertificateDirectory(path: out)
            let now = Int64(Date().timeIntervalSince1970)
            do {
                let (authority, isNew) = try directory.authority(nowSeconds: now)
                var table = Table([.init(""), .init("CERTIFICATE"), .init("KEY"), .init("VALID UNTIL")])
                var rows = [
                    [
                        isNew ? "new CA" : "CA, kept", directory.authorityCertificate, directory.authorityKey,
                        Self.day(authority.notAfter),
                    ]
                ]
                for node in try node.map(Self.parse) {
                    let made = try directory.issue(for: node, by: authority, days: days, nowSeconds: now)
                    rows.append([made.name.text, made.certificate, made.privateKey, Self.day(made.notAfter)])
                }
                Terminal.standardOutput.write(table.render(rows))
            } catch {
                throw Failure.usage("\(error)")
            }
        }

        private static func parse(_ text: String) throws -> CertificateDirectory.Node {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PeerName(String(parts[0])), name.text != "ca" else {
                throw ValidationError(
                    "--node \(Terminal.clean(text)): a node's name is 1 to \(PeerName.bytesMax) of A-Z a-z 0-9 . _ -, and not \"ca\""
                )
            }
            let hosts = parts.count > 1 ? parts[1].split(separator: ",", omittingEmptySubsequences: false) : []
            return CertificateDirectory.Node(
                name: name,
                hosts: try hosts.map { host in
                    guard let host = CertificateHost(String(host)) else {
                        throw ValidationError(
                            "--node \(Terminal.clean(text)): \"\(Terminal.clean(String(host)))\" is no host name and no address"
                        )
                    }
                    return host
                })
        }

        private static func day(_ seconds: Int64) -> String {
            Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601.year().month().day())
        }
    }
}
