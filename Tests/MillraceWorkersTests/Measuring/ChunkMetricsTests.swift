import CoreMetrics
import Logging
import MetricsTestKit
import MillraceCore
import MillraceTesting
import Testing

@testable import MillraceWorkers

@Suite(.timeLimit(.minutes(5))) struct ChunkMetricsTests {
    private let place = Workplace()
    private let metrics = TestMetrics()

    private func count(_ outcome: String) -> Int64 {
        metrics.counterTotal(label: "millrace_chunks_total", dimensions: [("engine", "echo"), ("outcome", outcome)])
    }

    @Test func `chunks are counted by engine and outcome, those from the cache apart`() async throws {
        let engine = EchoTranscriber { number, call throws(TranscriptionError) in
            if number == 1, call == 0 { throw TranscriptionError(.engineFailed, "again", isRetryable: true) }
            if number == 2 { throw TranscriptionError(.badOutput, "never", isRetryable: false) }
        }
        try await withMetricsFactory(metrics) {
            _ = try await place.finish(try await place.startRun(chunks: 3), with: engine)
        }
        #expect(["completed", "retried", "failed", "cached"].map(count) == [2, 1, 1, 0])
        engine.obstruct(nil)
        // Another recording with the same sound.
        try await withMetricsFactory(metrics) {
            _ = try await place.finish(try await place.startRun(chunks: 3, path: "/another"), with: engine)
        }
        #expect(["completed", "retried", "failed", "cached"].map(count) == [3, 1, 1, 2])
        let merges: [(String, String)] = [("type", "merge"), ("outcome", "completed")]
        #expect(metrics.counterTotal(label: "millrace_jobs_total", dimensions: merges) == 2)
        #expect(try metrics.expectTimer("millrace_chunk_seconds", [("engine", "echo")]).values.count == 3)
    }

    @Test func `the time of an engine counts, beside the sound that it has transcribed`() async throws {
        let engine = EchoTranscriber { [clock = place.clock] _, _ in clock.advance(by: .milliseconds(50)) }
        let engines = withMetricsFactory(metrics) {
            EngineWatch(
                [engine], isPatient: true, time: MonotonicTime(place.clock), stop: StopSignal(),
                logger: Logger(label: "engines", factory: { _ in SwiftLogNoOpLogHandler() }))
        }
        let sound = AudioChunk(samples: Array(repeating: 1, count: 1_600))
        _ = try await engines.transcribe(sound, recipe: Recipe(engine: engine.identity))
        #expect(try metrics.expectTimer("millrace_chunk_seconds", [("engine", "echo")]).values == [50_000_000])
        // A tenth of a second of sound in half of that.
        #expect(try metrics.expectRecorder("millrace_realtime_factor", [("engine", "echo")]).values == [2])
        engine.leave(true)
        await #expect(throws: TranscriptionError.self) {
            try await engines.transcribe(sound, recipe: Recipe(engine: engine.identity))
        }
        #expect(try metrics.expectTimer("millrace_chunk_seconds", [("engine", "echo")]).values.count == 1)
    }

    @Test func `sound adds up, and what takes no time has no factor`() throws {
        let all = withMetricsFactory(metrics) { EngineMetrics.ofKinds([EchoTranscriber.identity]) }
        let echo = try #require(all["echo"])
        echo.note(AudioChunk(samples: Array(repeating: 1, count: 48_000)), in: .seconds(2))
        echo.note(AudioChunk(samples: Array(repeating: 1, count: 16_000)), in: .zero)
        #expect(metrics.counterTotal(label: "millrace_audio_seconds_total", dimensions: [("engine", "echo")]) == 4)
        #expect(try metrics.expectRecorder("millrace_realtime_factor", [("engine", "echo")]).values == [1.5])
    }
}
