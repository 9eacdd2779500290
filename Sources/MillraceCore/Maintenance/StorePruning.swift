/// What is to be deleted from a store because it is old.
public struct StorePruning: Sendable, Hashable {
    /// What ended so long ago is deleted.
    public var age: Duration
    /// Whether transcripts go too, with everything that was made for them; else they stay, with their text.
    public var includesTranscripts: Bool
    /// Whether it is only counted.
    public var isDryRun: Bool

    /// Asks for everything that ended longer ago than an age.
    public init(olderThan age: Duration, includesTranscripts: Bool = false, isDryRun: Bool = false) {
        self.age = age
        self.includesTranscripts = includesTranscripts
        self.isDryRun = isDryRun
    }
}

/// What was deleted from a store, or would be.
public struct StorePruned: Sendable, Hashable, Encodable {
    /// Transcripts.
    public var transcripts = 0
    /// Processings, those of deleted transcripts included.
    public var processings = 0
    /// Their chunks, and chunks that had lost their processing.
    public var chunks = 0
    /// Jobs, those of deleted transcripts included.
    public var jobs = 0
    /// Cached values that had expired, and those of deleted transcripts.
    public var cacheEntries = 0
    /// Samples of metrics.
    public var samples = 0
    /// Decoded recordings that no run needs.
    public var recordings = 0

    /// Nothing.
    public init() {}

    /// Whether there was nothing to delete.
    public var isEmpty: Bool { self == StorePruned() }
}
