import Millrace

// snippet.transcriber
/// Says when there is sound, not what is said.
struct SoundFinder: Transcriber {
    let identity: EngineIdentity
    private let threshold: Int

    init(threshold: Int = 1_000) throws(InvalidValue) {
        self.threshold = threshold
        identity = try EngineIdentity(kind: "sound-finder", model: "threshold \(threshold)")
    }

    func check() async throws(TranscriptionError) {}

    func check(language: String?) throws(TranscriptionError) {
        guard language == nil else {
            throw TranscriptionError(.engineUnavailable, "sound-finder knows no languages; name none")
        }
    }

    func transcribe(_ audio: AudioChunk, recipe: Recipe) async throws(TranscriptionError) -> ChunkResult {
        var segments: [Segment] = []
        for second in 0..<Int(audio.durationSeconds.rounded(.up)) {
            guard !Task.isCancelled else { throw TranscriptionError(.cancelled, "cancelled") }
            let samples = audio.samples.dropFirst(second * 16_000).prefix(16_000)
            guard samples.contains(where: { abs(Int($0)) > threshold }) else { continue }
            let end = min(Double(second + 1), audio.durationSeconds)
            segments.append(Segment(start: Double(second), end: end, text: "[sound]"))
        }
        return ChunkResult(segments: segments)
    }
}
// snippet.end

// snippet.errors
/// How the answer of a server over HTTP becomes an error.
func failure(status: Int) -> TranscriptionError {
    switch status {
    case 401, 403: TranscriptionError(.engineUnavailable, "the server refuses the key; set the right one")
    case 429, 500...: TranscriptionError(.engineFailed, "the server says \(status)", isRetryable: true)
    default: TranscriptionError(.engineFailed, "the server refuses the request with \(status)")
    }
}
// snippet.end

// snippet.use
let millrace = try await Millrace(store: .file("millrace.db"))
let engine = try SoundFinder()
let transcript = try await millrace.transcribe("Examples/town-meeting.flac", with: engine)
print(TranscriptFormat.vtt.render(transcript))
// snippet.end

// snippet.worker
try await millrace.worker(transcribers: [engine]).run()
// snippet.end
