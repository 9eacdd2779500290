/// A speech-to-text engine.
public protocol Transcriber: Sendable {
    /// Which engine it is, as it is stored and matched.
    var identity: EngineIdentity { get }

    /// Checks that the engine can run here, before any work is stored, and when it was gone whether it is back.
    ///
    /// Ends soon after its task is cancelled.
    ///
    /// - Throws: ``TranscriptionError`` that says what is missing and how to get it.
    func check() async throws(TranscriptionError)

    /// Checks that the engine knows a language (a BCP 47 tag, `nil` for its own choice), before any work is stored.
    ///
    /// - Throws: ``TranscriptionError`` that says what to do instead.
    func check(language: String?) throws(TranscriptionError)

    /// Checks that the engine can use a prompt, before any work is stored; asked only when there is one.
    ///
    /// - Throws: ``TranscriptionError`` that says what to do instead.
    func check(prompt: String) throws(TranscriptionError)

    /// Turns a chunk into text.
    ///
    /// Ends soon after its task is cancelled, and leaves no process of its own behind.
    ///
    /// - Throws: ``TranscriptionError``, which says whether another try may succeed; `engineUnavailable` when no chunk
    ///   can be transcribed until somebody mends the engine: it costs this one no retry.
    func transcribe(_ audio: AudioChunk, recipe: Recipe) async throws(TranscriptionError) -> ChunkResult
}

extension Transcriber {
    /// Takes every language: whether the engine knows it is seen when it runs.
    public func check(language: String?) throws(TranscriptionError) {}

    /// Takes every prompt.
    public func check(prompt: String) throws(TranscriptionError) {}
}
