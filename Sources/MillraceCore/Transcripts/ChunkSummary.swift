/// How the chunks of a transcript ended.
public struct ChunkSummary: Hashable, Sendable, Codable {
    /// Chunks in all.
    public var total: Int
    /// Chunks transcribed.
    public var completed: Int
    /// Chunks that failed for good.
    public var failed: Int
    /// Of the completed ones, those that came from the cache.
    public var cached: Int

    /// Describes the chunks of a transcript.
    public init(total: Int, completed: Int, failed: Int, cached: Int) {
        self.total = total
        self.completed = completed
        self.failed = failed
        self.cached = cached
    }
}
