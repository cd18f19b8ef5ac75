// swift-tools-version: 6.2
import PackageDescription

/// What every target of ours is compiled with. In CI warnings are errors.
let house: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ] + (Context.environment["CI"] == "true" ? [.treatAllWarnings(as: .error)] : [])

func library(
    _ name: String, in layer: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = []
) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(layer)/\(name)", swiftSettings: house + settings)
}

func program(_ name: String, _ dependencies: [Target.Dependency], linking libraries: [String] = []) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: "Sources/App/\(name)", swiftSettings: house,
        linkerSettings: libraries.map { .linkedLibrary($0) })
}

func tests(_ module: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .testTarget(
        name: "\(module)Tests", dependencies: [.byName(name: module)] + dependencies,
        path: "Tests/\(module)Tests", resources: resources, swiftSettings: house)
}

/// Mistakes that the simulator plants: in debug builds, and in release builds that ask for them. Never in what is shipped.
let plantedBugs: [SwiftSetting] =
    Context.environment["VTAG_PLANTED_BUGS"] == "1"
    ? [.define("VTAG_PLANTED_BUGS")] : [.define("VTAG_PLANTED_BUGS", .when(configuration: .debug))]

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
]
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let atomics = Target.Dependency.product(name: "Atomics", package: "swift-atomics")
let collections = Target.Dependency.product(name: "Collections", package: "swift-collections")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let jwt = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

