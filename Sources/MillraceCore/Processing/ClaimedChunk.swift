/// A chunk under lease, with what a worker must know of its processing.
public struct ClaimedChunk: Sendable, Hashable {
    /// The chunk as leased.
    public let task: ChunkTask
    /// The recording that it is cut from.
    public let source: RecordingSource
    /// How it is to be transcribed.
    public let recipe: Recipe
    /// The trace that its processing belongs to, as headers; `nil` for none.
    public let traceContext: [String: String]?

    /// Describes a chunk under lease.
    public init(task: ChunkTask, source: RecordingSource, recipe: Recipe, traceContext: [String: String]? = nil) {
        self.task = task
        self.source = source
        self.recipe = recipe
        self.traceContext = traceContext
    }
}
