import Logging
import Millrace

/// Transcribes a recording of a thousand chunks by an engine that waits a second for each, fifty at a time: what it
/// takes beyond the waiting is Millrace's own.
struct WholeRun: Benchmark {
    let scratch: Scratch

    let name = "whole-run"

    private static let chunkCount = 1_000
    private static let concurrency = 50
    private static let delay = Duration.seconds(1)

    func measure(runs: Int) async throws -> Figure {
        let recording = scratch.file("recording.wav")
        try SpokenSeconds(count: Self.chunkCount).write(to: recording)
        // The engine's delay is the limit, which needs no measuring.
        let limit = Double(Self.concurrency) / Self.delay.inSeconds
        let pairs = try await pairs(
            min(runs, 3), warmsUp: false, ours: { try await rate(of: recording) }, limit: { limit })
        return Figure(name: name, unit: "chunks/s", wanted: 0.8, pairs: pairs)
    }

    /// Chunks in a second, from the recording to the stored transcript.
    private func rate(of recording: String) async throws -> Double {
        let millrace = try await Millrace(
            store: .file(scratch.file("run.db")), logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        let options = TranscriptionOptions(
            chunking: try ChunkSettings(targetSeconds: 1), concurrency: Self.concurrency)
        var completed = 0
        let duration = try await ContinuousClock().measure {
            let transcript = try await millrace.transcribe(
                .file(recording), with: DelayEngine(delay: Self.delay), options: options)
            completed = transcript.chunks.completed - transcript.chunks.cached
        }
        guard completed == Self.chunkCount else {
            throw BenchmarkFailure("\(completed) of \(Self.chunkCount) chunks were transcribed")
        }
        return Double(completed) / duration.inSeconds
    }
}
