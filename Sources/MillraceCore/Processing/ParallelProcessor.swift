/// Aggregate root of one chunked run, "a processing", and its chunks. Row in `processing_tasks`.
public struct ParallelProcessor: AggregateRoot, Hashable {
    /// Identity, a UUID of version 7.
    public let id: ProcessingID
    /// The transcript that it writes; each processing has its own.
    public let transcriptID: TranscriptID
    /// The recording.
    public let source: RecordingSource
    /// How it is transcribed.
    public let recipe: Recipe
    /// What makes another run the same.
    public let runKey: RunKey
    /// The queue of its merge.
    public let queueName: QueueName
    /// How urgent it is.
    public let priority: JobPriority
    /// The trace that its chunks and its merge belong to, as headers (W3C Trace Context); `nil` for none.
    public let traceContext: [String: String]?
    /// When it was planned.
    public let createdAt: Timestamp

    /// Where it stands.
    public private(set) var status: ProcessingStatus
    /// Which merge is the next or the last: 1 for the first run, one more for each resumption.
    public private(set) var round: Int
    /// Grows with every change of the stored row but claims and shown progress; `save` requires the loaded one.
    public let version: Int64
    /// What `updateProgress` showed last, 0…1; never falls.
    public let shownProgress: Double
    /// When the first chunk was claimed.
    public private(set) var startedAt: Timestamp?
    /// When it came to its end.
    public private(set) var completedAt: Timestamp?
    /// When the row last changed.
    public private(set) var updatedAt: Timestamp
    /// Why it FAILED as a whole.
    public private(set) var errorMessage: String?
    /// The chunks, by index.
    public private(set) var tasks: [ChunkTask]
    /// Whether it was made here and is not stored yet.
    public let isNew: Bool
    /// The chunks changed since loading, with the tokens that they were loaded with.
    public private(set) var changedTasks: [ChunkID: LeaseToken] = [:]

    /// Plans a run over ranges that follow one another.
    ///
    /// - Throws: ``InvalidValue`` when there is no range or they do not ascend.
    public init(
        id: ProcessingID, transcriptID: TranscriptID, source: RecordingSource, recipe: Recipe,
        chunks: [(id: ChunkID, range: SampleRange)], queueName: QueueName = .default,
        priority: JobPriority = .medium, maxRetries: Int = 3, traceContext: [String: String]? = nil, at now: Timestamp
    ) throws(InvalidValue) {
        guard !chunks.isEmpty else { throw InvalidValue("plan", "must have at least one chunk") }
        guard !chunks.contains(where: { $0.range.count == 0 }) else {
            throw InvalidValue("plan", "has an empty chunk")
        }
        for (left, right) in zip(chunks, chunks.dropFirst()) where left.range.end > right.range.start {
            throw InvalidValue("plan", "the chunks overlap at sample \(right.range.start)")
        }
        let range = SampleRange(uncheckedStart: chunks[0].range.start, end: chunks[chunks.count - 1].range.end)
        self.id = id
        self.transcriptID = transcriptID
        self.source = source
        self.recipe = recipe
        self.queueName = queueName
        self.priority = priority
        self.traceContext = traceContext
        runKey = RunKey(recording: source.hash, range: range, recipe: recipe)
        createdAt = now
        updatedAt = now
        status = .pending
        round = 1
        version = 0
        shownProgress = 0
        isNew = true
        tasks = chunks.enumerated().map { index, chunk in
            ChunkTask(
                id: chunk.id, processingID: id, index: index, range: chunk.range, maxRetries: max(0, maxRetries))
        }
    }

    /// Rebuilds a processing from stored rows.
    public init(_ row: Row, tasks: [ChunkTask]) {
        id = row.id
        transcriptID = row.transcriptID
        source = row.source
        recipe = row.recipe
        runKey = row.runKey
        queueName = row.queueName
        priority = row.priority
        traceContext = row.traceContext
        createdAt = row.createdAt
        status = row.status
        round = row.round
        version = row.version
        shownProgress = row.shownProgress
        startedAt = row.startedAt
        completedAt = row.completedAt
        updatedAt = row.updatedAt
        errorMessage = row.errorMessage
        self.tasks = tasks
        isNew = false
    }

    /// Chunks in all.
    public var totalChunks: Int { tasks.count }
    /// Chunks transcribed.
    public var completedChunks: Int { tasks.count { $0.status == .completed } }
    /// Chunks that failed for good.
    public var failedChunks: Int { tasks.count { $0.status == .failed } }
    /// Completed chunks to all chunks, 0…1.
    public var progress: Double { Double(completedChunks) / Double(max(1, totalChunks)) }
    /// The merge of the present round.
    public var merge: MergePayload { MergePayload(processingID: id, round: round) }

    /// Takes the run up again: chunks that failed or were cancelled are pending, retries and crashes counted from 0,
    /// and a new merge round begins.
    ///
    /// Chunks that are completed or held stay as they are. With nothing left to transcribe the processing is MERGING,
    /// and `save` queues the merge.
    ///
    /// - Throws: `illegalMove` unless the processing is PARTIAL or FAILED.
    public mutating func resume(at now: Timestamp) throws(StoreError) {
        guard status == .partial || status == .failed else {
            throw StoreError(.illegalMove, "a processing that is \(status.rawValue) cannot be resumed")
        }
        for index in tasks.indices where tasks[index].status == .failed || tasks[index].status == .cancelled {
            willChange(tasks[index])
            tasks[index].reopen()
        }
        round += 1
        status = tasks.allSatisfy { $0.status.isFinal } ? .merging : .processing
        completedAt = nil
        errorMessage = nil
        updatedAt = now
    }

    /// Calls the run off; chunks that are held are fenced, results stay.
    ///
    /// - Throws: `illegalMove` when the processing has ended.
    public mutating func cancel(at now: Timestamp) throws(StoreError) {
        guard !status.isFinal else {
            throw StoreError(.illegalMove, "a processing that is \(status.rawValue) cannot be cancelled")
        }
        for index in tasks.indices where !tasks[index].status.isFinal {
            willChange(tasks[index])
            tasks[index].cancel(at: now)
        }
        status = .cancelled
        completedAt = now
        updatedAt = now
    }

    /// Remembers the token that a chunk was loaded with; a second change finds it raised already.
    private mutating func willChange(_ chunk: ChunkTask) {
        if changedTasks[chunk.id] == nil { changedTasks[chunk.id] = chunk.leaseToken }
    }
}
