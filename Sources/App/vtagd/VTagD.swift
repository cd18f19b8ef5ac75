import ArgumentParser
import Glibc

/// The node.
@main
struct VTagD: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vtagd",
        abstract: "One node of Virtual Tagger: a second layer of tags over cloud resources.",
        discussion: """
            Settings come from flags, then VTAG_* environment variables, then --config FILE (YAML), under the same names:
            --data-dir, VTAG_DATA_DIR, data_dir.

            It logs one line "ready" with its address once it serves; GET /health/ready answers 200 from then on.
            SIGTERM and SIGINT stop it in order, SIGHUP reads the TLS files again.

            Exit status: 0 after a clean stop, 64 bad usage or configuration, 69 address in use, 73 data directory in use or not
            writable, 74 damaged data, 77 port not permitted, 1 anything else.

            Alone:      vtagd --data-dir ./data --http 127.0.0.1:8080
            In a cluster of three, each with its own names and addresses:
                        vtagd --data-dir ./n1 --node-id n1 --http 127.0.0.1:8101 --peer 127.0.0.1:9101 \
                              --bootstrap-expect 3 --join 127.0.0.1:9101,127.0.0.1:9102,127.0.0.1:9103
            In a region that follows another one, beside a streaming replica of its PostgreSQL:
                        vtagd --data-dir ./e1 --region eu-west-1 --follow-postgres 'host=127.0.0.1 dbname=tags user=vtag' \
                              --primary-url https://tags.us-east-1.example.com --jwks keys.json
            """,
        version: Program.version)

    @OptionGroup var flags: Flags

    func run() async throws {
        do {
            let settings = try Settings(flags: flags, environment: Environment.current)
            try await Program(settings).run()
        } catch let error as SettingsError {
            Self.fail(64, error.message)
        } catch let error as ProgramError {
            Self.fail(error.status, error.message)
        }
    }

    private static func fail(_ status: Int32, _ message: String) -> Never {
        let text = Array("vtagd: \(message)\n".utf8)
        _ = write(STDERR_FILENO, text, text.count)
        Glibc.exit(status)
    }
}

/// Flags as they are typed; `Settings` puts the environment and the file behind them.
struct Flags: ParsableArguments {
    @Option(help: "YAML file with the same settings.") var config: String?
    @Option(help: "All durable state of this node; one process at a time holds it (./data).") var dataDir: String?
    @Option(help: "Public API: HTTP/1.1 and HTTP/2 (127.0.0.1:8080).") var http: String?
    @Option(help: "Stable name of this node; kept in the data directory after the first start.") var nodeID: String?
    @Option(help: "Region of this node (local).") var region: String?
    @Option(help: "Zone of this node (local).") var zone: String?
    @Option(help: "Node-to-node listener, HTTP/2 (127.0.0.1:7070 with --join or --bootstrap-expect, else none).")
    var peer: String?
    @Option(help: "Nodes that may be in the cluster already: HOST:PORT,…") var join: String?
    @Option(help: "Found a new cluster once so many nodes have met.") var bootstrapExpect: String?
    @Flag(help: "Hold no shard: serve and forward only.") var edge = false
    @Option(help: "Shards, at creation only (16).") var shards: String?
    @Option(help: "Copies of each shard, at creation only (3 in a cluster, 1 alone).") var replicationFactor: String?
    @Option(help: "PEM file with this node's certificate for other nodes (vtag cluster certs makes one).")
    var peerTLSCert: String?
    @Option(help: "PEM file with its private key.") var peerTLSKey: String?
    @Option(help: "PEM file of the CAs that sign nodes' certificates.") var peerTLSCa: String?
    @Option(help: "Replicate results to this PostgreSQL: a connection string of libpq (off).") var postgres: String?
    @Option(help: "Make a new cluster from what another one left in this PostgreSQL, in an empty data directory (off).")
    var restoreFromPostgres: String?
    @Option(help: "Follow the region whose results this PostgreSQL replica has: its connection string (off).")
    var followPostgres: String?
    @Option(help: "Where a node that follows sends writes: https://HOST[:PORT],… of the region that is followed.")
    var primaryURL: String?
    @Option(help: "PEM file of the CAs that the certificate of --primary-url may come from (the system's).")
    var primaryCa: String?
    @Option(help: "PEM file with the certificate of the public listener and its intermediates.") var tlsCert: String?
    @Option(help: "PEM file with its private key.") var tlsKey: String?
    @Option(help: "PEM file of CAs; clients must then show a certificate from one of them.") var tlsCa: String?
    @Option(help: "File or URL of the JWK set that signs tokens; without it the node makes its own key pair.")
    var jwks: String?
    @Option(help: "PEM file of the CAs that the certificate of --jwks https://… may come from (the system's).")
    var jwksCa: String?
    @Option(help: "What tokens must say in \"iss\" (not looked at).") var jwtIssuer: String?
    @Option(help: "What tokens must hold in \"aud\" (not looked at).") var jwtAudience: String?
    @Option(help: "How far the clocks of whoever signs tokens may be apart, in seconds, 0 to 600 (60).") var jwtLeeway:
        String?
    @Option(help: "Requests a second that each subject of tokens may send to this node; 0: no limit (0).")
    var rateLimit: String?
    @Option(help: "Requests that may come at once after a rest (as --rate-limit).") var rateBurst: String?
    @Option(help: "Event loops (number of cores).") var threads: String?
    @Option(help: "trace, debug, info, notice, warning, error or critical (info).") var logLevel: String?
    @Option(help: "text or json (text on a terminal, else json).") var logFormat: String?
    @Option(help: "Size of a log segment in bytes, 1 MiB to 1 GiB (67108864).") var logSegmentBytes: String?

    /// What was given, by the settings' names.
    var given: [String: String] {
        let all: [String: String?] = [
            "config": config, "data_dir": dataDir, "http": http, "node_id": nodeID, "region": region, "zone": zone,
            "peer": peer, "join": join, "bootstrap_expect": bootstrapExpect, "edge": edge ? "true" : nil,
            "replication_factor": replicationFactor, "peer_tls_cert": peerTLSCert, "peer_tls_key": peerTLSKey,
            "peer_tls_ca": peerTLSCa, "shards": shards, "tls_cert": tlsCert, "tls_key": tlsKey, "tls_ca": tlsCa,
            "jwks": jwks, "jwks_ca": jwksCa, "jwt_issuer": jwtIssuer, "jwt_audience": jwtAudience,
            "jwt_leeway": jwtLeeway, "rate_limit": rateLimit, "rate_burst": rateBurst, "threads": threads,
            "postgres": postgres, "restore_from_postgres": restoreFromPostgres, "follow_postgres": followPostgres,
            "primary_url": primaryURL, "primary_ca": primaryCa, "log_level": logLevel, "log_format": logFormat,
            "log_segment_bytes": logSegmentBytes,
        ]
        return all.compactMapValues(\.self)
    }
}
