public import MillraceCore
internal import MillraceSpeech

/// What a job of type `JobType.transcribe` is given: a recording and how it is to be transcribed.
///
/// The engine is named by the job itself (`Job.engine`), because only workers that have it are given the
/// job. Nothing in it can start a program.
public struct TranscribePayload: Sendable, Hashable, Codable {
    /// The absolute path of the recording, or its http(s) URL.
    public var source: String
    /// The spoken language as a BCP 47 tag; `nil` lets the engine decide.
    public var language: String?
    /// Words that tell the engine what to expect.
    public var prompt: String?
    /// Where the part to transcribe begins, in seconds.
    public var startSeconds: Double
    /// Where it ends, in seconds; `nil` for where the recording does.
    public var endSeconds: Double?
    /// The length that cuts aim at.
    public var chunkSeconds: Double
    /// Whether results are taken from and put into the cache.
    public var usesCache: Bool
    /// What a chunk that fails for good does to the transcript.
    public var failurePolicy: FailurePolicy
    /// Retries of a chunk after its first run.
    public var maxRetries: Int
    /// The transcript of a run that is planned already; `nil` when the job is to plan it.
    public var transcriptID: TranscriptID?

    /// Describes a recording and its options; concurrency and priority are not among them, since they belong to the
    /// worker and to the job.
    public init(source: String, options: TranscriptionOptions = TranscriptionOptions()) {
        self.source = source
        language = options.language
        prompt = options.prompt
        startSeconds = options.range.start / .seconds(1)
        endSeconds = options.range.end.map { $0 / .seconds(1) }
        chunkSeconds = options.chunking.targetSeconds
        usesCache = options.usesCache
        failurePolicy = options.failurePolicy
        maxRetries = options.maxRetries
    }

    /// Decodes a payload; all but the source may be missing, and is then as ``TranscriptionOptions`` has it.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(source: try values.decode(String.self, forKey: .source))
        language = try values.decodeIfPresent(String.self, forKey: .language)
        prompt = try values.decodeIfPresent(String.self, forKey: .prompt)
        startSeconds = try values.decodeIfPresent(Double.self, forKey: .startSeconds) ?? 0
        endSeconds = try values.decodeIfPresent(Double.self, forKey: .endSeconds)
        chunkSeconds = try values.decodeIfPresent(Double.self, forKey: .chunkSeconds) ?? chunkSeconds
        usesCache = try values.decodeIfPresent(Bool.self, forKey: .usesCache) ?? usesCache
        failurePolicy = try values.decodeIfPresent(FailurePolicy.self, forKey: .failurePolicy) ?? failurePolicy
        maxRetries = try values.decodeIfPresent(Int.self, forKey: .maxRetries) ?? maxRetries
        transcriptID = try values.decodeIfPresent(TranscriptID.self, forKey: .transcriptID)
    }

    /// The options of the run.
    ///
    /// - Throws: `InvalidValue` for times or a chunk length out of bounds: what stands in a store may be anybody's.
    func options(priority: JobPriority) throws(InvalidValue) -> TranscriptionOptions {
        // Whoever wrote that meant no time that a clock can show.
        let times = [startSeconds, endSeconds ?? 0]
        guard times.allSatisfy({ $0.isFinite && abs($0) < 1e9 }) else {
            throw InvalidValue("range", "must lie between 0 and 10000 hours")
        }
        return TranscriptionOptions(
            language: language, prompt: prompt,
            range: try RecordingRange(start: Self.time(startSeconds), end: endSeconds.map(Self.time)),
            chunking: try ChunkSettings(targetSeconds: chunkSeconds),
            usesCache: usesCache, failurePolicy: failurePolicy, priority: priority, maxRetries: maxRetries)
    }

    /// The nearest nanosecond, since times are typed in those at most: 1.2 as a `Double` is a little less, which would be
    /// one sample earlier.
    private static func time(_ seconds: Double) -> Duration {
        .nanoseconds(Int64((seconds * 1e9).rounded()))
    }
}
