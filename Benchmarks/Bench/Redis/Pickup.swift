import Limits
import Logging
import Millrace
import MillraceCaching
import MillracePostgres
import MillraceRedis
import Synchronization

/// How soon an idle worker begins a job, from before it is enqueued, with hints in Redis and without; at a percentile.
struct Pickup: Benchmark {
    let server: BenchServer
    /// 50 or 99.
    let percentile: Int

    var name: String { "pickup-p\(percentile)" }

    private static let jobs = 400

    func measure(runs: Int) async throws -> Figure {
        let redis = try HintedQueue.redis()
        let pairs = try await pairs(
            min(runs, 3), ours: { try await rate(redis: redis) }, limit: { try await rate(redis: nil) })
        return Figure(name: name, unit: "1/s", wanted: 0.5, pairs: pairs)
    }

    /// One second divided by the latency.
    private func rate(redis: String?) async throws -> Double {
        let queue = try await HintedQueue(server, schema: redis == nil ? "pickup" : "pickup_hints", redis: redis)
        let stop = StopSignal()
        let handler = Handler()
        let worker = WorkerService(
            WorkerService.Dependencies(
                jobs: queue.jobs, processings: PostgresProcessingRepository(queue.queue.store),
                transcripts: PostgresTranscriptRepository(queue.queue.store),
                cache: TieredCache(store: PostgresCacheStore(queue.queue.store), options: TieredCache.Options())),
            handlers: [handler], stop: stop, logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        let latencies = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await worker.run() }
            try await Task.sleep(for: .seconds(2))
            var latencies: [Duration] = []
            for number in 0..<Self.jobs {
                let begun = handler.begun(number)
                let start = ContinuousClock.now
                _ = try await queue.jobs.enqueue(
                    JobRequest(BenchQueue.type, payload: JSONText(stored: #"{"number": \#(number)}"#)))
                for await end in begun { latencies.append(start.duration(to: end)) }
                // The worker is idle again, at no moment of any rhythm.
                try await Task.sleep(for: .milliseconds(Int.random(in: 5...40)))
            }
            stop.raise()
            try await group.waitForAll()
            return latencies.sorted()
        }
        await queue.close()
        return 1 / latencies[(latencies.count - 1) * percentile / 100].inSeconds
    }

    private final class Handler: JobHandler {
        struct Payload: Codable {
            var number: Int
        }

        let jobType = BenchQueue.type
        private let waiters = Mutex<[Int: AsyncStream<ContinuousClock.Instant>.Continuation]>([:])

        /// When a job begins.
        func begun(_ number: Int) -> AsyncStream<ContinuousClock.Instant> {
            let (stream, continuation) = AsyncStream.makeStream(of: ContinuousClock.Instant.self)
            waiters.withLock { $0[number] = continuation }
            return stream
        }

        func run(_ payload: Payload, in context: JobContext) async throws -> NoResult {
            let waiter = waiters.withLock { $0.removeValue(forKey: payload.number) }
            waiter?.yield(.now)
            waiter?.finish()
            return NoResult()
        }
    }
}
