import MillraceCore
import Synchronization

/// Says the number that a chunk's samples carry; a test decides what goes wrong.
final class EchoTranscriber: Transcriber {
    typealias Obstacle = @Sendable (_ number: Int, _ call: Int) async throws(TranscriptionError) -> Void

    static let identity = EngineIdentity(known: "echo")

    var identity: EngineIdentity { Self.identity }
    private let state = Mutex<(calls: [Int: Int], obstacle: Obstacle?)>(([:], nil))

    init(_ obstacle: Obstacle? = nil) {
        obstruct(obstacle)
    }

    /// Runs before each answer from now on, with the chunk's number and how often it was asked for before.
    func obstruct(_ obstacle: Obstacle?) {
        state.withLock { $0.obstacle = obstacle }
    }

    /// How often each chunk was transcribed, by number.
    var calls: [Int: Int] { state.withLock { $0.calls } }

    func check() async throws(TranscriptionError) {}

    func transcribe(_ audio: AudioChunk, recipe: Recipe) async throws(TranscriptionError) -> ChunkResult {
        let number = audio.samples.first.map { Int($0) - 1 } ?? -1
        let (call, obstacle) = state.withLock { state in
            defer { state.calls[number, default: 0] += 1 }
            return (state.calls[number] ?? 0, state.obstacle)
        }
        try await obstacle?(number, call)
        return ChunkResult(
            segments: [Segment(start: 0, end: audio.durationSeconds, text: "c\(number)")], language: "en")
    }
}
