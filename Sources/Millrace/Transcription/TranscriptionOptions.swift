public import MillraceCore

/// How a recording is transcribed, besides by which engine.
public struct TranscriptionOptions: Sendable {
    /// The spoken language as a BCP 47 tag; `nil` lets the engine decide.
    public var language: String?
    /// Words that tell the engine what to expect.
    public var prompt: String?
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

    /// Makes options; the defaults are those of `millrace transcribe`.
    public init(
        language: String? = nil, prompt: String? = nil, chunking: ChunkSettings = .standard, usesCache: Bool = true,
        failurePolicy: FailurePolicy = .partial, concurrency: Int = 4, priority: JobPriority = .medium,
        maxRetries: Int = 3
    ) {
        self.language = language
        self.prompt = prompt
        self.chunking = chunking
        self.usesCache = usesCache
        self.failurePolicy = failurePolicy
        self.concurrency = concurrency
        self.priority = priority
        self.maxRetries = maxRetries
    }

    func recipe(for transcriber: any Transcriber) -> Recipe {
        Recipe(
            engine: transcriber.identity, language: language, prompt: prompt, chunking: chunking,
            usesCache: usesCache, failurePolicy: failurePolicy)
    }
}
