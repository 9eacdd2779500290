import ArgumentParser
import Foundation

/// Measures one part of Millrace against what it could be at best, and fails when a figure is under what is wanted.
@main struct Bench: AsyncParsableCommand {
    enum Name: String, ExpressibleByArgument, CaseIterable {
        case jobs, cache, metrics, postgres, redis
    }

    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures a part of Millrace against its limit.",
        discussion: """
            Each figure is one line of JSON. `ratio` is ours to the limit, as a rate, so higher is better; `wanted` is \
            the least that is good enough. Both are measured in turn, in pairs: `value` and `limit` are medians, \
            `ratio` is the median of the pairs' ratios, which `runs` lists. `cache` also measures hit ratios, if it \
            finds the traces for them; `metrics`, `postgres` and `redis` start a server of their own.
            """)

    @Argument(help: "What to measure: \(Name.allCases.map(\.rawValue).joined(separator: ", ")).")
    var name: Name

    @Option(help: "Pairs of measurements for each figure.")
    var runs = 5

    @Option(help: "Only the figures whose name begins so.")
    var only = ""

    @Option(help: "Where stores are made, on the disk to be measured (default: the folder for temporary files).")
    var folder: String?

    @Option(help: "The folder with web12.trace.xz and orm-busy.trace.xz (default: MILLRACE_TRACES).")
    var traces: String?

    func validate() throws {
        guard runs > 0 else { throw ValidationError("--runs must be at least 1.") }
    }

    func run() async throws {
        let scratch = try Scratch(in: folder)
        defer { scratch.remove() }
        let server = name == .postgres || name == .redis ? try BenchServer(scratch) : nil
        var isGoodEnough = true
        for benchmark in try benchmarks(scratch, server) where benchmark.name.hasPrefix(only) {
            let figure = try await benchmark.measure(runs: runs)
            FileHandle.standardOutput.write(Data((figure.line + "\n").utf8))
            if !figure.isGoodEnough { isGoodEnough = false }
        }
        if !isGoodEnough { throw ExitCode.failure }
    }

    private func benchmarks(_ scratch: Scratch, _ server: BenchServer?) throws -> [any Benchmark] {
        switch name {
        case .jobs:
            return [1, 10, 100].map { ClaimAndSettle(scratch: scratch, batch: $0) } + [WholeRun(scratch: scratch)]
        case .cache:
            let lookups: [any Benchmark] = [.get, .hit].map { MemoryLookup(scratch: scratch, way: $0) }
            let invalidation = Invalidation(place: .file(scratch))
            return lookups + [invalidation] + (traceFolder().map(HitRatio.all) ?? [])
        case .metrics:
            return [
                EncodeAndCompress(), HeldCounter(), WriteThrough(server: try PrometheusBenchServer(), scratch: scratch),
                DurableEnqueue(scratch: scratch),
            ]
        case .postgres:
            return server.map { postgres(scratch, $0) } ?? []
        case .redis:
            let redis = try RedisBenchServer()
            let gets = [.many, .one].map { RedisGet(server: redis, load: $0) }
            return try gets + (server.map { try shared(scratch, redis, $0) + hints($0) } ?? [])
        }
    }

    private func postgres(_ scratch: Scratch, _ server: BenchServer) -> [any Benchmark] {
        [
            PostgresClaimAndSettle(server: server), EnqueueOne(server: server),
            EnqueueMany(server: server, scratch: scratch), OneRowQuery(server: server),
            ChunkFlush(server: server), WorkerLoop(server: server), HeldSnapshot(server: server, isHinted: false),
            Invalidation(place: .server(server)),
        ]
    }

    /// The cache with Redis as its second tier.
    private func shared(
        _ scratch: Scratch, _ redis: RedisBenchServer, _ server: BenchServer
    ) throws -> [any Benchmark] {
        let lookups = [1, 16].map { SharedLookup(server: redis, scratch: scratch, tasks: $0) }
        let puts = try [.file(scratch), .server(server)].map { try WholePut(server: redis, place: $0) }
        let seen = [50, 99].map { SeenElsewhere(redis: redis, server: server, percentile: $0) }
        let purge = SharedPurge(redis: redis, server: server)
        return lookups + puts + seen + [
            SharedInvalidation(purge: purge), PurgeSlowLog(purge: purge), PurgeBesideCounting(purge: purge),
        ]
    }

    /// Jobs in PostgreSQL with hints in Redis.
    private func hints(_ server: BenchServer) -> [any Benchmark] {
        [50, 99].map { Pickup(server: server, percentile: $0) } + [
            HeldSnapshot(server: server, isHinted: true), FlushedHints(server: server), HintMemory(server: server),
        ]
    }

    /// The folder of traces; `nil`, and one line that says so, when nobody named one.
    private func traceFolder() -> String? {
        if let traces { return traces }
        if let folder = ProcessInfo.processInfo.environment["MILLRACE_TRACES"], !folder.isEmpty { return folder }
        let note = "bench: no hit ratios: name the folder of the traces by --traces or MILLRACE_TRACES\n"
        FileHandle.standardError.write(Data(note.utf8))
        return nil
    }
}
