internal import Logging
internal import MillraceCore
internal import Synchronization
internal import Tracing

/// The chunks that a worker can transcribe.
struct ChunkSource: WorkSource {
    let worker: WorkerID
    let processings: any ProcessingRepository
    let scope: ChunkScope
    let executor: ChunkExecutor
    let unreachable: Unreachable<ProcessingID>
    let retryPolicy: RetryPolicy
    let clock: any WallClock
    /// Is called when the last chunk of a processing was settled.
    let onMerge: @Sendable () -> Void
    let onEvent: (@Sendable (WorkerEvent) -> Void)?
    /// `nil` when nobody measures.
    let metrics: WorkerMetrics?
    let logger: Logger

    func claim(upTo limit: Int, alone: Bool) async throws(StoreError) -> [ClaimedChunk] {
        var scope = scope
        scope.isAlone = alone
        scope.unreachable = unreachable.list()
        scope.engines = executor.engines.usable
        guard !scope.engines.isEmpty else { return [] }
        let batch = BatchSpan("claim chunks", by: worker)
        let chunks: [ClaimedChunk]
        do throws(StoreError) {
            chunks = try await processings.claim(upTo: limit, from: scope, by: worker)
        } catch {
            batch.fail(error)
            throw error
        }
        batch.end(count: chunks.count) { chunks.compactMap { $0.traceContext.map(TraceHeaders.context) } }
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

    func perform(_ chunk: ClaimedChunk) async -> Performance<Traced<ChunkSettlement>> {
        await Spans.item("chunk", in: chunk.traceContext) { span in
            span?.describe(chunk)
            return await run(chunk, in: span).map { Traced($0, span: span, tally: metrics?.tally(of: chunk)) }
        }
    }

    private func run(_ chunk: ClaimedChunk, in span: (any Span)?) async -> Performance<ChunkSettlement> {
        do throws(TranscriptionError) {
            let (result, key, isFromCache) = try await executor.transcribe(chunk)
            span?.attributes["millrace.cached"] = isFromCache
            onEvent?(.chunkCompleted(chunk.task.processingID, chunk.task.index, isFromCache: isFromCache))
            return .ended(
                ChunkSettlement(chunk.task, .completed(result, isFromCache: isFromCache), cacheKey: key))
        } catch {
            if Task.isCancelled || error.code == .cancelled { return .interrupted }
            span?.fail(error)
            let traceID = TraceHeaders.traceID(of: chunk.traceContext, or: span)
            return .ended(ChunkSettlement(chunk.task, failure(error, of: chunk, traceID: traceID)))
        }
    }

    func settlement(of chunk: ClaimedChunk, after interruption: Interruption) -> Traced<ChunkSettlement>? {
        interruption == .revoked
            ? nil
            : Traced(
                ChunkSettlement(chunk.task, .released), from: chunk.traceContext, tally: metrics?.tally(of: chunk))
    }

    func release(of lease: Lease<ChunkID>) -> Traced<ChunkSettlement> {
        Traced(ChunkSettlement(lease.id, token: lease.token, .released))
    }

    func failing(_ traced: Traced<ChunkSettlement>, because error: StoreError) -> Traced<ChunkSettlement> {
        let old = traced.settlement
        return traced.with(
            ChunkSettlement(old.chunkID, token: old.token, .failed(error: "the result cannot be stored: \(error)")))
    }

    func settle(_ settlements: [Traced<ChunkSettlement>]) async throws(StoreError) {
        let batch = BatchSpan("settle chunks", by: worker)
        let receipt: ChunkSettleReceipt
        do throws(StoreError) {
            receipt = try await processings.settle(settlements.map(\.settlement))
        } catch {
            batch.fail(error, count: settlements.count)
            throw error
        }
        batch.end(count: settlements.count, lost: receipt.lost.count) { settlements.compactMap(\.span) }
        for traced in settlements {
            traced.tally?.count(traced.settlement.outcome, isLost: receipt.lost.contains(traced.settlement.chunkID))
        }
        if !receipt.lost.isEmpty { logger.warning("Leases were lost", metadata: ["chunks": "\(receipt.lost.count)"]) }
        if !receipt.merging.isEmpty { onMerge() }
    }

    private func failure(
        _ error: TranscriptionError, of chunk: ClaimedChunk, traceID: String?
    ) -> ChunkSettlement.Outcome {
        let task = chunk.task
        var logger = logger
        if let traceID { logger[metadataKey: "trace-id"] = "\(traceID)" }
        if error.code == .unreadable || error.code == .changed, unreachable.leavesToOthers {
            unreachable.add(task.processingID)
            logger.warning(
                "A recording cannot be read here; its chunks are left to others",
                metadata: ["millrace-processing-id": "\(task.processingID)", "error": "\(error)"])
            return .released
        }
        if executor.engines.rest(afterChunk: chunk, error) { return .released }
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
