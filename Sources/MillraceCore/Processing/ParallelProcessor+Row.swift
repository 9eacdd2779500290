extension ParallelProcessor {
    /// The columns of a stored processing.
    public struct Row: Sendable, Hashable {
        /// See ``ParallelProcessor/id``.
        public var id: ProcessingID
        /// See ``ParallelProcessor/transcriptID``.
        public var transcriptID: TranscriptID
        /// See ``ParallelProcessor/source``.
        public var source: RecordingSource
        /// See ``ParallelProcessor/recipe``.
        public var recipe: Recipe
        /// See ``ParallelProcessor/runKey``.
        public var runKey: RunKey
        /// See ``ParallelProcessor/queueName``.
        public var queueName: QueueName
        /// See ``ParallelProcessor/priority``.
        public var priority: JobPriority
        /// See ``ParallelProcessor/traceContext``.
        public var traceContext: [String: String]?
        /// See ``ParallelProcessor/status``.
        public var status: ProcessingStatus
        /// See ``ParallelProcessor/round``.
        public var round: Int
        /// See ``ParallelProcessor/version``.
        public var version: Int64
        /// Chunks in all.
        public var totalChunks: Int
        /// Chunks transcribed, as counted by settlements; the chunk rows are the truth.
        public var completedChunks: Int
        /// Chunks that failed for good, as counted by settlements.
        public var failedChunks: Int
        /// See ``ParallelProcessor/shownProgress``.
        public var shownProgress: Double
        /// See ``ParallelProcessor/createdAt``.
        public var createdAt: Timestamp
        /// See ``ParallelProcessor/startedAt``.
        public var startedAt: Timestamp?
        /// See ``ParallelProcessor/completedAt``.
        public var completedAt: Timestamp?
        /// See ``ParallelProcessor/updatedAt``.
        public var updatedAt: Timestamp
        /// See ``ParallelProcessor/errorMessage``.
        public var errorMessage: String?

        /// Gathers the columns of a row.
        public init(
            id: ProcessingID, transcriptID: TranscriptID, source: RecordingSource, recipe: Recipe, runKey: RunKey,
            queueName: QueueName, priority: JobPriority, traceContext: [String: String]?, status: ProcessingStatus,
            round: Int, version: Int64, totalChunks: Int, completedChunks: Int, failedChunks: Int,
            shownProgress: Double, createdAt: Timestamp, startedAt: Timestamp?, completedAt: Timestamp?,
            updatedAt: Timestamp, errorMessage: String?
        ) {
            self.id = id
            self.transcriptID = transcriptID
            self.source = source
            self.recipe = recipe
            self.runKey = runKey
            self.queueName = queueName
            self.priority = priority
            self.traceContext = traceContext
            self.status = status
            self.round = round
            self.version = version
            self.totalChunks = totalChunks
            self.completedChunks = completedChunks
            self.failedChunks = failedChunks
            self.shownProgress = shownProgress
            self.createdAt = createdAt
            self.startedAt = startedAt
            self.completedAt = completedAt
            self.updatedAt = updatedAt
            self.errorMessage = errorMessage
        }

        /// The row of a processing as its aggregate has it.
        public init(_ processor: ParallelProcessor) {
            id = processor.id
            transcriptID = processor.transcriptID
            source = processor.source
            recipe = processor.recipe
            runKey = processor.runKey
            queueName = processor.queueName
            priority = processor.priority
            traceContext = processor.traceContext
            status = processor.status
            round = processor.round
            version = processor.version
            totalChunks = processor.totalChunks
            completedChunks = processor.completedChunks
            failedChunks = processor.failedChunks
            shownProgress = processor.shownProgress
            createdAt = processor.createdAt
            startedAt = processor.startedAt
            completedAt = processor.completedAt
            updatedAt = processor.updatedAt
            errorMessage = processor.errorMessage
        }

        /// Completed chunks to all chunks, or what was shown if that is more; 0…1.
        public var progress: Double {
            max(shownProgress, Double(completedChunks) / Double(max(1, totalChunks)))
        }
    }
}
