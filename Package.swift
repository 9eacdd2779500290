// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let inMemoryTracing = Target.Dependency.product(name: "InMemoryTracing", package: "swift-distributed-tracing")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let metricsTestKit = Target.Dependency.product(name: "MetricsTestKit", package: "swift-metrics")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")

let package = Package(
    name: "millrace",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "millrace", targets: ["MillraceCommand"]),
        .library(name: "Millrace", targets: ["Millrace"]),
        .library(name: "MillraceCaching", targets: ["MillraceCaching"]),
        .library(name: "MillracePostgres", targets: ["MillracePostgres"]),
        .library(name: "MillracePrometheus", targets: ["MillracePrometheus"]),
        .library(name: "MillraceRedis", targets: ["MillraceRedis"]),
        .library(name: "MillraceSQLite", targets: ["MillraceSQLite"]),
        .library(name: "MillraceTesting", targets: ["MillraceTesting"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CSampleRate", pkgConfig: "samplerate", providers: [.apt(["libsamplerate0-dev"])]),
        .systemLibrary(name: "CSndFile", pkgConfig: "sndfile", providers: [.apt(["libsndfile1-dev"])]),
        .systemLibrary(name: "CSnappy", providers: [.apt(["libsnappy-dev"])]),
        .target(name: "MillraceCore", dependencies: [crypto], swiftSettings: settings),
        .target(
            name: "MillraceCaching", dependencies: ["MillraceCore", coreMetrics, deque, tracing],
            swiftSettings: settings),
        .target(
            name: "MillracePostgres", dependencies: ["CLibPQ", "MillraceCore", coreMetrics, deque, logging],
            swiftSettings: settings),
        // What those who talk HTTP have in common.
        .target(
            name: "MillraceHTTP", dependencies: [asyncHTTPClient, nioCore, nioHTTP1, nioPosix],
            swiftSettings: settings),
        .target(
            name: "MillracePrometheus",
            dependencies: [
                "CSnappy", "MillraceCore", "MillraceHTTP", asyncHTTPClient, coreMetrics, deque, logging, metrics,
                nioCore, nioHTTP1, nioPosix, nioSSL,
            ],
            swiftSettings: settings),
        .target(
            name: "MillraceRedis",
            dependencies: [
                "MillraceCaching", "MillraceCore", coreMetrics, crypto, deque, logging, nioCore, nioPosix, nioSSL,
            ],
            swiftSettings: settings),
        .target(name: "MillraceSQLite", dependencies: ["MillraceCore", grdb], swiftSettings: settings),
        .target(
            name: "MillraceSpeech",
            dependencies: [
                "CSampleRate", "CSndFile", "MillraceCore", "MillraceHTTP", asyncHTTPClient, coreMetrics, logging,
                nioCore,
                nioHTTP1, nioPosix, subprocess,
            ],
            swiftSettings: settings),
        .target(
            name: "MillraceWorkers", dependencies: ["MillraceCore", coreMetrics, lifecycle, logging, tracing],
            swiftSettings: settings),
        .target(
            name: "Millrace",
            dependencies: [
                "MillraceCaching", "MillraceCore", "MillracePostgres", "MillracePrometheus", "MillraceRedis",
                "MillraceSpeech", "MillraceSQLite", "MillraceWorkers", asyncHTTPClient, lifecycle, logging, tracing,
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "MillraceCommand",
            dependencies: ["Millrace", argumentParser, coreMetrics, logging, signals],
            swiftSettings: settings),
        .target(
            name: "MillraceTesting", dependencies: ["MillraceCaching", "MillraceCore"], swiftSettings: settings),
        // A process for tests to kill: runs a command on a second of silence.
        .executableTarget(
            name: "EngineOwner", dependencies: ["MillraceCore", "MillraceSpeech"], path: "Tests/EngineOwner",
            swiftSettings: settings),
        // What script/fuzz runs.
        .executableTarget(
            name: "Fuzz",
            dependencies: [
                "CSndFile", "MillraceCaching", "MillraceCore", "MillraceRedis", "MillraceSQLite", "MillraceSpeech",
                "MillraceTesting", argumentParser, nioCore,
            ],
            path: "Tests/Fuzz", swiftSettings: settings),
        // Servers that tests start on loopback.
        .target(
            name: "TestServers",
            dependencies: [
                nioCore, nioHTTP1, nioPosix, nioSSL, subprocess, .product(name: "NIOHTTP2", package: "swift-nio-http2"),
            ],
            path: "Tests/TestServers", swiftSettings: settings),
        // Long runs in which things go wrong on purpose (script/soak), and workers for tests to kill and to freeze.
        .executableTarget(
            name: "MillraceSoak",
            dependencies: [
                "MillraceCaching", "MillraceCore", "MillracePostgres", "MillracePrometheus", "MillraceRedis",
                "MillraceSQLite", "MillraceTesting", "MillraceWorkers", "TestServers",
                argumentParser, grdb, lifecycle, logging, signals, subprocess,
            ],
            path: "Tests/Soak", swiftSettings: settings),
        // Visits millions of states, so it is optimised in debug builds too; as a whole, or what is generic would not be,
        // and by threads, because the index wants an output for each file.
        .testTarget(
            name: "CacheProtocolTests",
            dependencies: [
                "MillraceCaching", "MillraceCore", "MillracePostgres", "MillraceRedis", "MillraceSQLite",
                "MillraceTesting", "TestServers",
            ],
            swiftSettings: settings + [.unsafeFlags(["-O", "-wmo", "-num-threads", "2"])]),
        .testTarget(
            name: "MillraceSpeechTests",
            dependencies: [
                "CSndFile", "EngineOwner", "MillraceCore", "MillraceSpeech", "MillraceTesting", "TestServers",
                asyncHTTPClient, coreMetrics, inMemoryTracing, logging, metricsTestKit, nioCore, nioSSL, tracing,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "MillraceTests",
            dependencies: [
                "CSndFile", "Millrace", "MillraceCaching", "MillraceCore", "MillracePostgres", "MillracePrometheus",
                "MillraceRedis", "MillraceSpeech", "MillraceSQLite", "MillraceTesting", "MillraceWorkers",
                "TestServers", coreMetrics, inMemoryTracing, lifecycle, logging, metricsTestKit, tracing,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "MillraceCoreTests", dependencies: ["MillraceCore", "MillraceTesting"], swiftSettings: settings),
        .testTarget(
            name: "MillraceCachingTests",
            dependencies: [
                "MillraceCaching", "MillraceCore", "MillraceTesting", coreMetrics, inMemoryTracing, metricsTestKit,
                tracing,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "MillraceWorkersTests",
            dependencies: [
                "MillraceCaching", "MillraceCore", "MillraceTesting", "MillraceWorkers", coreMetrics, inMemoryTracing,
                lifecycle, logging, metricsTestKit, tracing,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "MillracePostgresTests",
            dependencies: [
                "CLibPQ", "MillraceCaching", "MillraceCore", "MillracePostgres", "MillraceRedis", "MillraceTesting",
                "MillraceWorkers", "TestServers", coreMetrics, logging, metricsTestKit, nioCore, nioPosix,
            ],
            swiftSettings: settings),
        // What the parser of RESP is compared with.
        .systemLibrary(
            name: "CHiredis", path: "Tests/CHiredis", pkgConfig: "hiredis", providers: [.apt(["libhiredis-dev"])]),
        .testTarget(
            name: "MillraceRedisTests",
            dependencies: [
                "CHiredis", "MillraceCaching", "MillraceCore", "MillraceRedis", "MillraceTesting", "TestServers",
                coreMetrics, metricsTestKit, nioCore, nioPosix,
            ],
            swiftSettings: settings),
        // The types of remote write, as swift-protobuf makes them, are what our encoder is compared with.
        .testTarget(
            name: "MillracePrometheusTests",
            dependencies: [
                "CSnappy", "MillraceCore", "MillracePrometheus", "MillraceTesting", "TestServers", asyncHTTPClient,
                coreMetrics, logging, metrics, nioCore, nioHTTP1, protobuf,
            ],
            exclude: ["RemoteWrite/Oracle/remote_write.proto"], swiftSettings: settings),
        .testTarget(
            name: "MillraceSQLiteTests",
            dependencies: [
                "MillraceCaching", "MillraceCore", "MillraceRedis", "MillraceSQLite", "MillraceTesting",
                "MillraceWorkers", "TestServers", grdb, logging,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "MillraceCommand", "MillraceCore", "MillracePostgres", "MillracePrometheus", "MillraceSQLite",
                "MillraceSoak", "MillraceSpeech", "MillraceTesting", "TestServers", grdb, logging, subprocess,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "MillraceTestingTests", dependencies: ["MillraceCaching", "MillraceCore", "MillraceTesting"],
            swiftSettings: settings),
    ]
)
