import MillraceCore
import MillraceTesting

/// Processings in memory, each call of a worker logged first.
struct WatchedProcessings: ProcessingRepository {
    let base: InMemoryProcessingRepository
    let log: CallLog

    func save(_ processor: ParallelProcessor) async throws(StoreError) { try await base.save(processor) }
    func load(_ id: ProcessingID) async throws(StoreError) -> ParallelProcessor? { try await base.load(id) }
    func delete(_ id: ProcessingID) async throws(StoreError) { try await base.delete(id) }
    func start(_ processor: ParallelProcessor, transcript: Transcript, for job: Job?) async throws(StoreError) {
        try await base.start(processor, transcript: transcript, for: job)
    }
    func rows(
        matching filter: ProcessingFilter, before cursor: ProcessingID?, limit: Int
    ) async throws(StoreError) -> [ParallelProcessor.Row] {
        try await base.rows(matching: filter, before: cursor, limit: limit)
    }
    func find(_ runKey: RunKey) async throws(StoreError) -> ParallelProcessor? { try await base.find(runKey) }
    func row(_ id: ProcessingID) async throws(StoreError) -> ParallelProcessor.Row? { try await base.row(id) }
    func row(of transcript: TranscriptID) async throws(StoreError) -> ParallelProcessor.Row? {
        try await base.row(of: transcript)
    }
    func updateProgress(_ id: ProcessingID, progress: Double) async throws(StoreError) {
        try await base.updateProgress(id, progress: progress)
    }
    func activeProcessings() async throws(StoreError) -> [ParallelProcessor] { try await base.activeProcessings() }
    func claim(
        upTo limit: Int, from scope: ChunkScope, by worker: WorkerID
    ) async throws(StoreError) -> [ClaimedChunk] {
        try await log.note(.claimChunks(limit))
        let claimed = try await base.claim(upTo: limit, from: scope, by: worker)
        try await log.noteEnd(of: .claimChunks(limit))
        return claimed
    }
    func settle(_ settlements: [ChunkSettlement]) async throws(StoreError) -> ChunkSettleReceipt {
        try await log.note(.settleChunks(settlements.count))
        return try await base.settle(settlements)
    }
    func leases(of worker: WorkerID) async throws(StoreError) -> [ChunkID: LeaseToken] {
        try await base.leases(of: worker)
    }

    func rescue(maxCrashes: Int) async throws(StoreError) -> [ChunkID] {
        try await log.note(.rescueChunks)
        return try await base.rescue(maxCrashes: maxCrashes)
    }
    func sweep() async throws(StoreError) -> [ProcessingID] {
        try await log.note(.sweep)
        return try await base.sweep()
    }
    func chunks(of id: ProcessingID, after index: Int?, limit: Int) async throws(StoreError) -> [ChunkTask] {
        try await base.chunks(of: id, after: index, limit: limit)
    }
    func finish(_ outcome: MergeOutcome) async throws(StoreError) -> Bool {
        try await log.note(.finish)
        return try await base.finish(outcome)
    }
    func storeAudio(_ audio: [ChunkID: [UInt8]]) async throws(StoreError) { try await base.storeAudio(audio) }
    func audio(of id: ChunkID) async throws(StoreError) -> [UInt8]? { try await base.audio(of: id) }
    func chunksWithoutAudio(of id: ProcessingID) async throws(StoreError) -> [ChunkTask] {
        try await base.chunksWithoutAudio(of: id)
    }
}
