import Limits
import Logging
import Millrace
import MillraceCaching
import MillracePostgres

/// Runs jobs whose handler does nothing by workers as they are, from the first claim to the end of their leases, beside
/// the plain loop that claims and settles as many.
///
/// A worker claims and settles at the same time, so half as many workers have as many connections as the loop.
struct WorkerLoop: Benchmark {
    let server: BenchServer

    let name = "worker-loop"

    private static let schema = "worker_loop"
    private static let count = 40_000
    private static let workers = BenchServer.connections / 2

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
        let workers = (0..<Self.workers).map { _ in worker(queue, handler) }
        let duration = try await ContinuousClock().measure {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in workers { group.addTask { try await worker.run() } }
                try await group.waitForAll()
            }
        }
        let completed = try await queue.completed() - before
        guard completed >= Self.count else { throw BenchmarkFailure("\(completed) of \(Self.count) jobs were run") }
        return Double(completed) / duration.inSeconds
    }

    private func worker(_ queue: BenchQueue, _ handler: Handler) -> WorkerService {
        WorkerService(
            WorkerService.Dependencies(
                jobs: queue.jobs, processings: PostgresProcessingRepository(queue.store),
                transcripts: PostgresTranscriptRepository(queue.store),
                cache: TieredCache(store: PostgresCacheStore(queue.store), options: TieredCache.Options())),
            configuration: WorkerConfiguration(concurrency: PostgresClaimAndSettle.batch), handlers: [handler],
            stop: handler.stop, logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
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
