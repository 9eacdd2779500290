internal import Logging
internal import MillraceCore
internal import Synchronization

/// The chunks that a worker can transcribe.
struct ChunkSource: WorkSource {
    let worker: WorkerID
    let processings: any ProcessingRepository
    let scope: ChunkScope
    let executor: ChunkExecutor
    let unreachable: UnreachableRecordings
    let retryPolicy: RetryPolicy
    let clock: any WallClock
    /// Is called when the last chunk of a processing was settled.
    let onMerge: @Sendable () -> Void
    let onEvent: (@Sendable (WorkerEvent) -> Void)?
    let logger: Logger

    func claim(upTo limit: Int, alone: Bool) async throws(StoreError) -> [ClaimedChunk] {
        var scope = scope
        scope.isAlone = alone
        scope.unreachable = unreachable.list()
        let chunks = try await processings.claim(upTo: limit, from: scope, by: worker)
        if !chunks.isEmpty { logger.debug("Claimed chunks", metadata: ["chunks": "\(chunks.count)"]) }
        return chunks
    }

    func lease(of chunk: ClaimedChunk) -> Lease<ChunkID> {
        Lease(id: chunk.task.id, token: chunk.task.leaseToken)
    }

    /// Engines have time-outs of their own.
    func timeout(of chunk: ClaimedChunk) -> Duration? { nil }

    func leases() async throws(StoreError) -> Set<Lease<ChunkID>> {
        Set(try await processings.leases(of: worker).map { Lease(id: $0.key, token: $0.value) })
    }

    func perform(_ chunk: ClaimedChunk) async -> Performance<ChunkSettlement> {
        do throws(TranscriptionError) {
            let (result, key, isFromCache) = try await executor.transcribe(chunk)
            onEvent?(.chunkCompleted(chunk.task.processingID, chunk.task.index, isFromCache: isFromCache))
            return .ended(
                ChunkSettlement(chunk.task, .completed(result, isFromCache: isFromCache), cacheKey: key))
        } catch {
            if Task.isCancelled || error.code == .cancelled { return .interrupted }
            return .ended(ChunkSettlement(chunk.task, failure(error, of: chunk)))
        }
    }

    func settlement(of chunk: ClaimedChunk, after interruption: Interruption) -> ChunkSettlement? {
        interruption == .revoked ? nil : ChunkSettlement(chunk.task, .released)
    }

    func failing(_ settlement: ChunkSettlement, because error: StoreError) -> ChunkSettlement {
        ChunkSettlement(
            settlement.chunkID, token: settlement.token, .failed(error: "the result cannot be stored: \(error)"))
    }

    func settle(_ settlements: [ChunkSettlement]) async throws(StoreError) {
        let receipt = try await processings.settle(settlements)
        if !receipt.lost.isEmpty { logger.warning("Leases were lost", metadata: ["chunks": "\(receipt.lost.count)"]) }
        if !receipt.merging.isEmpty { onMerge() }
    }

    private func failure(_ error: TranscriptionError, of chunk: ClaimedChunk) -> ChunkSettlement.Outcome {
        let task = chunk.task
        if error.code == .unreadable || error.code == .changed, unreachable.leavesToOthers {
            unreachable.add(task.processingID)
            logger.warning(
                "A recording cannot be read here; its chunks are left to others",
                metadata: ["millrace-processing-id": "\(task.processingID)", "error": "\(error)"])
            return .released
        }
        let isLast = !error.isRetryable || task.retryCount >= task.maxRetries
        logger.info(
            "A chunk failed",
            metadata: [
                "millrace-processing-id": "\(task.processingID)", "chunk": "\(task.index)", "error": "\(error.message)",
                "is-last-try": "\(isLast)",
            ])
        onEvent?(.chunkFailed(task.processingID, task.index, message: error.message, isFinal: isLast))
        guard error.isRetryable else { return .failed(error: error.message) }
        var generator = SystemRandomNumberGenerator()
        let delay = retryPolicy.delay(beforeRetry: task.retryCount + 1, using: &generator)
        return .retry(at: clock.now() + delay, error: error.message)
    }
}
