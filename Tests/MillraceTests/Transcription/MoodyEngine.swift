import Millrace
import Synchronization

/// An engine that hears noise, waits or fails as it is told.
final class MoodyEngine: Transcriber {
    private struct State {
        var gate: StopSignal?
        var fails = false
        var isGone = false
        var heard = 0
        var cancelled = 0
    }

    let identity: EngineIdentity
    private let state = Mutex(State())

    init(model: StaticString = "mood") {
        identity = EngineIdentity(known: "moody", model: model)
    }

    /// Chunks that were transcribed.
    var heard: Int { state.withLock { $0.heard } }
    /// Chunks that were called off while they waited.
    var cancelled: Int { state.withLock { $0.cancelled } }

    /// Has every chunk wait until the signal is raised.
    func close() -> StopSignal {
        let gate = StopSignal()
        state.withLock { $0.gate = gate }
        return gate
    }

    func fail(_ fails: Bool) {
        state.withLock { $0.fails = fails }
    }

    /// Has it say to every check and chunk that it is gone, until it is told that it is not.
    func leave(_ isGone: Bool) {
        state.withLock { $0.isGone = isGone }
    }

    func check() async throws(TranscriptionError) {
        if state.withLock({ $0.isGone }) { throw TranscriptionError(.engineUnavailable, "the mood is gone; wait") }
    }

    func check(language: String?) throws(TranscriptionError) {
        if language == "tlh" { throw TranscriptionError(.engineUnavailable, "moody knows no Klingon") }
    }

    func check(prompt: String) throws(TranscriptionError) {
        throw TranscriptionError(.engineUnavailable, "moody takes no prompt")
    }

    func transcribe(_ audio: AudioChunk, recipe: Recipe) async throws(TranscriptionError) -> ChunkResult {
        let (gate, fails) = state.withLock { ($0.gate, $0.fails) }
        await gate?.wait()
        if Task.isCancelled {
            state.withLock { $0.cancelled += 1 }
            throw TranscriptionError(.cancelled, "cancelled")
        }
        try await check()
        if fails { throw TranscriptionError(.engineFailed, "not today") }
        state.withLock { $0.heard += 1 }
        return ChunkResult(segments: [Segment(start: 0, end: audio.durationSeconds, text: "noise")])
    }
}
