internal import MillraceCore

/// Transcribes one chunk: sound, cache, engine.
struct ChunkExecutor: Sendable {
    let reader: any RecordingReader
    let transcribers: [EngineIdentity: any Transcriber]
    let cache: any CacheRepository
    let timeToLive: TTL

    /// The result, where the cache keeps it (`nil` without cache), and whether it was there before.
    func transcribe(
        _ chunk: ClaimedChunk
    ) async throws(TranscriptionError) -> (ChunkResult, CacheKey?, isFromCache: Bool) {
        let recipe = chunk.recipe
        guard let transcriber = transcribers[recipe.engine] else {
            throw TranscriptionError(.engineUnavailable, "this worker has no engine \(recipe.engine.kind)")
        }
        let audio = try await reader.chunk(chunk.task.range, of: chunk.source)
        guard recipe.usesCache else {
            return (try await transcriber.transcribe(audio, recipe: recipe), nil, false)
        }
        let key = CacheKey.chunk(audio, recipe: recipe)
        do throws(StoreError) {
            let load = try await cache.value(for: key, ttl: timeToLive) {
                try CacheValue(encoding: await transcriber.transcribe(audio, recipe: recipe))
            }
            let result = try decode(load.value)
            return (result, key, load.tier != nil)
        } catch {
            throw Self.meaning(of: error)
        }
    }

    private func decode(_ value: CacheValue) throws(StoreError) -> ChunkResult {
        do throws(InvalidValue) {
            return try value.decode(ChunkResult.self)
        } catch {
            throw StoreError(.corrupted, "a cached result cannot be read: \(error)", cause: error)
        }
    }

    private static func meaning(of error: StoreError) -> TranscriptionError {
        if let cause = error.cause as? TranscriptionError { return cause }
        if error.code == .cancelled { return TranscriptionError(.cancelled, "cancelled", cause: error) }
        return TranscriptionError(
            .engineFailed, "the cache failed: \(error.message)", isRetryable: error.isRetryable, cause: error)
    }
}
