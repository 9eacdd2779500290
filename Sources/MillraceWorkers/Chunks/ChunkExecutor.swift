internal import MillraceCore

/// Transcribes one chunk: sound, cache, engine.
struct ChunkExecutor: Sendable {
    let reader: any RecordingReader
    let processings: any ProcessingRepository
    let unreachable: Unreachable<ProcessingID>
    let engines: EngineWatch
    let cache: any CacheRepository
    let timeToLive: TTL

    /// The result, where the cache keeps it (`nil` without cache), and whether it was there before.
    func transcribe(
        _ chunk: ClaimedChunk
    ) async throws(TranscriptionError) -> (ChunkResult, CacheKey?, isFromCache: Bool) {
        let recipe = chunk.recipe
        let audio = try await sound(of: chunk)
        // Where there is no sound at all there is nothing to hear; engines have been known to hear words all the same.
        guard audio.samples.contains(where: { $0 != 0 }) else { return (ChunkResult(segments: []), nil, false) }
        guard recipe.usesCache else { return (try await sensibleResult(of: audio, recipe), nil, false) }
        let key = CacheKey.chunk(audio, recipe: recipe)
        do throws(StoreError) {
            let load = try await cache.value(for: key, ttl: timeToLive) {
                try CacheValue(encoding: await sensibleResult(of: audio, recipe))
            }
            if let result = try? load.value.decode(ChunkResult.self) { return (result, key, load.tier != nil) }
        } catch {
            if let cause = error.cause as? TranscriptionError { throw cause }
            if error.code == .cancelled { throw TranscriptionError(.cancelled, "cancelled", cause: error) }
        }
        // The cache is out of order, or what it holds cannot be read: that must not cost the chunk.
        let result = try await sensibleResult(of: audio, recipe)
        if let value = try? CacheValue(encoding: result) { _ = try? await cache.put(key, value, ttl: timeToLive) }
        return (result, key, false)
    }

    /// The sound as it is cut from the recording, or as it was kept with the chunk for those who do not reach that.
    private func sound(of chunk: ClaimedChunk) async throws(TranscriptionError) -> AudioChunk {
        let isKnownFar = unreachable.contains(chunk.task.processingID)
        // Then it was claimed for what is kept with it; to look for the recording again may take long.
        if isKnownFar, let kept = try await keptSound(of: chunk) { return kept }
        do throws(TranscriptionError) {
            return try await reader.chunk(chunk.task.range, of: chunk.source)
        } catch {
            guard error.isOfRecording, !isKnownFar, let kept = try await keptSound(of: chunk) else { throw error }
            unreachable.add(chunk.task.processingID)
            return kept
        }
    }

    private func keptSound(of chunk: ClaimedChunk) async throws(TranscriptionError) -> AudioChunk? {
        let flac: [UInt8]
        do throws(StoreError) {
            guard let kept = try await processings.audio(of: chunk.task.id) else { return nil }
            flac = kept
        } catch {
            // Others may have better luck; the store is everybody's, and says by itself when it is in trouble.
            return nil
        }
        let audio = try await reader.chunk(flac: flac)
        guard audio.samples.count == chunk.task.range.count else {
            throw TranscriptionError(
                .notAudio,
                "the sound that was kept with a chunk is not that of the chunk; transcribe the recording again")
        }
        return audio
    }

    /// What the engine says, if that makes sense: a time that is no number could be neither cached nor stored.
    private func sensibleResult(
        of audio: AudioChunk, _ recipe: Recipe
    ) async throws(TranscriptionError) -> ChunkResult {
        let result = try await engines.transcribe(audio, recipe: recipe)
        let times = result.segments.flatMap { segment in
            [segment.start, segment.end] + (segment.words ?? []).flatMap { [$0.start, $0.end] }
        }
        guard times.allSatisfy(\.isFinite) else {
            throw TranscriptionError(.badOutput, "engine \(recipe.engine.kind) gave a time that is no number")
        }
        return result
    }
}

extension TranscriptionError {
    /// Whether the recording is to blame, as it is found here.
    fileprivate var isOfRecording: Bool { code == .unreadable || code == .changed || code == .withdrawn }
}
