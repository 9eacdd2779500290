internal import Foundation
public import MillraceCore

/// Transcribes English offline with PocketSphinx, with word times.
///
/// Finds the command `pocketsphinx` of version 5, or else `pocketsphinx_batch` that came with
/// `pocketsphinx_continuous` before it. A chunk is decoded as one utterance in a process of its own, so the result
/// depends on its samples alone: on the example recording that makes 2.8 % wrong words in chunks of 12 s and 30 s,
/// where `pocketsphinx_continuous`, which carries its estimate of the noise along, makes 5.6 % and 3.9 %.
public struct PocketSphinxTranscriber: Transcriber {
    /// Kind `pocketsphinx`, model `en-us`.
    public let identity: EngineIdentity

    private let timeout: Duration

    private static let model = "en-us"

    /// Makes a transcriber; no chunk may take longer than `timeout`, ten minutes by default, or twice its own length
    /// if that is more.
    public init(timeout: Duration = CommandTranscriber.defaultTimeout) {
        identity = EngineIdentity(known: "pocketsphinx", model: "en-us")
        self.timeout = timeout
    }

    /// Whether a language is one that it knows: English, or the engine's choice.
    public static func knows(_ language: String?) -> Bool {
        guard let language else { return true }
        return ["en", "en-us", "en_us", "english"].contains(language.lowercased())
    }

    /// Looks for the program and its model.
    public func check() async throws(TranscriptionError) {
        try await installation().program(timeout: timeout).check()
    }

    /// Refuses every language but English.
    public func check(language: String?) throws(TranscriptionError) {
        guard Self.knows(language) else {
            throw TranscriptionError(
                .engineUnavailable,
                "pocketsphinx knows English only; drop --language \(language ?? "") or use another engine")
        }
    }

    /// Refuses every prompt.
    public func check(prompt: String) throws(TranscriptionError) {
        throw TranscriptionError(
            .engineUnavailable, "pocketsphinx cannot use a prompt; drop --prompt or use another engine")
    }

    /// Runs PocketSphinx on a chunk.
    ///
    /// - Throws: `TranscriptionError`: `engineUnavailable` without the program or for another language than
    ///   English, `engineFailed`, `timedOut`, `cancelled`.
    public func transcribe(_ audio: AudioChunk, recipe: Recipe) async throws(TranscriptionError) -> ChunkResult {
        try check(language: recipe.language)
        let installation = try await installation()
        let patience = max(timeout, .seconds(2 * audio.durationSeconds))
        let output = try await installation.program(timeout: patience).run(on: audio)
        let words = installation.words(in: output)
        return ChunkResult(
            segments: PocketSphinxOutput.segments(of: words, duration: audio.durationSeconds), language: "en")
    }

    private func installation() async throws(TranscriptionError) -> PocketSphinxInstallation {
        try await Self.queue.run { _ throws(TranscriptionError) in try PocketSphinxInstallation(model: Self.model) }
    }

    private static let queue = BlockingQueue(label: "millrace.pocketsphinx", width: 2)
}
