public import MillraceCore

/// Which API transcribes, with which model, and how it is asked.
public struct OpenAIConfiguration: Sendable {
    /// How long is waited for an API.
    public struct Timeouts: Sendable {
        /// Until a connection stands, TLS included.
        public var connect: Duration
        /// Until the answer is whole, for a chunk without length.
        public var answer: Duration
        /// What a second of sound adds to that.
        public var answerPerSecond: Duration
        /// Once the answer has begun: until the next bytes.
        public var idle: Duration

        /// Makes time-outs; the defaults leave a server on a slow machine five minutes and four times the sound.
        public init(
            connect: Duration = .seconds(10), answer: Duration = .seconds(300), answerPerSecond: Duration = .seconds(4),
            idle: Duration = .seconds(60)
        ) {
            self.connect = connect
            self.answer = answer
            self.answerPerSecond = answerPerSecond
            self.idle = idle
        }
    }

    /// The model of those who name none, at OpenAI: the one there that gives times.
    public static let standardModel = "whisper-1"

    /// Where the API is.
    public var baseURL: APIBaseURL
    /// The model's name, as the API knows it.
    public var model: String
    /// The key, for an API that wants one.
    public var key: APIKey?
    /// The most requests at one time, and with them the most connections.
    public var concurrency: Int
    /// How long is waited.
    public var timeouts: Timeouts
    /// How long the API is left alone after it refused without saying for how long, and after faults in a row.
    public var backoff: RetryPolicy
    /// The longest that requests are held back because the API limits them, before their chunks fail.
    public var longestLimit: Duration
    /// The longest that an API may fail without one success, before chunks fail at once.
    public var longestOutage: Duration

    /// Describes an API.
    public init(
        baseURL: APIBaseURL = .openAI, model: String = standardModel, key: APIKey? = nil, concurrency: Int = 4,
        timeouts: Timeouts = Timeouts(), backoff: RetryPolicy = .exponential(),
        longestLimit: Duration = .seconds(7_200),
        longestOutage: Duration = .seconds(600)
    ) {
        self.baseURL = baseURL
        self.model = model
        self.key = key
        self.concurrency = max(1, concurrency)
        self.timeouts = timeouts
        self.backoff = backoff
        self.longestLimit = longestLimit
        self.longestOutage = longestOutage
    }

    /// How the store knows the engine: kind `openai`, the model, and the SHA-256 of the base URL.
    ///
    /// - Throws: `InvalidValue` when the model's name cannot be one.
    public func identity() throws(InvalidValue) -> EngineIdentity {
        try EngineIdentity(kind: "openai", model: model, fingerprint: baseURL.fingerprint)
    }
}
