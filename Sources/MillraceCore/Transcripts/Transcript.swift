/// What the user wants: the text of one recording, with timed segments. Row in `transcripts`.
public struct Transcript: AggregateRoot, Hashable {
    /// Identity, a UUID of version 7.
    public let id: TranscriptID
    /// Where the recording came from: ``RecordingSource/shownPath``.
    public let source: String
    /// The SHA-256 of the recording's bytes.
    public let hash: ContentHash
    /// The length of the recording, in seconds.
    public let durationSeconds: Double
    /// When the recording was first planned.
    public let createdAt: Timestamp

    /// Where it stands.
    public var status: TranscriptStatus
    /// The language of most of the speech; `nil` when the engine does not say.
    public var language: String?
    /// The whole text.
    public var text: String
    /// The text with times, in time order.
    public var segments: [Segment]
    /// How the chunks ended.
    public var chunks: ChunkSummary
    /// When it reached its present status, once that is final.
    public var completedAt: Timestamp?

    /// Makes a transcript that waits for its processing.
    public init(
        id: TranscriptID, source: String, hash: ContentHash, durationSeconds: Double, chunkCount: Int,
        at now: Timestamp
    ) {
        self.init(
            id: id, source: source, hash: hash, durationSeconds: durationSeconds, createdAt: now, status: .processing,
            language: nil, text: "", segments: [],
            chunks: ChunkSummary(total: chunkCount, completed: 0, failed: 0, cached: 0), completedAt: nil)
    }

    /// Rebuilds a transcript from a stored row.
    public init(
        id: TranscriptID, source: String, hash: ContentHash, durationSeconds: Double, createdAt: Timestamp,
        status: TranscriptStatus, language: String?, text: String, segments: [Segment], chunks: ChunkSummary,
        completedAt: Timestamp?
    ) {
        self.id = id
        self.source = source
        self.hash = hash
        self.durationSeconds = durationSeconds
        self.createdAt = createdAt
        self.status = status
        self.language = language
        self.text = text
        self.segments = segments
        self.chunks = chunks
        self.completedAt = completedAt
    }
}
