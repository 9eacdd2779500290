import InMemoryTracing
import MillraceCore
import MillraceTesting
import MillraceWorkers
import Testing
import Tracing

@Suite(.timeLimit(.minutes(5))) struct ChunkTraceTests {
    private let place = Workplace()
    private let tracer = InMemoryTracer()

    /// The headers of a span that stands for the planning of a run.
    private func planned() -> (span: InMemorySpan, headers: [String: String]) {
        let span = tracer.startSpan("planning")
        span.end()
        return (
            span, [InMemoryTracer.traceIDKey: span.traceID, InMemoryTracer.spanIDKey: span.spanID]
        )
    }

    @Test func `chunks and their merge go on with the trace of their processing`() async throws {
        let (planning, headers) = planned()
        let run = try await place.startRun(chunks: 3, traceContext: headers)
        try await withTracer(tracer) { _ = try await place.finish(run, with: EchoTranscriber()) }
        let chunks = tracer.spans("chunk")
        #expect(chunks.count == 3)
        for chunk in chunks + tracer.spans("merge") {
            #expect(chunk.traceID == planning.traceID && chunk.spanContext.parentSpanID == planning.spanID)
        }
        #expect(Set(chunks.map { "\(String(describing: $0["millrace.chunk.id"]))" }).count == 3)
        #expect(chunks.allSatisfy { $0["millrace.processing.id"] == .string("\(run.id)") })
        #expect(chunks.allSatisfy { $0["millrace.engine"] == "echo" && $0["millrace.cached"] == false })
        #expect(tracer.spans("merge").count == 1)
        #expect(Set(tracer.spans("cache walk").compactMap(\.spanContext.parentSpanID)) == Set(chunks.map(\.spanID)))
        let claims = tracer.spans("claim chunks")
        #expect(claims.allSatisfy { $0.spanContext.parentSpanID == nil && $0.linkedSpanIDs == [planning.spanID] })
        let settlements = tracer.spans("settle chunks")
        #expect(settlements.allSatisfy { $0.spanContext.parentSpanID == nil })
        #expect(Set(settlements.flatMap(\.linkedSpanIDs)) == Set(chunks.map(\.spanID)))
    }

    @Test func `a result from the cache shows on the chunk, and what memory has takes no walk`() async throws {
        _ = try await place.finish(try await place.startRun(chunks: 1), with: EchoTranscriber())
        let run = try await place.startRun(chunks: 1)
        try await withTracer(tracer) { _ = try await place.finish(run, with: EchoTranscriber()) }
        #expect(tracer.spans("chunk").map { $0["millrace.cached"] } == [true])
        #expect(tracer.spans("cache walk").isEmpty)
    }

    @Test func `a chunk that fails is an error on its span, by its code alone`() async throws {
        let engine = EchoTranscriber { _, call throws(TranscriptionError) in
            if call == 0 { throw TranscriptionError(.engineFailed, "hidden words", isRetryable: true) }
        }
        let run = try await place.startRun(chunks: 1)
        try await withTracer(tracer) { _ = try await place.finish(run, with: engine) }
        let chunks = tracer.spans("chunk")
        #expect(chunks.map { $0["millrace.retries"] } == [0, 1])
        #expect(chunks.map { $0.errors.map { "\($0.error)" } } == [["TranscriptionError: engineFailed"], []])
        #expect(!tracer.finishedSpans.contains { $0.content.contains("hidden") || $0.content.contains("/recording") })
    }
}
