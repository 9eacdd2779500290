internal import MillraceCore

/// What deleting a transcript promises.
enum TranscriptDeletionRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("a transcript is deleted with its jobs, processing and chunks, and nothing else") { fixture in
            let kept = try await fixture.finished(Plan(recording: "kept"))
            let gone = try await fixture.finished(Plan(recording: "gone"), failing: [1])
            let waiting = try await fixture.jobs.enqueue(JobRequest(.work, transcriptID: gone.transcriptID))
            let merges = try await fixture.merges(of: gone)
            try await fixture.transcripts.delete(gone.transcriptID)
            try await requireGone(gone, jobs: merges.map(\.id) + [waiting], fixture)
            try requireEqual(try await fixture.loaded(kept.id), kept, "the processing of another transcript")
            try requireEqual(try await fixture.transcript(of: kept).status, .completed, "another transcript")
            try await fixture.requireMerges(1, of: kept, "of another transcript")
            try await fixture.transcripts.delete(gone.transcriptID)
            try await fixture.transcripts.delete(gone.transcriptID, force: true)
        },
        ContractRule("a transcript that is being made is deleted only by force, which fences the workers") { fixture in
            let processor = try await fixture.started()
            let held = try await fixture.claimChunks(1, by: fixture.worker())
            let running = try await fixture.heldJob(JobRequest(.work, transcriptID: processor.transcriptID))
            try await requireError(.conflict, "deleting a transcript that is being made") {
                try await fixture.transcripts.delete(processor.transcriptID)
            }
            try await requireError(.conflict, "deleting a transcript that is being made, without force") {
                try await fixture.transcripts.delete(processor.transcriptID, force: false)
            }
            try requireEqual(try await fixture.chunk(0, of: processor.id), held[0], "the chunk after the refusals")
            try await fixture.transcripts.delete(processor.transcriptID, force: true)
            try await requireGone(processor, jobs: [running.id], fixture)
            let receipt = try await fixture.processings.settle([
                ChunkSettlement(held[0], .completed(.saying("late"), isFromCache: false))
            ])
            try requireEqual(receipt, ChunkSettleReceipt(lost: [held[0].id], merging: []), "a late settlement")
            let lost = try await fixture.jobs.settle([JobSettlement(running, .completed(result: nil))])
            try requireEqual(lost, [running.id], "the lost leases of a late settlement of the job")
            try await requireGone(processor, jobs: [running.id], fixture)
        },
        ContractRule("a deleted transcript's cached results are deleted, and nobody else's") { fixture in
            let kept = try await cachedRun("kept", fixture)
            let gone = try await cachedRun("gone", fixture)
            try await fixture.transcripts.delete(gone.transcript)
            for key in gone.keys {
                try requireEqual(try await fixture.cache.entry(key), nil, "a result of the deleted")
            }
            for key in kept.keys { _ = try requireValue(try await fixture.cache.entry(key), "another's result") }
        },
        ContractRule("the same run can start again once its transcript was deleted") { fixture in
            let first = try await fixture.finished(failing: [0])
            try await fixture.transcripts.delete(first.transcriptID)
            let second: ParallelProcessor
            do {
                second = try await fixture.started()
            } catch let error as StoreError where error.code == .conflict {
                throw ContractViolation("the run of a deleted transcript cannot start again: \(error)")
            }
            let found = try await fixture.processings.find(first.runKey)
            try requireEqual(found?.id, second.id, "the run that is found")
        },
    ]

    private static func requireGone(
        _ processor: ParallelProcessor, jobs: [JobID], _ fixture: StoreFixture
    ) async throws {
        try requireEqual(try await fixture.transcripts.load(processor.transcriptID), nil, "the transcript")
        try requireEqual(try await fixture.processings.load(processor.id), nil, "its processing")
        try requireEqual(try await fixture.processings.row(of: processor.transcriptID), nil, "its processing's row")
        let chunks = try await fixture.processings.chunks(of: processor.id, after: nil, limit: 10)
        try requireEqual(chunks, [], "its chunks")
        for id in jobs { try requireEqual(try await fixture.jobs.job(id), nil, "one of its jobs") }
    }

    /// A finished run whose results are in the cache.
    private static func cachedRun(
        _ name: String, _ fixture: StoreFixture
    ) async throws -> (transcript: TranscriptID, keys: [CacheKey]) {
        let processor = try await fixture.started(Plan(recording: name))
        let held = try await fixture.claimChunks(by: fixture.worker())
        var keys: [CacheKey] = []
        for chunk in held {
            let key = CacheKey(stored: "chunk:\(name) \(chunk.index)")
            let result = ChunkResult.saying(name)
            _ = try await fixture.cache.put(key, CacheValue(encoding: result), ttl: .standard)
            let settlement = ChunkSettlement(chunk, .completed(result, isFromCache: false), cacheKey: key)
            _ = try await fixture.processings.settle([settlement])
            keys.append(key)
        }
        try await fixture.finish(processor)
        return (processor.transcriptID, keys)
    }
}
