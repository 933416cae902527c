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

// Products that several targets use.
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let lifecycle = Target.Dependency.product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")

let package = Package(
    name: "spotter",
    products: [
        .executable(name: "spotter", targets: ["spotter"]),
        .executable(name: "spotter-edge", targets: ["spotter-edge"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        // Without its traits it needs no full Foundation.
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
        .package(url: "https://github.com/CoreOffice/XMLCoder", from: "0.18.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // The APIs as data: operations, shapes, constraints, errors. Pure. XMLCoder ends here.
        .target(
            name: "Wire", dependencies: [.product(name: "XMLCoder", package: "XMLCoder")],
            swiftSettings: settings),

        // Signatures, checksums of payloads, policies, ARNs. Pure.
        .target(
            name: "Access", dependencies: ["Wire", crypto], swiftSettings: optimizedSettings),

        // Signed requests to other servers of AWS's protocols. AsyncHTTPClient ends here.
        .target(
            name: "CloudClient",
            dependencies: [
                "Access", "Wire", logging, nioCore,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: settings),

        // Metadata in SQLite or PostgreSQL, objects in directories or S3. GRDB, libpq end here.
        .target(
            name: "Storage",
            dependencies: [
                "Access", "CPostgreSQL", "CloudClient", "Wire", crypto, logging, nioCore, nioPosix,
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: settings),

        // Images, manifests, training, ONNX, the runtime, the model package. No HTTP, no database.
        .target(
            name: "Vision",
            dependencies: ["COnnxRuntime", "CTurboJPEG", "CSpng", "CZip", crypto, protobuf],
            exclude: ["ONNX/onnx.proto"],
            swiftSettings: optimizedSettings),

        // What the operations and the jobs do. No HTTP.
        .target(
            name: "Service",
            dependencies: [
                "Access", "CloudClient", "Storage", "Vision", "Wire", crypto, logging, nioPosix,
                lifecycle,
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: settings),

        // The composition root and everything that knows HTTP.
        .target(
            name: "Server",
            dependencies: [
                "Access", "CloudClient", "Service", "Storage", "Vision", "Wire", crypto, logging,
                nioCore, nioPosix, lifecycle, unixSignals,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
            ],
            swiftSettings: settings),

        .executableTarget(
            name: "spotter",
            dependencies: [
                "Access", "CloudClient", "Server", "Service", "Storage", "Vision", "Wire",
                argumentParser,
                crypto, logging, nioPosix, lifecycle, unixSignals,
            ],
            swiftSettings: settings),

        // Generated from the .proto files beside it, by 'make protobuf'.
        .target(
            name: "EdgeProtocol",
            dependencies: [
                protobuf,
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
            ],
            exclude: ["attachment.proto", "edge_agent.proto"], swiftSettings: settings),

        // The agent on the device. Links Vision; never Storage, Service or Server.
        .target(
            name: "EdgeAgent",
            dependencies: [
                "EdgeProtocol", "Vision", logging, nioCore, nioPosix, lifecycle, protobuf,
                unixSignals,
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: settings),

        .executableTarget(
            name: "spotter-edge",
            dependencies: [
                "EdgeAgent", "Vision", argumentParser, logging, lifecycle, unixSignals,
            ],
            swiftSettings: settings,
            // DT_RPATH, unlike DT_RUNPATH, also serves the libraries of the libraries.
            linkerSettings: [
                .unsafeFlags([
                    "-Xlinker", "--disable-new-dtags", "-Xlinker", "-rpath", "-Xlinker",
                    "$ORIGIN/../lib/spotter",
                ])
            ]),

        // Manual clock, seeded random, faulty stores, fixtures: for tests only.
        .target(
            name: "TestSupport",
            dependencies: [
                "Access", "Service", "Storage", "Vision", "Wire", logging, nioPosix,
            ],
            swiftSettings: settings),

        .testTarget(
            name: "WireTests", dependencies: ["TestSupport", "Wire"], swiftSettings: settings),
        .testTarget(
            name: "AccessTests", dependencies: ["Access", "TestSupport"],
            exclude: ["vectors.json"], swiftSettings: settings),
        .testTarget(
            name: "StorageTests",
            dependencies: [
                "Access", "CloudClient", "Storage", "TestSupport", "Wire", logging, nioCore,
                nioPosix, .product(name: "GRDB", package: "GRDB.swift"),
            ], exclude: ["Golden"], swiftSettings: settings),
        .testTarget(
            name: "VisionTests", dependencies: ["TestSupport", "Vision"], exclude: ["Golden"],
            swiftSettings: settings),
        .testTarget(
            name: "EdgeAgentTests", dependencies: ["EdgeAgent", "TestSupport", "Vision"],
            swiftSettings: settings),
        .testTarget(
            name: "ServiceTests",
            dependencies: [
                "Access", "CloudClient", "Service", "Storage", "TestSupport", "Vision", "Wire",
                lifecycle, logging, nioCore, nioPosix,
            ],
            swiftSettings: settings),
        .testTarget(name: "StyleTests", dependencies: ["TestSupport"], swiftSettings: settings),

        .target(
            name: "COnnxRuntime", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]
        ),
        .systemLibrary(
            name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
        .systemLibrary(name: "CPostgreSQL", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CSpng", pkgConfig: "spng", providers: [.apt(["libspng-dev"])]),
        .systemLibrary(name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
    ],
    swiftLanguageModes: [.v6]
)
