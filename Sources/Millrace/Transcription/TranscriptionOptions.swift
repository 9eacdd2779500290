public import MillraceCore
public import MillraceSpeech

/// How a recording is transcribed, besides by which engine.
public struct TranscriptionOptions: Sendable {
    /// The spoken language as a BCP 47 tag; `nil` lets the engine decide.
    public var language: String?
    /// Words that tell the engine what to expect; engines that cannot use them refuse them. Empty is as good as `nil`.
    public var prompt: String?
    /// The part of the recording to transcribe; the transcript's times stay those of the whole recording.
    public var range: RecordingRange
    /// How the recording is cut.
    public var chunking: ChunkSettings
    /// Whether results are taken from and put into the cache.
    public var usesCache: Bool
    /// What a chunk that fails for good does to the transcript.
    public var failurePolicy: FailurePolicy
    /// Chunks that this process transcribes side by side.
    public var concurrency: Int
    /// How urgent the run is among others of its store.
    public var priority: JobPriority
    /// Retries of a chunk after its first run.
    public var maxRetries: Int
    /// Whether the sound of each chunk is kept in the store until it is transcribed, for workers that reach the recording
    /// neither as a file nor by a URL.
    public var uploadsAudio: Bool

    /// Makes options; the defaults are those of `millrace transcribe`.
    public init(
        language: String? = nil, prompt: String? = nil, range: RecordingRange = .whole,
        chunking: ChunkSettings = .standard, usesCache: Bool = true, failurePolicy: FailurePolicy = .partial,
        concurrency: Int = 4, priority: JobPriority = .medium, maxRetries: Int = 3,
        uploadsAudio: Bool = false
    ) {
        self.language = language
        self.prompt = prompt
        self.range = range
        self.chunking = chunking
        self.usesCache = usesCache
        self.failurePolicy = failurePolicy
        self.concurrency = concurrency
        self.priority = priority
        self.maxRetries = maxRetries
        self.uploadsAudio = uploadsAudio
    }

    /// The longest prompt in bytes of UTF-8; engines use far less.
    public static let promptLimit = 10_000

    /// Asks the engine whether it can do what these options want.
    func check(for transcriber: any Transcriber) throws(TranscriptionError) {
        try transcriber.check(language: language)
        guard let prompt, !prompt.isEmpty else { return }
        guard prompt.utf8.count <= Self.promptLimit, !prompt.utf8.contains(0) else {
            throw TranscriptionError(
                .engineUnavailable, "the prompt must be no longer than \(Self.promptLimit) bytes and without NUL")
        }
        try transcriber.check(prompt: prompt)
    }

    func recipe(for engine: EngineIdentity) -> Recipe {
        Recipe(
            engine: engine, language: language, prompt: prompt?.isEmpty == true ? nil : prompt,
            chunking: chunking,
            usesCache: usesCache, failurePolicy: failurePolicy)
    }
}