let package = Package(
    name: "virtual-tagger",
    products: [
        .executable(name: "vtagd", targets: ["vtagd"]),
        .executable(name: "vtag", targets: ["vtag"]),
        .executable(name: "vtag-sim", targets: ["vtag-sim"]),
        .executable(name: "vtag-load", targets: ["vtag-load"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-atomics", from: "1.3.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        // MARK: System: C libraries, as module maps and the smallest possible shims
        .systemLibrary(name: "CNGHTTP2", path: "Sources/System/CNGHTTP2"),
        .systemLibrary(name: "COpenSSL", path: "Sources/System/COpenSSL"),
        .systemLibrary(name: "CSQLite", path: "Sources/System/CSQLite"),
        .systemLibrary(name: "CPostgreSQL", path: "Sources/System/CPostgreSQL"),
        .systemLibrary(name: "CPrefetch", path: "Sources/System/CPrefetch"),
        .systemLibrary(name: "CMath", path: "Sources/System/CMath"),
        .target(name: "CChecksum", path: "Sources/System/CChecksum"),
        .target(
            name: "CSimdJSON", path: "Sources/System/CSimdJSON",
            cxxSettings: [.unsafeFlags(["-O2"])], linkerSettings: [.linkedLibrary("simdjson")]),
        .target(name: "CRE2", path: "Sources/System/CRE2", linkerSettings: [.linkedLibrary("re2")]),

        // MARK: Model: values, no I/O
        library("JSON", in: "Model", ["CSimdJSON"]),
        library("Model", in: "Model", ["JSON", "COpenSSL", "CChecksum"]),

        // MARK: Engine: pure functions over the model
        library("Conditions", in: "Engine", ["Model", "JSON", "CRE2"]),
        library("TaggingRules", in: "Engine", ["Model", "JSON", "Conditions"]),
        library("Compliance", in: "Engine", ["Model", "JSON", "Conditions"]),
        library("Normalisation", in: "Engine", ["Model", "JSON"]),
        library(
            "Interchange", in: "Engine",
            ["Model", "JSON", "Conditions", "TaggingRules", "Compliance", "Normalisation"]),
        library("CypherSyntax", in: "Engine"),
        library("CypherValues", in: "Engine", ["JSON", "CypherSyntax", "Conditions", "CMath"]),
        library("PropertyGraph", in: "Engine", ["Model", "CypherSyntax", "CypherValues"]),
        library("Relations", in: "Engine", ["Model", "Conditions"]),
        library("InventoryGraph", in: "Engine", ["Model", "JSON", "CypherValues", "PropertyGraph"]),
        library("Cypher", in: "Engine", ["CypherSyntax", "CypherValues", "PropertyGraph"]),

        // MARK: Protocol: state machines without I/O
        library("WriteAheadLog", in: "Protocol", ["CChecksum"]),
        library("Membership", in: "Protocol"),
        library("Founding", in: "Protocol", ["Membership"]),
        library("Consensus", in: "Protocol", ["WriteAheadLog", "CChecksum"], settings: plantedBugs),
        library("Placement", in: "Protocol", ["Model"]),
        library("Sink", in: "Protocol", ["Model", collections], settings: plantedBugs),
        library(
            "Shard", in: "Protocol",
            [
                "CPrefetch", "Model", "JSON", "Conditions", "TaggingRules", "Compliance", "Normalisation", "Placement",
                "CypherValues", "PropertyGraph", collections,
            ]),

        // MARK: IO: sockets and files
        library("HTTPTransport", in: "IO", ["CNGHTTP2", "COpenSSL", nioHTTP1, logging, atomics, collections] + nio),
        library(
            "PeerTransport", in: "IO", ["HTTPTransport", "Membership", "COpenSSL", logging, collections] + nio),
        library("LogStorage", in: "IO", ["WriteAheadLog", logging, atomics] + nio),
        library("Checkpoint", in: "IO", ["Model", "JSON", "COpenSSL", "CChecksum", "CSQLite"]),
        library("PostgresClient", in: "IO", ["CPostgreSQL", "Model"]),
        library("PostgresSchema", in: "IO", ["PostgresClient", "Model"]),
        library("PostgresSink", in: "IO", ["PostgresClient", "PostgresSchema", "Model", "JSON", "Sink"]),
        library("PostgresSource", in: "IO", ["PostgresClient", "PostgresSchema", "Model", "Sink", "Placement"]),

        // MARK: Node: where cores meet sockets, disks and clocks
        library(
            "NodeRuntime", in: "Node",
            [
                "CChecksum", "COpenSSL", "Consensus", "Model", "JSON", "Placement", "Shard", "WriteAheadLog", "LogStorage",
                "Checkpoint", "TaggingRules", "Compliance", "Normalisation", "Conditions", "Membership", "Founding",
                "HTTPTransport", "PeerTransport", "PostgresClient", "PostgresSink", "PostgresSource", "Sink", "CypherSyntax",
                "CypherValues", "PropertyGraph", "Cypher", "InventoryGraph", "Relations", logging, atomics, collections,
            ] + nio),
        library(
            "API", in: "Node",
            [
                "Model", "JSON", "Shard", "NodeRuntime", "HTTPTransport", "Normalisation", "TaggingRules", "Compliance",
                "Conditions", "Checkpoint", "PostgresSink", "COpenSSL", "CypherSyntax", "CypherValues", "Cypher",
                "PropertyGraph", "InventoryGraph", jwt, logging,
                collections,
            ] + nio),

        // MARK: App
        library("Linearizability", in: "App"),
        library(
            "Simulation", in: "App",
            ["Linearizability", "CChecksum", "COpenSSL", "Consensus", "Model", "Shard", "Sink", "WriteAheadLog"]),
        program("vtag-sim", ["Simulation", "Consensus", "Membership", arguments]),
        program(
            "vtagd",
            [
                "API", "NodeRuntime", "HTTPTransport", "PeerTransport", "PostgresClient", "Membership", "JSON", "Model",
                arguments, yams, logging, lifecycle, .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ] + nio,
            // In the place of libc's allocator: a tenth less time of the processor for a write.
            linking: ["jemalloc"]),
        program(
            "vtag",
            [
                "API", "HTTPTransport", "PeerTransport", "PostgresClient", "PostgresSchema", "PostgresSink", "Sink",
                "Interchange", "JSON", "Model", arguments, yams, logging,
            ] + nio),
        library(
            "LoadTesting", in: "App",
            ["Linearizability", "HTTPTransport", "JSON", "Model", yams, histogram, logging] + nio),
        program("vtag-load", ["LoadTesting", "JSON", arguments]),
        program(
            "vtag-bench",
            [
                "NodeRuntime", "Model", "JSON", "Shard", "Normalisation", "LogStorage", "Checkpoint", "TaggingRules",
                "Compliance", "HTTPTransport", "Conditions", "PostgresClient", "PostgresSink", "Sink", "CypherValues",
                "PropertyGraph", arguments, logging, yams,
            ] + nio),

        // MARK: Tests
        .testTarget(name: "HouseTests", path: "Tests/HouseTests", swiftSettings: house),
        tests("JSON"),
        tests("Model", ["JSON"]),
        tests("Conditions", ["Model", "JSON"]),
        tests("TaggingRules", ["Model", "JSON", "Conditions"]),
        tests("Compliance", ["Model", "JSON", "Conditions"]),
        tests("Normalisation", ["Model", "JSON"], resources: [.copy("Fixtures")]),
        tests("Interchange", ["Model", "JSON", "Conditions", "TaggingRules", "Compliance", "Normalisation"]),
        tests("CypherSyntax"),
        tests("CypherValues", ["CypherSyntax"]),
        tests("PropertyGraph", ["Model", "CypherSyntax", "CypherValues"]),
        tests("Relations", ["Model", "Conditions"]),
        tests("InventoryGraph", ["Model", "CypherValues", "PropertyGraph"]),
        // openCypher's compatibility kit, run through any door: nothing of the product.
        .target(
            name: "CypherKit", dependencies: ["CypherSyntax", "CypherValues", "PropertyGraph", "Cypher"],
            path: "Tests/CypherKit", resources: [.copy("Fixtures")], swiftSettings: house),
        tests("Cypher", ["CypherSyntax", "CypherValues", "PropertyGraph", "CypherKit"]),
        tests("WriteAheadLog"),
        tests("Membership"),
        tests("Founding", ["Membership"]),
        tests("Consensus", ["WriteAheadLog"]),
        tests("Placement", ["Model"]),
        tests("Sink", ["Model"]),
        tests("Shard", ["Model", "JSON", "Conditions", "TaggingRules", "Compliance", "Normalisation", "Placement"]),
        tests("HTTPTransport", ["COpenSSL", "CNGHTTP2", nioHTTP1, nioEmbedded, logging] + nio),
        tests("PeerTransport", ["HTTPTransport", "Membership", "COpenSSL", logging] + nio),
        tests("LogStorage", ["WriteAheadLog"] + nio),
        tests("Checkpoint", ["Model", "JSON", "CSQLite"]),
        // A server that tests start: nothing of the product.
        .target(name: "PostgresTesting", path: "Tests/PostgresTesting", swiftSettings: house),
        tests("PostgresClient", ["Model", "PostgresTesting"]),
        tests("PostgresSchema", ["PostgresClient", "PostgresTesting"]),
        tests("PostgresSink", ["PostgresClient", "PostgresSource", "Sink", "Model", "PostgresTesting"]),
        tests(
            "NodeRuntime",
            [
                "Model", "JSON", "Placement", "Shard", "TaggingRules", "Compliance", "Checkpoint", "Membership", "Founding",
                "HTTPTransport", "CypherSyntax", "CypherValues", "PropertyGraph", "Cypher", logging, nioEmbedded,
            ] + nio),
        tests("Linearizability", ["Simulation"]),
        tests("Simulation", ["Consensus", "Linearizability", "Model", "Shard"]),
        tests("LoadTesting", ["Linearizability", "HTTPTransport", "JSON", "Model"]),
        tests(
            "API",
            [
                "Conditions", "Model", "JSON", "Checkpoint", "NodeRuntime", "HTTPTransport", "Membership", "COpenSSL",
                "CypherKit", jwt, logging,
            ] + nio),
        .testTarget(
            name: "WholeProcessTests",
            dependencies: [
                "HTTPTransport", "JSON", "Model", "PeerTransport", "Founding", "Consensus", "Membership", "WriteAheadLog",
                "PostgresTesting", logging,
                .target(name: "vtagd"), .target(name: "vtag"),
            ] + nio,
            path: "Tests/WholeProcessTests", swiftSettings: house),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
