import Foundation
import Logging
import MillraceCore
import TestServers

@testable import MillraceSpeech

/// An OpenAI-compatible API on loopback for one test, and the transcriber that uses it.
struct SpeechAPI: Sendable {
    let transcriber: OpenAITranscriber
    let server: HTTPTestServer

    /// Serves while `body` runs. The list of models is answered by itself.
    static func with(
        _ handler: @escaping HTTPTestServer.Handler,
        configure: @Sendable (inout OpenAIConfiguration) throws -> Void = { _ in },
        body: @Sendable (SpeechAPI) async throws -> Void
    ) async throws {
        try await HTTPTestServer.with { request in
            request.method == "GET" ? .json(#"{"data":[]}"#) : await handler(request)
        } body: { server in
            var api = OpenAIConfiguration(
                baseURL: try APIBaseURL(server.url), backoff: .fixed(.milliseconds(5)))
            try configure(&api)
            try await OpenAITranscriber.with(api, logger: .quiet) {
                try await body(SpeechAPI(transcriber: $0, server: server))
            }
        }
    }

    func transcribe(
        _ audio: AudioChunk = SpeechAPI.sound, language: String? = nil, prompt: String? = nil
    ) async throws(TranscriptionError) -> ChunkResult {
        try await transcriber.transcribe(
            audio, recipe: Recipe(engine: transcriber.identity, language: language, prompt: prompt))
    }

    /// What a chunk fails with; `nil` when it does not.
    func failure(_ audio: AudioChunk = SpeechAPI.sound) async -> TranscriptionError? {
        do throws(TranscriptionError) {
            _ = try await transcribe(audio)
            return nil
        } catch {
            return error
        }
    }

    /// A second of sound.
    static let sound = AudioChunk(samples: SyntheticSpeech.make(seed: 5, seconds: 1).samples)
    /// What that is answered with.
    static let answer = HTTPTestAnswer.json(#"{"text":"Hello there","language":"english"}"#)
}

extension Logger {
    /// Says nothing.
    static var quiet: Logger { Logger(label: "quiet", factory: { _ in SwiftLogNoOpLogHandler() }) }
}
