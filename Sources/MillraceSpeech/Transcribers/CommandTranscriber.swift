public import MillraceCore

/// Transcribes with any program: it is given each chunk as a WAV file and answers with text or JSON.
///
/// The program is started without a shell. `{file}` inside a word is replaced by the path of the WAV; without it the
/// WAV is the standard input. `MILLRACE_LANGUAGE` and `MILLRACE_PROMPT` hold the recipe's language and prompt, and
/// are not set without one. What the program may answer is described at ``init(words:timeout:)``.
public struct CommandTranscriber: Transcriber {
    /// What stands for the path of the WAV.
    public static let fileMark = "{file}"
    /// The longest that a chunk may take by default: ten minutes.
    public static let defaultTimeout = Duration.seconds(600)

    /// Kind `command`, with the SHA-256 of the exact words.
    public let identity: EngineIdentity

    private let program: EngineProgram

    /// Takes the words of a command, the program first.
    ///
    /// The answer is plain text, one segment over the whole chunk, or JSON: an object with `segments` (each with
    /// `start` and `end` in seconds from the beginning of the chunk, `text`, and where known `words` with `start`,
    /// `end`, `text` or `word`) and where known `language`; or the array of segments alone; or an object with `text`.
    /// No output means that nobody speaks.
    ///
    /// - Throws: `InvalidValue` when there are no words, or one holds NUL.
    public init(words: [String], timeout: Duration = defaultTimeout) throws(InvalidValue) {
        guard let name = words.first, !name.isEmpty else {
            throw InvalidValue("command", "is empty; name a program")
        }
        guard !words.contains(where: { $0.utf8.contains(0) }) else {
            throw InvalidValue("command", "a word holds the character NUL")
        }
        let arguments = Array(words.dropFirst())
        identity = try EngineIdentity(kind: "command", fingerprint: ContentHash(ofParts: words))
        program = EngineProgram(
            program: name,
            arguments: { files in arguments.map { $0.replacing(Self.fileMark, with: files.wav) } },
            readsStandardInput: !arguments.contains { $0.contains(Self.fileMark) },
            timeout: timeout)
    }

    /// Looks for the program.
    public func check() async throws(TranscriptionError) {
        try await program.check()
    }

    /// Runs the program on a chunk.
    ///
    /// - Throws: `TranscriptionError`: `engineUnavailable` without the program, `engineFailed` when it ends with
    ///   another code than 0, `timedOut`, `badOutput`, `cancelled`.
    public func transcribe(_ audio: AudioChunk, recipe: Recipe) async throws(TranscriptionError) -> ChunkResult {
        let output = try await program.run(
            on: audio,
            environment: [
                // An environment cannot hold NUL.
                "MILLRACE_LANGUAGE": recipe.language?.replacing("\0", with: ""),
                "MILLRACE_PROMPT": recipe.prompt?.replacing("\0", with: ""),
            ])
        return try CommandOutput(output).result(duration: audio.durationSeconds, language: recipe.language)
    }
}
