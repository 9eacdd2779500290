/// A chunk under lease, with what a worker must know of its processing.
public struct ClaimedChunk: Sendable, Hashable {
    /// The chunk as leased.
    public let task: ChunkTask
    /// The recording that it is cut from.
    public let source: RecordingSource
    /// How it is to be transcribed.
    public let recipe: Recipe

    /// Describes a chunk under lease.
    public init(task: ChunkTask, source: RecordingSource, recipe: Recipe) {
        self.task = task
        self.source = source
        self.recipe = recipe
    }
}
