import Millrace

/// An engine that hears the same in every chunk, after a while.
struct DelayEngine: Transcriber {
    let identity = EngineIdentity(known: "delay")
    let delay: Duration

    func check() async throws(TranscriptionError) {}

    func transcribe(_ audio: AudioChunk, recipe: Recipe) async throws(TranscriptionError) -> ChunkResult {
        do {
            try await Task.sleep(for: delay)
        } catch {
            throw TranscriptionError(.cancelled, "cancelled", cause: error)
        }
        let words = "the water comes down from the hills and turns the wheel of the mill"
        return ChunkResult(segments: [Segment(start: 0, end: audio.durationSeconds, text: words)], language: "en")
    }
}
