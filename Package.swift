// swift-tools-version: 6.1
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .unsafeFlags(["-warnings-as-errors"]),
]

/// Pixel loops are two orders of magnitude slower without optimisation, and the tests train real
/// models, so Vision is optimised in debug builds too.
let visionSettings = settings + [.unsafeFlags(["-O"], .when(configuration: .debug))]

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
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // The API as data: operations, shapes, constraints, errors. Pure.
        .target(name: "Wire", swiftSettings: settings),

        // Signature Version 4, policies, ARNs. Pure.
        .target(
            name: "Access",
            dependencies: ["Wire", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: settings),

        // Metadata in SQLite, objects in directories. GRDB ends here.
        .target(
            name: "Storage",
            dependencies: [
                "Wire",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: settings),

        // Images, manifests, training, ONNX, the runtime, the model package. No HTTP, no database.
        .target(
            name: "Vision",
            dependencies: [
                "COnnxRuntime", "CTurboJPEG", "CSpng", "CZip",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            exclude: ["ONNX/onnx.proto"],
            swiftSettings: visionSettings),

        // What the operations and the jobs do. No HTTP.
        .target(
            name: "Service",
            dependencies: [
                "Access", "Storage", "Vision", "Wire",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),

        // The composition root and everything that knows HTTP.
        .target(
            name: "Server",
            dependencies: [
                "Access", "Service", "Storage", "Vision", "Wire",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),

        .executableTarget(
            name: "spotter",
            dependencies: [
                "Access", "Server", "Service", "Storage", "Vision", "Wire",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),

        // Generated from the .proto files beside it, by 'make protobuf'.
        .target(
            name: "EdgeProtocol",
            dependencies: [
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            exclude: ["attachment.proto", "edge_agent.proto"], swiftSettings: settings),

        // The agent on the device. Links Vision; never Storage, Service or Server.
        .target(
            name: "EdgeAgent",
            dependencies: [
                "EdgeProtocol", "Vision",
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),

        .executableTarget(
            name: "spotter-edge",
            dependencies: [
                "EdgeAgent", "Vision",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
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
                "Access", "Service", "Storage", "Vision",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOPosix", package: "swift-nio"),
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
                "Storage", "TestSupport", "Wire", .product(name: "NIOPosix", package: "swift-nio"),
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
                "Access", "Service", "Storage", "TestSupport", "Vision", "Wire",
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        .testTarget(name: "StyleTests", dependencies: ["TestSupport"], swiftSettings: settings),

        .target(
            name: "COnnxRuntime", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]
        ),
        .systemLibrary(
            name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
        .systemLibrary(name: "CSpng", pkgConfig: "spng", providers: [.apt(["libspng-dev"])]),
        .systemLibrary(name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
    ],
    swiftLanguageModes: [.v6]
)
