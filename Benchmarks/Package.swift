// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "millrace-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "millrace", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CBareLibPQ", path: "Limits/CBareLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CBareSnappy", path: "Limits/CBareSnappy", providers: [.apt(["libsnappy-dev"])]),
        // What the figures are measured against.
        .target(
            name: "Limits", dependencies: ["CBareLibPQ", "CBareSnappy", .product(name: "GRDB", package: "GRDB.swift")],
            path: "Limits",
            exclude: [
                "CBareLibPQ", "CBareSnappy", "Postgres/chunk-flush.sql", "Postgres/enqueue-one.sql",
                "Postgres/one-row-query.sql",
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "bench",
            dependencies: [
                "Limits",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Millrace", package: "millrace"),
                .product(name: "MillraceCaching", package: "millrace"),
                .product(name: "MillracePostgres", package: "millrace"),
                .product(name: "MillracePrometheus", package: "millrace"),
                .product(name: "MillraceSQLite", package: "millrace"),
                .product(name: "MillraceRedis", package: "millrace"),
                .product(name: "MillraceTesting", package: "millrace"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "Bench", swiftSettings: settings),
    ]
)
