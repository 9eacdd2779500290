import MillraceCore
import MillraceTesting

/// Processings of which single verbs are broken.
struct TamperedProcessings: ProcessingRepository {
    let base: any ProcessingRepository

    var onSave: (@Sendable (any ProcessingRepository, ParallelProcessor) async throws -> Void)?
    var onLoad: (@Sendable (any ProcessingRepository, ProcessingID) async throws -> ParallelProcessor?)?
    var onDelete: (@Sendable (any ProcessingRepository, ProcessingID) async throws -> Void)?
    var onStart: (@Sendable (any ProcessingRepository, ParallelProcessor, Transcript, Job?) async throws -> Void)?
    var onFind: (@Sendable (any ProcessingRepository, RunKey) async throws -> ParallelProcessor?)?
    var onList:
        (
            @Sendable (any ProcessingRepository, ProcessingFilter, ProcessingID?, Int) async throws ->
                [ParallelProcessor.Row]
        )?
    var onRow: (@Sendable (any ProcessingRepository, ProcessingID) async throws -> ParallelProcessor.Row?)?
    var onRowOf: (@Sendable (any ProcessingRepository, TranscriptID) async throws -> ParallelProcessor.Row?)?
    var onProgress: (@Sendable (any ProcessingRepository, ProcessingID, Double) async throws -> Void)?
    var onActive: (@Sendable (any ProcessingRepository) async throws -> [ParallelProcessor])?
    var onClaim: (@Sendable (any ProcessingRepository, Int, ChunkScope, WorkerID) async throws -> [ClaimedChunk])?
    var onSettle: (@Sendable (any ProcessingRepository, [ChunkSettlement]) async throws -> ChunkSettleReceipt)?
    var onLeases: (@Sendable (any ProcessingRepository, WorkerID) async throws -> [ChunkID: LeaseToken])?
    var onRescue: (@Sendable (any ProcessingRepository, Int) async throws -> [ChunkID])?
    var onSweep: (@Sendable (any ProcessingRepository) async throws -> [ProcessingID])?
    var onPage: (@Sendable (any ProcessingRepository, ProcessingID, Int?, Int) async throws -> [ChunkTask])?
    var onFinish: (@Sendable (any ProcessingRepository, MergeOutcome) async throws -> Bool)?
    var onStoreAudio: (@Sendable (any ProcessingRepository, [ChunkID: [UInt8]]) async throws -> Void)?
    var onAudio: (@Sendable (any ProcessingRepository, ChunkID) async throws -> [UInt8]?)?
    var onWithoutAudio: (@Sendable (any ProcessingRepository, ProcessingID) async throws -> [ChunkTask])?

    init(_ base: any ProcessingRepository) { self.base = base }
}

extension TamperedProcessings {
    func save(_ aggregate: ParallelProcessor) async throws(StoreError) {
        guard let tampered = onSave else { return try await base.save(aggregate) }
        return try await storeError { try await tampered(base, aggregate) }
    }

    func load(_ id: ProcessingID) async throws(StoreError) -> ParallelProcessor? {
        guard let tampered = onLoad else { return try await base.load(id) }
        return try await storeError { try await tampered(base, id) }
    }

    func delete(_ id: ProcessingID) async throws(StoreError) {
        guard let tampered = onDelete else { return try await base.delete(id) }
        return try await storeError { try await tampered(base, id) }
    }

    func start(_ processor: ParallelProcessor, transcript: Transcript, for job: Job?) async throws(StoreError) {
        guard let tampered = onStart else { return try await base.start(processor, transcript: transcript, for: job) }
        return try await storeError { try await tampered(base, processor, transcript, job) }
    }

    func find(_ runKey: RunKey) async throws(StoreError) -> ParallelProcessor? {
        guard let tampered = onFind else { return try await base.find(runKey) }
        return try await storeError { try await tampered(base, runKey) }
    }

    func rows(
        matching filter: ProcessingFilter, before cursor: ProcessingID?, limit: Int
    ) async throws(StoreError) -> [ParallelProcessor.Row] {
        guard let tampered = onList else { return try await base.rows(matching: filter, before: cursor, limit: limit) }
        return try await storeError { try await tampered(base, filter, cursor, limit) }
    }

    func row(_ id: ProcessingID) async throws(StoreError) -> ParallelProcessor.Row? {
        guard let tampered = onRow else { return try await base.row(id) }
        return try await storeError { try await tampered(base, id) }
    }

    func row(of transcript: TranscriptID) async throws(StoreError) -> ParallelProcessor.Row? {
        guard let tampered = onRowOf else { return try await base.row(of: transcript) }
        return try await storeError { try await tampered(base, transcript) }
    }

    func updateProgress(_ id: ProcessingID, progress: Double) async throws(StoreError) {
        guard let tampered = onProgress else { return try await base.updateProgress(id, progress: progress) }
        return try await storeError { try await tampered(base, id, progress) }
    }

    func activeProcessings() async throws(StoreError) -> [ParallelProcessor] {
        guard let tampered = onActive else { return try await base.activeProcessings() }
        return try await storeError { try await tampered(base) }
    }

    func claim(upTo limit: Int, from scope: ChunkScope, by worker: WorkerID) async throws(StoreError) -> [ClaimedChunk]
    {
        guard let tampered = onClaim else { return try await base.claim(upTo: limit, from: scope, by: worker) }
        return try await storeError { try await tampered(base, limit, scope, worker) }
    }

    func settle(_ settlements: [ChunkSettlement]) async throws(StoreError) -> ChunkSettleReceipt {
        guard let tampered = onSettle else { return try await base.settle(settlements) }
        return try await storeError { try await tampered(base, settlements) }
    }

    func leases(of worker: WorkerID) async throws(StoreError) -> [ChunkID: LeaseToken] {
        guard let tampered = onLeases else { return try await base.leases(of: worker) }
        return try await storeError { try await tampered(base, worker) }
    }

    func rescue(maxCrashes: Int) async throws(StoreError) -> [ChunkID] {
        guard let tampered = onRescue else { return try await base.rescue(maxCrashes: maxCrashes) }
        return try await storeError { try await tampered(base, maxCrashes) }
    }

    func sweep() async throws(StoreError) -> [ProcessingID] {
        guard let tampered = onSweep else { return try await base.sweep() }
        return try await storeError { try await tampered(base) }
    }

    func chunks(of id: ProcessingID, after index: Int?, limit: Int) async throws(StoreError) -> [ChunkTask] {
        guard let tampered = onPage else { return try await base.chunks(of: id, after: index, limit: limit) }
        return try await storeError { try await tampered(base, id, index, limit) }
    }

    func finish(_ outcome: MergeOutcome) async throws(StoreError) -> Bool {
        guard let tampered = onFinish else { return try await base.finish(outcome) }
        return try await storeError { try await tampered(base, outcome) }
    }

    func storeAudio(_ audio: [ChunkID: [UInt8]]) async throws(StoreError) {
        guard let tampered = onStoreAudio else { return try await base.storeAudio(audio) }
        return try await storeError { try await tampered(base, audio) }
    }

    func audio(of id: ChunkID) async throws(StoreError) -> [UInt8]? {
        guard let tampered = onAudio else { return try await base.audio(of: id) }
        return try await storeError { try await tampered(base, id) }
    }

    func chunksWithoutAudio(of id: ProcessingID) async throws(StoreError) -> [ChunkTask] {
        guard let tampered = onWithoutAudio else { return try await base.chunksWithoutAudio(of: id) }
        return try await storeError { try await tampered(base, id) }
    }
}
