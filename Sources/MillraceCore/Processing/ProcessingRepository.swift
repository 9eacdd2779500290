/// Keeps processings and their chunks.
///
/// `save` inserts a plan (its transcript must exist; see ``start(_:transcript:)``) or writes the chunks changed since
/// loading, each guarded by its lease token, and never resets one that is held. A stale version is a `conflict`. Claims
/// are no new version: a copy from before a claim may be saved, and undoes nothing of it. A processing that is taken up
/// again or called off takes its transcript along. When a saved processing has no chunk left to transcribe, `save`
/// queues its merge, once a round: a merge of the round that has ended counts too. `delete` removes the chunks
/// and a merge that is still queued too, makes the transcript CANCELLED if it was not final, and throws `conflict` while
/// a chunk is held.
public protocol ProcessingRepository: Repository where Aggregate == ParallelProcessor {
    /// Inserts a transcript, its processing and all chunks, whole or not at all.
    ///
    /// Of a run that a job begins, the job's ``Job/awaits`` names the transcript from then on, so that who cancels the job
    /// knows what it has begun. `job` is the job as it was claimed.
    ///
    /// - Throws: `conflict` when a processing with the same run key can be resumed (find it and join it), when the
    ///   transcript or a processing for it is stored already, or when the lease of the job was lost; `invalid` when
    ///   processing and transcript do not belong together.
    func start(_ processor: ParallelProcessor, transcript: Transcript, for job: Job?) async throws(StoreError)

    /// The newest processing with a run key, whatever its status; `nil` when there is none.
    func find(_ runKey: RunKey) async throws(StoreError) -> ParallelProcessor?

    /// The rows of the processings that a filter lets through, newest first by identity, a page at a time: those before
    /// `cursor`, or from the newest when it is `nil`.
    func rows(
        matching filter: ProcessingFilter, before cursor: ProcessingID?, limit: Int
    ) async throws(StoreError) -> [ParallelProcessor.Row]

    /// A processing's row without its chunks; `nil` when there is none.
    func row(_ id: ProcessingID) async throws(StoreError) -> ParallelProcessor.Row?

    /// The processing that writes a transcript, without its chunks; `nil` when there is none.
    func row(of transcript: TranscriptID) async throws(StoreError) -> ParallelProcessor.Row?

    /// Shows progress between settlements: 0…1, never lowers what is shown. Truth stays with the chunks.
    ///
    /// - Throws: `invalid` for a number outside 0…1; `notFound`.
    func updateProgress(_ id: ProcessingID, progress: Double) async throws(StoreError)

    /// The processings that are PROCESSING or MERGING, with their chunks, oldest first, read by two statements in all.
    func activeProcessings() async throws(StoreError) -> [ParallelProcessor]

    /// Leases up to `limit` chunks to a worker.
    ///
    /// Higher priority first, processings of one priority in turn, the chunks of each by index. A processing whose
    /// first chunk is claimed becomes PROCESSING. A `limit` that is not positive gives none.
    ///
    /// - Throws: `conflict` when the worker has no lease: it must register first.
    func claim(upTo limit: Int, from scope: ChunkScope, by worker: WorkerID) async throws(StoreError) -> [ClaimedChunk]

    /// Ends leases, each guarded by its token, and counts at their processings only what really changed.
    ///
    /// The settlement that ends the last chunk of a processing makes it MERGING and queues the merge with it. A chunk
    /// that nobody holds cannot be settled, whatever the token.
    func settle(_ settlements: [ChunkSettlement]) async throws(StoreError) -> ChunkSettleReceipt

    /// Makes claimable again what is held by workers without a lease, and adds one to its `crashes`.
    ///
    /// A chunk that had `maxCrashes` of them already, unless that is 0, is FAILED instead, and counts at its processing.
    ///
    /// - Returns: the chunks taken back, the failed ones included.
    func rescue(maxCrashes: Int) async throws(StoreError) -> [ChunkID]

    /// The chunks that a worker holds, with the tokens of their leases. Costs one look at an index.
    func leases(of worker: WorkerID) async throws(StoreError) -> [ChunkID: LeaseToken]

    /// Counts the chunks of all open processings again, corrects their counters, queues merges that are missing, and
    /// fails the processings, and their transcripts, whose merge has ended without one.
    ///
    /// - Returns: the processings that were mended.
    func sweep() async throws(StoreError) -> [ProcessingID]

    /// The chunks of a processing behind an index, in index order, with their results; from the first for `nil`.
    func chunks(of id: ProcessingID, after index: Int?, limit: Int) async throws(StoreError) -> [ChunkTask]

    /// Ends a processing: stores its transcript, its final status and the settled merge, whole or not at all.
    ///
    /// - Returns: `false` when the merge's lease was lost, or the processing is in another round or no longer MERGING;
    ///   nothing changed.
    /// - Throws: `invalid` when the transcript's status is not final.
    func finish(_ outcome: MergeOutcome) async throws(StoreError) -> Bool

    /// Keeps the sound of chunks with them, as FLAC, for workers that do not reach their recording.
    ///
    /// It is forgotten when the chunk ends, in whatever way, or goes. What was kept before is replaced; sound of a chunk
    /// that has ended, or that there is not, is dropped: others may have been faster.
    func storeAudio(_ audio: [ChunkID: [UInt8]]) async throws(StoreError)

    /// The sound that is kept of a chunk, as FLAC; `nil` when there is none.
    func audio(of id: ChunkID) async throws(StoreError) -> [UInt8]?

    /// The chunks of a processing that have not ended and of which no sound is kept, by index.
    func chunksWithoutAudio(of id: ProcessingID) async throws(StoreError) -> [ChunkTask]
}

extension ProcessingRepository {
    /// Takes back what dead workers hold, however often that has happened before.
    @discardableResult
    public func rescue() async throws(StoreError) -> [ChunkID] {
        try await rescue(maxCrashes: 0)
    }

    /// Inserts a transcript, its processing and all chunks, whole or not at all.
    public func start(_ processor: ParallelProcessor, transcript: Transcript) async throws(StoreError) {
        try await start(processor, transcript: transcript, for: nil)
    }

    /// The chunks of a processing in index order, with their results, read a page at a time.
    public func results(of id: ProcessingID) -> PagedSequence<ChunkTask, Int> {
        PagedSequence(
            pageSize: 200, cursor: { $0.index },
            fetch: { [self] index, limit throws(StoreError) in
                try await chunks(of: id, after: index, limit: limit)
            })
    }
}
