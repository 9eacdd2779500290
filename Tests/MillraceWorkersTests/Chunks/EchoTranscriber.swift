import MillraceCore
import Synchronization

/// Says the number that a chunk's samples carry; a test decides what goes wrong.
final class EchoTranscriber: Transcriber {
    typealias Obstacle = @Sendable (_ number: Int, _ call: Int) async throws(TranscriptionError) -> Void

    static let identity = EngineIdentity(known: "echo")

    private struct State {
        var calls: [Int: Int] = [:]
        var obstacle: Obstacle?
        var checks = 0
        var isGone = false
    }

    let identity: EngineIdentity
    private let state = Mutex(State())

    init(_ identity: EngineIdentity = EchoTranscriber.identity, _ obstacle: Obstacle? = nil) {
        self.identity = identity
        obstruct(obstacle)
    }

    convenience init(_ obstacle: @escaping Obstacle) {
        self.init(Self.identity, obstacle)
    }

    /// What it says when it is gone.
    static let absence = TranscriptionError(.engineUnavailable, "the program echo is not found; install it")

    /// Has it fail every check and every chunk from now on, until it is told that it is there.
    func leave(_ isGone: Bool) {
        state.withLock { $0.isGone = isGone }
    }

    /// How often it was checked.
    var checks: Int { state.withLock { $0.checks } }

    /// Runs before each answer from now on, with the chunk's number and how often it was asked for before.
    func obstruct(_ obstacle: Obstacle?) {
        state.withLock { $0.obstacle = obstacle }
    }

    /// How often each chunk was transcribed, by number.
    var calls: [Int: Int] { state.withLock { $0.calls } }

    func check() async throws(TranscriptionError) {
        let isGone = state.withLock { state in
            state.checks += 1
            return state.isGone
        }
        if isGone { throw Self.absence }
    }

    func check(language: String?) throws(TranscriptionError) {
        guard language != "tlh" else { throw TranscriptionError(.engineUnavailable, "echo knows no Klingon") }
    }

    func transcribe(_ audio: AudioChunk, recipe: Recipe) async throws(TranscriptionError) -> ChunkResult {
        let number = audio.samples.first.map { Int($0) - 1 } ?? -1
        let (call, obstacle, isGone) = state.withLock { state in
            defer { state.calls[number, default: 0] += 1 }
            return (state.calls[number] ?? 0, state.obstacle, state.isGone)
        }
        if isGone { throw Self.absence }
        try check(language: recipe.language)
        try await obstacle?(number, call)
        return ChunkResult(
            segments: [Segment(start: 0, end: audio.durationSeconds, text: "c\(number)")], language: "en")
    }
}
