internal import Foundation
internal import MillraceCore
internal import MillracePostgres
internal import MillraceTesting
internal import MillraceWorkers
internal import Subprocess
internal import SystemPackage
internal import TestServers

/// Measures how long jobs wait for a worker that has half of its places free, and what an idle worker asks of the server.
struct Pickup: Sendable {
    let duration: Duration
    /// Whether figures are printed and not judged.
    let isLenient: Bool

    /// Of 100 jobs 99 are taken within these times.
    private static let wanted = (notified: Duration.milliseconds(50), polling: Duration.milliseconds(1_200))
    private static let wantedStatements = 6.0
    private static let places = 32
    /// How long a job takes.
    private static let length = Duration.milliseconds(200)

    func run() async throws -> PartReport {
        try await PostgresServer.with(bouncer: true) { server in
            guard let bouncer = server.bouncer else { return PartReport(text: "there is no PgBouncer", isRight: false) }
            let direct = server.freshSchema()
            let notified = try await waits(direct, through: direct.url)
            let pooled = server.freshSchema()
            let polling = try await waits(pooled, through: pooled.url(by: bouncer))
            let statements = try await idleStatements(of: direct)
            let isRight =
                notified[1] <= Self.wanted.notified && polling[1] <= Self.wanted.polling
                && statements <= Self.wantedStatements
            return PartReport(
                text: """
                    notified p50=\(text(notified[0])) p99=\(text(notified[1])) max=\(text(notified[2])) \
                    polling p50=\(text(polling[0])) p99=\(text(polling[1])) max=\(text(polling[2])) \
                    idle-statements=\((statements * 100).rounded() / 100)/s
                    """, isRight: isRight || isLenient)
        }
    }

    private func text(_ duration: Duration) -> String { "\((duration.inSeconds * 10_000).rounded() / 10)ms" }

    /// Enqueues jobs one by one, at random times, so that they take half of the places on average.
    private func waits(_ schema: TestSchema, through url: String) async throws -> [Duration] {
        let store = PostgresEffectStore(try await PostgresStore(PostgresConfiguration(schema.url)))
        try await store.prepare()
        let handler = EffectHandler(store: store)
        let request = try handler.request(.init(milliseconds: Int(Self.length.inSeconds * 1_000)))
        try await withWorker(url) {
            // The worker is up when it has done a job; what comes before that is not counted.
            let first = try await store.jobs.enqueue(request)
            while try await store.jobs.job(first)?.status != .completed { try await Task.sleep(for: .milliseconds(20)) }
            _ = try await store.store.transaction { connection in
                try await connection.execute("DELETE FROM \"\(schema.name)\".processing_jobs")
            }
            try await bring(request, to: store)
        }
        let waits = try await store.waits()
        await store.close()
        return waits
    }

    private func bring(_ request: JobRequest, to store: PostgresEffectStore) async throws {
        var generator = TestSeed.generator()
        let meanPause = Self.length.inSeconds / (0.5 * Double(Self.places))
        let start = ContinuousClock.now
        var next = start
        try await withThrowingTaskGroup(of: Void.self) { group in
            while next < start + duration {
                next += .microseconds(Int(-log(Double.random(in: 0.000_001...1, using: &generator)) * meanPause * 1e6))
                try await ContinuousClock().sleep(until: next)
                group.addTask { _ = try await store.jobs.enqueue(request) }
            }
            try await group.waitForAll()
        }
        while true {
            let stats = try await store.jobs.jobStats(queueName: .default)
            if JobStatus.allCases.filter(\.isOpen).allSatisfy({ stats[$0] == 0 }) { return }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// The statements a second of a worker that has nothing to do, as the server's log counts them.
    private func idleStatements(of schema: TestSchema) async throws -> Double {
        let server = schema.server
        return try await withWorker(schema.url) {
            let store = PostgresEffectStore(try await PostgresStore(PostgresConfiguration(schema.url)))
            while try await store.jobs.workers().isEmpty { try await Task.sleep(for: .milliseconds(20)) }
            await store.close()
            try await Task.sleep(for: .seconds(3))
            try await server.psql("ALTER SYSTEM SET log_statement = 'all'", user: "postgres")
            try await server.psql("SELECT pg_reload_conf()", user: "postgres")
            try await Task.sleep(for: .seconds(1))
            var least = Double.infinity
            // On a busy machine a worker is not idle so soon after its start.
            for _ in 0..<(isLenient ? 6 : 1) where least > Self.wantedStatements {
                let (start, before) = (ContinuousClock.now, try loggedStatements(of: server))
                try await Task.sleep(for: .seconds(10))
                let count = try loggedStatements(of: server) - before
                least = min(least, Double(count) / start.duration(to: .now).inSeconds)
            }
            return least
        }
    }

    private func loggedStatements(of server: PostgresServer) throws -> Int {
        let log = try String(contentsOfFile: "\(server.folder)/postgres.log", encoding: .utf8)
        return log.matches(of: /LOG:  (?:statement|execute )/).count
    }

    /// Runs a worker with the poll interval of `millrace worker`.
    private func withWorker<Value: Sendable>(
        _ url: String, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await Subprocess.run(
            .path(FilePath(CommandLine.arguments[0])),
            arguments: [
                "effect-worker", "--store", url, "--concurrency", "\(Self.places)", "--poll-milliseconds", "200",
            ], input: .none, output: .discarded,
            error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false)
        ) { execution in
            let value = try await body()
            try execution.send(signal: .terminate)
            return value
        }.closureResult
    }
}
