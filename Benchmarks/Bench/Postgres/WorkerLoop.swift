import Limits
import Logging
import Millrace
import MillraceCaching
import MillracePostgres

/// Runs jobs whose handler does nothing by a worker as it is, from the first claim to the end of its lease, beside the
/// plain loop that claims and settles as many.
struct WorkerLoop: Benchmark {
    let server: BenchServer

    let name = "worker-loop"

    private static let schema = "worker_loop"
    private static let count = 40_000
    private static let concurrency = 2_000

    func measure(runs: Int) async throws -> Figure {
        let queue = try await BenchQueue(server, schema: Self.schema)
        let limit = try queue.limit(server, schema: Self.schema)
        let pairs = try await pairs(
            runs, ours: { try await work(queue) },
            limit: {
                try await fill(queue)
                let batch = PostgresClaimAndSettle.batch
                return try await rate(of: Self.count) { try await limit.run(batches: Self.count / batch, of: batch) }
            })
        await queue.store.close()
        return Figure(name: name, unit: "jobs/s", wanted: 0.5, pairs: pairs)
    }

    private func fill(_ queue: BenchQueue) async throws {
        try await queue.fill(to: Self.count + BenchServer.connections * PostgresClaimAndSettle.batch)
    }

    /// Jobs completed in a second; those that are running when enough have run count as well.
    private func work(_ queue: BenchQueue) async throws -> Double {
        try await fill(queue)
        let before = try await queue.completed()
        let stop = StopSignal()
        let handler = Handler(left: Countdown(Self.count), stop: stop)
        let worker = WorkerService(
            WorkerService.Dependencies(
                jobs: queue.jobs, processings: PostgresProcessingRepository(queue.store),
                transcripts: PostgresTranscriptRepository(queue.store),
                cache: TieredCache(store: PostgresCacheStore(queue.store), options: TieredCache.Options())),
            configuration: WorkerConfiguration(concurrency: Self.concurrency), handlers: [handler], stop: stop,
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        let duration = try await ContinuousClock().measure { try await worker.run() }
        let completed = try await queue.completed() - before
        guard completed >= Self.count else { throw BenchmarkFailure("\(completed) of \(Self.count) jobs were run") }
        return Double(completed) / duration.inSeconds
    }

    private struct Handler: JobHandler {
        struct Payload: Codable {
            var recording: String
            var language: String
            var chunk: Int
        }

        struct Output: Encodable {
            var words = 12
            var language: String
        }

        let jobType = BenchQueue.type
        let left: Countdown
        let stop: StopSignal

        func run(_ payload: Payload, in context: JobContext) async throws -> Output {
            if !left.take() { stop.raise() }
            return Output(language: payload.language)
        }
    }
}
