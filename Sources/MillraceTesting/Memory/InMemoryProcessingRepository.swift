public import MillraceCore

/// Processings in memory, for tests and for programs that need no durability.
///
/// Share the store with an ``InMemoryJobQueueRepository``, where the workers register and the merges are queued.
public struct InMemoryProcessingRepository: ProcessingRepository {
    private let store: InMemoryStore

    /// Makes a repository over a store.
    public init(_ store: InMemoryStore) {
        self.store = store
    }

    /// See the port.
    public func save(_ processor: ParallelProcessor) async throws(StoreError) {
        try store.step { (state, now) throws(StoreError) in try state.saveProcessing(processor, at: now) }
    }

    /// See the port.
    public func load(_ id: ProcessingID) async throws(StoreError) -> ParallelProcessor? {
        try store.step { state, _ in state.loadProcessing(id) }
    }

    /// See the port.
    public func delete(_ id: ProcessingID) async throws(StoreError) {
        try store.step { (state, now) throws(StoreError) in try state.deleteProcessing(id, at: now) }
    }

    /// See the port.
    public func start(
        _ processor: ParallelProcessor, transcript: Transcript, for job: Job?
    ) async throws(StoreError) {
        try store.step { (state, _) throws(StoreError) in
            try state.start(processor, transcript: transcript, for: job)
        }
    }

    /// See the port.
    public func find(_ runKey: RunKey) async throws(StoreError) -> ParallelProcessor? {
        try store.step { state, _ in state.findProcessing(runKey) }
    }

    /// See the port.
    public func rows(
        matching filter: ProcessingFilter, before cursor: ProcessingID?, limit: Int
    ) async throws(StoreError) -> [ParallelProcessor.Row] {
        try store.step { state, _ in
            let older = state.processings.values.filter { row in
                filter.matches(row) && (cursor.map { row.id < $0 } ?? true)
            }
            return Array(older.sorted { $0.id > $1.id }.prefix(max(0, limit)))
        }
    }

    /// See the port.
    public func row(_ id: ProcessingID) async throws(StoreError) -> ParallelProcessor.Row? {
        try store.step { state, _ in state.processings[id] }
    }

    /// See the port.
    public func row(of transcript: TranscriptID) async throws(StoreError) -> ParallelProcessor.Row? {
        try store.step { state, _ in state.processings.values.first { $0.transcriptID == transcript } }
    }

    /// See the port.
    public func updateProgress(_ id: ProcessingID, progress: Double) async throws(StoreError) {
        try store.step { (state, now) throws(StoreError) in try state.showProgress(id, progress, at: now) }
    }

    /// See the port.
    public func activeProcessings() async throws(StoreError) -> [ParallelProcessor] {
        try store.step { state, _ in state.activeProcessings() }
    }

    /// See the port.
    public func claim(
        upTo limit: Int, from scope: ChunkScope, by worker: WorkerID
    ) async throws(StoreError) -> [ClaimedChunk] {
        try store.step { (state, now) throws(StoreError) in
            try state.claimChunks(upTo: limit, from: scope, by: worker, at: now)
        }
    }

    /// See the port.
    public func settle(_ settlements: [ChunkSettlement]) async throws(StoreError) -> ChunkSettleReceipt {
        try store.step { state, now in state.settleChunks(settlements, at: now) }
    }

    /// See the port.
    public func leases(of worker: WorkerID) async throws(StoreError) -> [ChunkID: LeaseToken] {
        try store.step { state, _ in state.chunkLeases(of: worker) }
    }

    /// See the port.
    public func rescue(maxCrashes: Int) async throws(StoreError) -> [ChunkID] {
        try store.step { state, now in state.rescueChunks(maxCrashes: maxCrashes, at: now) }
    }

    /// See the port.
    public func sweep() async throws(StoreError) -> [ProcessingID] {
        try store.step { state, now in state.sweep(at: now) }
    }

    /// See the port.
    public func chunks(of id: ProcessingID, after index: Int?, limit: Int) async throws(StoreError) -> [ChunkTask] {
        try store.step { state, _ in
            let behind = (state.chunks[id] ?? []).drop { task in index.map { task.index <= $0 } ?? false }
            return Array(behind.prefix(max(0, limit)))
        }
    }

    /// See the port.
    public func finish(_ outcome: MergeOutcome) async throws(StoreError) -> Bool {
        try store.step { (state, now) throws(StoreError) in try state.finish(outcome, at: now) }
    }

    /// See the port.
    public func storeAudio(_ audio: [ChunkID: [UInt8]]) async throws(StoreError) {
        try store.step { state, _ in state.storeAudio(audio) }
    }

    /// See the port.
    public func audio(of id: ChunkID) async throws(StoreError) -> [UInt8]? {
        try store.step { state, _ in state.chunkAudio[id] }
    }

    /// See the port.
    public func chunksWithoutAudio(of id: ProcessingID) async throws(StoreError) -> [ChunkTask] {
        try store.step { state, _ in state.chunksWithoutAudio(of: id) }
    }
}
