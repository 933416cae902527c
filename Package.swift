// swift-tools-version: 6.1
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .unsafeFlags(["-warnings-as-errors"]),
]

/// Loops over pixels and checksums of bytes are two orders of magnitude slower without optimisation,
/// and the tests train real models and move large objects, so these are optimised in debug builds.
let optimizedSettings = settings + [.unsafeFlags(["-O"], .when(configuration: .debug))]
let optimizedTargets: Set<String> = ["Access", "Base", "Vision"]

/// Libraries that lie beside a program win. DT_RPATH, unlike DT_RUNPATH, also serves their own.
let besideIt: [LinkerSetting] = [
    .unsafeFlags(
        ["--disable-new-dtags", "-rpath", "$ORIGIN/../lib/spotter"].flatMap { ["-Xlinker", $0] })
]
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nio: [Target.Dependency] = [
    logging, .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
]
let lifecycle: [Target.Dependency] = [
    .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
    .product(name: "UnixSignals", package: "swift-service-lifecycle"),
]
let client = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let http1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let tls = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let http: [Target.Dependency] = [
    .product(name: "HTTPTypes", package: "swift-http-types"),
    .product(name: "Hummingbird", package: "hummingbird"),
    .product(name: "HummingbirdCore", package: "hummingbird"),
    .product(name: "HummingbirdHTTP2", package: "hummingbird"),
    .product(name: "NIOHTTP2", package: "swift-nio-http2"),
    .product(name: "NIOHTTPTypes", package: "swift-nio-extras"), tls,
]
let certificates: [Target.Dependency] = [
    .product(name: "SwiftASN1", package: "swift-asn1"),
    .product(name: "X509", package: "swift-certificates"),
]
let parser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")

/// What every module of the server builds on: all pure.
let core: [Target.Dependency] = ["Access", "Base", "Wire", "WireAWS", system]
/// The server without its HTTP.
let inner: [Target.Dependency] = core + ["Cloud", "Service", "Storage", "Vision"]
let tested: [Target.Dependency] = inner + nio + lifecycle + ["TestSupport"]

let package = Package(
    name: "spotter",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),  // small
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/CoreOffice/XMLCoder", from: "0.18.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // What both binaries need: files, checksums, names, log lines. No full Foundation.
        .target(name: "Base", dependencies: ["CMalloc", crypto, logging, system]),

        // The API as data: operations, shapes, constraints, errors. Pure.
        .target(name: "Wire", dependencies: ["Base"]),

        // The documents of S3, Greengrass and STS. Pure. XMLCoder ends here.
        .target(
            name: "WireAWS",
            dependencies: ["Base", "Wire", .product(name: "XMLCoder", package: "XMLCoder")]),

        // Signatures, checksums of payloads, policies, ARNs. Pure.
        .target(name: "Access", dependencies: ["Base", "Wire", crypto]),

        // Signed requests to other servers of AWS's protocols. AsyncHTTPClient ends here.
        .target(name: "Cloud", dependencies: core + nio + [tls, client, http1]),

        // Metadata in SQLite or PostgreSQL, objects in directories or S3. GRDB, libpq end here.
        .target(
            name: "Storage", dependencies: core + nio + ["CPostgreSQL", "Cloud", crypto, grdb]),

        // Images, manifests, training, ONNX, the runtime, the model package. No HTTP, no database.
        .target(
            name: "Vision",
            dependencies: [
                "Base", "COnnxRuntime", "CTurboJPEG", "CSpng", "CZip", crypto, protobuf,
            ],
            exclude: ["ONNX/onnx.proto"]),

        // What the operations and the jobs do. No HTTP.
        .target(
            name: "Service",
            dependencies: core + nio + lifecycle + [
                "Cloud", "Storage", "Vision", crypto, .product(name: "Yams", package: "Yams"),
            ]),

        // How an operator changes what is kept: stores, settings, doctor, backup, migration.
        .target(name: "Administration", dependencies: inner + nio + certificates + [crypto]),

        // Pages for people. No HTTP server.
        .target(name: "Console", dependencies: inner + nio + [crypto, mustache]),

        // How it is spoken over HTTP, and the composition root. Hummingbird ends here.
        .target(
            name: "Server",
            dependencies: inner + nio + lifecycle + http + ["Administration", "Console", crypto]),

        .executableTarget(
            name: "spotter",
            dependencies: inner + nio + lifecycle
                + ["Administration", "Console", "Server", parser, crypto],
            linkerSettings: besideIt),

        // Generated from the .proto files beside it, by 'make protobuf'.
        .target(
            name: "EdgeProtocol",
            dependencies: [
                protobuf,
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
            ],
            exclude: ["attachment.proto", "edge_agent.proto"]),

        // The agent on the device. Links Vision; never Storage, Service or Server.
        .target(
            name: "EdgeAgent",
            dependencies: nio + lifecycle + [
                "Base", "EdgeProtocol", "Vision", http1, protobuf, system,
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
            ]),

        .executableTarget(
            name: "spotter-edge",
            dependencies: lifecycle + ["Base", "EdgeAgent", "Vision", parser, logging],
            linkerSettings: besideIt),

        // Manual clock, seeded random, faulty stores, fixtures: for tests only.
        .target(name: "TestSupport", dependencies: core + nio + ["Service", "Storage", "Vision"]),

        // A cluster on a manual clock and stores that fail, from a seed: for tests only.
        .target(
            name: "Simulation",
            dependencies: core + nio + ["Service", "Storage", "TestSupport", "Vision"]),

        .testTarget(name: "WireTests", dependencies: ["TestSupport", "Wire", "WireAWS"]),
        .testTarget(
            name: "AccessTests", dependencies: ["Access", "Base", "TestSupport"],
            exclude: ["vectors.json"]),
        .testTarget(
            name: "StorageTests",
            dependencies: core + nio + ["Cloud", "Storage", "TestSupport", grdb],
            exclude: ["Golden"]),
        .testTarget(
            name: "VisionTests", dependencies: ["Base", "TestSupport", "Vision"],
            exclude: ["Golden"]),
        .testTarget(
            name: "EdgeAgentTests",
            dependencies: ["Base", "EdgeAgent", "TestSupport", "Vision", logging]),
        .testTarget(name: "ServiceTests", dependencies: tested, exclude: ["Golden"]),
        .testTarget(name: "AdministrationTests", dependencies: tested + ["Administration", grdb]),
        .testTarget(name: "SimulationTests", dependencies: tested + ["Simulation"]),
        .testTarget(
            name: "ServerTests",
            dependencies: tested + http + [
                "Administration", "Console", "Server", crypto,
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ]),
        .testTarget(name: "StyleTests", dependencies: ["TestSupport"]),

        .target(name: "COnnxRuntime", linkerSettings: [.linkedLibrary("dl")]),
        .systemLibrary(
            name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
        .systemLibrary(name: "CPostgreSQL", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CSpng", pkgConfig: "spng", providers: [.apt(["libspng-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets where ![.system, .plugin, .binary].contains(target.type) {
    target.swiftSettings = optimizedTargets.contains(target.name) ? optimizedSettings : settings
}
