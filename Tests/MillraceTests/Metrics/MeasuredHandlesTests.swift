import CoreMetrics
import Logging
import MetricsTestKit
import MillraceCaching
import MillraceCore
import MillracePostgres
import MillracePrometheus
import MillraceRedis
import MillraceSpeech
import MillraceTesting
import MillraceWorkers
import Testing

@Suite("What the libraries measure", .timeLimit(.minutes(5)))
struct MeasuredHandlesTests {
    private struct Silent: Transcriber {
        let identity = EngineIdentity(known: "silent")

        func check() async throws(TranscriptionError) {}
        func transcribe(_ audio: AudioChunk, recipe: Recipe) async throws(TranscriptionError) -> ChunkResult {
            ChunkResult(segments: [])
        }
    }

    /// A handle that was made, as the table of metrics has it.
    private struct Handle: Hashable {
        let name: String
        let kind: MetricKind
        let labels: [String]
    }

    /// Makes one of everything that measures.
    private func makeAll() async throws {
        let clock = ManualClock()
        let store = InMemoryStore(clock: clock)
        let cache = TieredCache(
            store: InMemoryCacheStore(store), shared: InMemorySharedTier(clock: clock), clock: clock)
        _ = WorkerService(
            WorkerService.Dependencies(
                jobs: InMemoryJobQueueRepository(store), processings: InMemoryProcessingRepository(store),
                transcripts: InMemoryTranscriptRepository(store), cache: cache, transcribers: [Silent()]),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        _ = PostgresPool(try PostgresConfiguration("postgres://127.0.0.1:1/none", environment: [:]))
        _ = try RedisClient(try RedisConfiguration("redis://127.0.0.1:1", environment: [:]))
        let api = OpenAIConfiguration(baseURL: try APIBaseURL("http://127.0.0.1:1"))
        try await OpenAITranscriber.with(api) { _ in }
    }

    @Test("every handle is that of a metric in the table: its kind, and its labels in their order")
    func table() async throws {
        let metrics = TestMetrics()
        try await withMetricsFactory(metrics) { try await makeAll() }
        func handle(_ name: String, _ kind: MetricKind, _ dimensions: [(String, String)]) -> Handle {
            Handle(name: name, kind: kind, labels: dimensions.map(\.0))
        }
        let made = Set(
            metrics.counters.map { handle($0.label, .counter, $0.dimensions) }
                + metrics.meters.map { handle($0.label, .gauge, $0.dimensions) }
                + metrics.timers.map { handle($0.label, .histogram, $0.dimensions) }
                + metrics.recorders.map { handle($0.label, $0.aggregate ? .histogram : .gauge, $0.dimensions) })
        let table = Set(
            MillraceMetrics.all.map {
                Handle(name: $0.definition.name.text, kind: $0.definition.kind, labels: $0.labels.map(\.text))
            })
        #expect(made.subtracting(table).isEmpty, "handles that are not in the table")
        // Made when they are needed: there is one for each queue, each fault, each result.
        let late: Set = [
            "millrace_jobs", "millrace_oldest_queued_job_seconds", "millrace_store_failures_total",
            "millrace_http_request_seconds",
        ]
        #expect(Set(table.subtracting(made).map(\.name)) == late)
    }

    @Test("a collector that knows the table takes every handle, and its series begin at zero")
    func collector() async throws {
        let clock = ManualClock()
        let collector = MetricsCollector(
            id: .make(at: clock.timeOfDay), definitions: MillraceMetrics.definitions, clock: clock)
        try await withMetricsFactory(MillraceMetricsFactory(collector)) { try await makeAll() }
        for refusal in MetricRefusal.allCases { #expect(collector.refused(refusal) == 0, "\(refusal)") }
        #expect(collector.definitions == MillraceMetrics.definitions.sorted { $0.name < $1.name })
        clock.advance(by: .seconds(1))
        let samples = collector.samples(at: clock.timeOfDay)
        let silent = samples.filter {
            $0.series.name.text == "millrace_chunks_total" && $0.series.labels[LabelName(stored: "engine")] == "silent"
        }
        // A zero when it was made, and one now.
        #expect(silent.count == 2 * 6 && silent.allSatisfy { $0.value == 0 })
        let series = Set(samples.map(\.series)).count
        #expect(series < 300, "a worker, a cache, a pool and their clients make \(series) series")
    }
}
