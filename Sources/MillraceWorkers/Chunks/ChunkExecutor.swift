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
            if let result = try? load.value.decode(ChunkResult.self) { return (result, key, load.tier != nil) }
        } catch {
            if let cause = error.cause as? TranscriptionError { throw cause }
            if error.code == .cancelled { throw TranscriptionError(.cancelled, "cancelled", cause: error) }
        }
        // The cache is out of order, or what it holds cannot be read: that must not cost the chunk.
        let result = try await transcriber.transcribe(audio, recipe: recipe)
        if let value = try? CacheValue(encoding: result) { _ = try? await cache.put(key, value, ttl: timeToLive) }
        return (result, key, false)
    }
}
