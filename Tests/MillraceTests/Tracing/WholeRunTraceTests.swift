import Foundation
import InMemoryTracing
import Logging
import Millrace
import Testing
import Tracing

@Suite("The trace of a whole run", .timeLimit(.minutes(5)))
struct WholeRunTraceTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("millrace-trace-\(UUID())")
    private let tracer = InMemoryTracer()

    /// Eight seconds of noise with pauses, at a path that no span may show.
    private func recording() throws -> String {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let samples = (0..<128_000).map { index in
            index % 32_000 >= 24_000 ? Int16(0) : Int16(truncatingIfNeeded: index &* 7_919) / 4
        }
        let path = folder.appendingPathComponent("hidden.wav").path
        try Data(WAVEncoder.encode(AudioChunk(samples: samples))).write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test("is one, from the caller to the chunks and the merge, and shows nothing of what is transcribed")
    func wholeRun() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = try recording()
        let millrace = try await Millrace(
            store: .file(folder.appendingPathComponent("hidden.db").path),
            logger: Logger(label: "trace", factory: { _ in SwiftLogNoOpLogHandler() }))
        let engine = try CommandTranscriber(words: ["sh", "-c", "cat >/dev/null; echo hidden words"])
        let options = TranscriptionOptions(chunking: try ChunkSettings(targetSeconds: 2))
        let transcript = try await withTracer(tracer) {
            try await withSpan("request") { _ in
                try await millrace.transcribe(.file(path), with: engine, options: options)
            }
        }
        #expect(transcript.text.contains("hidden words"))
        let spans = tracer.finishedSpans
        func named(_ name: String) -> [FinishedInMemorySpan] { spans.filter { $0.operationName == name } }
        let request = try #require(named("request").first)
        let enqueue = try #require(named("enqueue").first)
        #expect(enqueue.spanContext.parentSpanID == request.spanID)
        #expect(enqueue.attributes.get("millrace.chunks") == .int64(Int64(transcript.chunks.total)))
        #expect(named("chunk").count == transcript.chunks.total && transcript.chunks.total > 1)
        for span in named("chunk") + named("merge") {
            #expect(span.traceID == request.traceID && span.spanContext.parentSpanID == enqueue.spanID)
        }
        #expect(Set(spans.map(\.operationName)).isSuperset(of: ["cache walk", "claim chunks", "settle chunks"]))
        for span in spans {
            let content = "\(span.operationName) \(span.attributes) \(span.events) \(span.errors)"
            #expect(!content.contains("hidden") && !content.contains("SELECT"), "\(content)")
            #expect(!content.contains("chunk:"), "a cache key: \(content)")
        }
        #expect(tracer.activeSpans.isEmpty)
    }

    @Test("what is enqueued through a factory's repository carries the trace of its task")
    func factory() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let factory = try await RepositoryFactory(store: .file(folder.appendingPathComponent("store.db").path))
        let jobs = factory.jobQueueRepository()
        let headers = try await withTracer(tracer) {
            try await withSpan("request") { _ in
                let id = try await jobs.enqueue(JobRequest(JobType(known: "task")))
                return try await jobs.job(id)?.traceContext
            }
        }
        let enqueue = try #require(tracer.finishedSpans.first { $0.operationName == "enqueue" })
        #expect(headers?[InMemoryTracer.spanIDKey] == enqueue.spanID)
    }
}
