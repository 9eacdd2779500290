/// Everything that decides what a recording's transcript will be, besides the recording itself.
///
/// Stored with the processing; holds no command line, key or URL.
public struct Recipe: Hashable, Sendable, Codable {
    /// The engine.
    public var engine: EngineIdentity
    /// The spoken language as a BCP 47 tag; `nil` lets the engine decide.
    public var language: String?
    /// Words that tell the engine what to expect.
    public var prompt: String?
    /// Further options of the engine.
    public var options: [String: String]
    /// How the recording is cut.
    public var chunking: ChunkSettings
    /// Whether results are taken from and put into the cache.
    public var usesCache: Bool
    /// What a chunk that fails for good does to the transcript.
    public var failurePolicy: FailurePolicy

    /// Describes how a recording is to be transcribed.
    public init(
        engine: EngineIdentity, language: String? = nil, prompt: String? = nil, options: [String: String] = [:],
        chunking: ChunkSettings = .standard, usesCache: Bool = true, failurePolicy: FailurePolicy = .partial
    ) {
        self.engine = engine
        self.language = language
        self.prompt = prompt
        self.options = options
        self.chunking = chunking
        self.usesCache = usesCache
        self.failurePolicy = failurePolicy
    }
}
