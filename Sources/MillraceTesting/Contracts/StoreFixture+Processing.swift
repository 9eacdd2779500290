internal import Foundation
internal import MillraceCore

extension EngineIdentity {
    /// The engine of most runs that the rules start.
    static let ear = named("ear")

    /// An engine of one kind and nothing else.
    static func named(_ kind: StaticString) -> EngineIdentity { EngineIdentity(known: kind) }
}

extension ChunkResult {
    /// The result of a chunk in which one word is said.
    static func saying(_ word: String) -> ChunkResult {
        ChunkResult(
            segments: [Segment(start: 0, end: 0.5, text: word, words: [Word(start: 0, end: 0.5, text: word)])],
            language: "en")
    }
}

/// A run as the rules plan it.
struct Plan {
    var recording = "meeting"
    var chunks = 3
    var engine = EngineIdentity.ear
    var queueName = QueueName.default
    var priority = JobPriority.medium
    var maxRetries = 3
    var traceContext: [String: String]?
}

/// What processing rules begin with.
extension StoreFixture {
    /// A new processing and its transcript, of which nothing is stored.
    func planned(_ plan: Plan = Plan()) throws -> (processor: ParallelProcessor, transcript: Transcript) {
        let hash = ContentHash(of: Data(plan.recording.utf8))
        let length = Int64(SampleRange.sampleRate)
        let source = RecordingSource(
            path: "/recordings/\(plan.recording).flac", hash: hash, sampleCount: length * Int64(plan.chunks))
        // Made one after the other, so that their order is that of the chunks.
        let ids = (0..<plan.chunks).map { _ in ChunkID.make(at: now) }.sorted()
        let transcript = Transcript(
            id: TranscriptID.make(at: now), source: source.path, hash: hash,
            durationSeconds: source.durationSeconds, chunkCount: plan.chunks, at: now)
        let processor = try ParallelProcessor(
            id: ProcessingID.make(at: now), transcriptID: transcript.id, source: source,
            recipe: Recipe(engine: plan.engine, language: "en", options: ["speed": "slow"]),
            chunks: ids.enumerated().map { index, id in
                (id, try SampleRange(start: Int64(index) * length, end: Int64(index + 1) * length))
            },
            queueName: plan.queueName, priority: plan.priority, maxRetries: plan.maxRetries,
            traceContext: plan.traceContext, at: now)
        return (processor, transcript)
    }

    /// A started processing; the clock moves on a little, so that the next is younger.
    func started(_ plan: Plan = Plan()) async throws -> ParallelProcessor {
        let (processor, transcript) = try planned(plan)
        try await processings.start(processor, transcript: transcript)
        clock.advance(by: .milliseconds(2))
        return try await loaded(processor.id)
    }

    func loaded(_ id: ProcessingID) async throws -> ParallelProcessor {
        try requireValue(try await processings.load(id), "processing \(id)")
    }

    func row(_ id: ProcessingID) async throws -> ParallelProcessor.Row {
        try requireValue(try await processings.row(id), "the row of processing \(id)")
    }

    func chunk(_ index: Int, of id: ProcessingID) async throws -> ChunkTask {
        let tasks = try await loaded(id).tasks
        guard tasks.indices.contains(index) else { throw ContractViolation("processing \(id) has no chunk \(index)") }
        return tasks[index]
    }

    func transcript(of processor: ParallelProcessor) async throws -> Transcript {
        try requireValue(
            try await transcripts.load(processor.transcriptID), "the transcript of processing \(processor.id)")
    }

    func claimChunks(
        _ limit: Int = 1_000, from scope: ChunkScope = ChunkScope(engines: [.ear]), by worker: WorkerID
    ) async throws -> [ChunkTask] {
        try await processings.claim(upTo: limit, from: scope, by: worker).map(\.task)
    }

    @discardableResult
    func settle(_ chunks: [ChunkTask], _ outcome: ChunkSettlement.Outcome) async throws -> ChunkSettleReceipt {
        let receipt = try await processings.settle(chunks.map { ChunkSettlement($0, outcome) })
        try requireEqual(receipt.lost, [], "the leases lost when settling held chunks")
        return receipt
    }

    func settle(_ chunk: ChunkTask, _ outcome: ChunkSettlement.Outcome) async throws {
        try await settle([chunk], outcome)
    }

    /// Claims all chunks that may be claimed and settles them: `failing` for good, the others transcribed.
    func transcribeAll(failing: Set<Int> = []) async throws {
        let held = try await claimChunks(by: worker())
        _ = try await processings.settle(
            held.map { chunk in
                let isFailing = failing.contains(chunk.index)
                return ChunkSettlement(
                    chunk,
                    isFailing ? .failed(error: "noise") : .completed(.saying("word"), isFromCache: false))
            })
    }

    /// The merges of a processing that are stored, of all rounds.
    func merges(of processor: ParallelProcessor) async throws -> [Job] {
        let prefix = "merge:\(processor.id):"
        return try await jobs.jobs(of: processor.queueName, before: nil, limit: 1_000)
            .filter { job in
                guard job.type == .merge else { return false }
                let payload = try? job.payload.decode(MergePayload.self)
                return payload?.processingID == processor.id || job.uniqueKey?.hasPrefix(prefix) == true
            }
    }

    func requireMerges(_ count: Int, of processor: ParallelProcessor, _ when: String) async throws {
        try requireEqual(try await merges(of: processor).count, count, "the number of merges \(when)")
    }

    /// Claims the one merge of a processing that waits.
    func claimMerge(of processor: ParallelProcessor) async throws -> Job {
        let scope = JobScope(
            queues: [processor.queueName], types: [.merge], transcripts: [processor.transcriptID])
        let claimed = try await jobs.claim(upTo: 10, from: scope, by: worker())
        try requireEqual(claimed.count, 1, "the number of merges that wait")
        return claimed[0]
    }

    /// What a merge hands over, the transcript made as the core's rules make it.
    func outcome(of job: Job, for id: ProcessingID) async throws -> MergeOutcome {
        let processor = try await loaded(id)
        var transcript = try await transcript(of: processor)
        var merger = TranscriptMerger()
        for task in processor.tasks { merger.add(task) }
        merger.finish(&transcript, policy: .partial, at: now)
        return MergeOutcome(
            job: job, merge: MergePayload(processingID: id, round: processor.round), transcript: transcript)
    }

    /// A processing that has run to its end, with some chunks failed for good.
    func finished(_ plan: Plan = Plan(), failing: Set<Int> = []) async throws -> ParallelProcessor {
        let processor = try await started(plan)
        try await transcribeAll(failing: failing)
        try await finish(processor)
        return try await loaded(processor.id)
    }

    func finish(_ processor: ParallelProcessor) async throws {
        let job = try await claimMerge(of: processor)
        let outcome = try await outcome(of: job, for: processor.id)
        try requireEqual(try await processings.finish(outcome), true, "finishing a merge that is held")
    }

    /// Fails unless the counters of a processing are what its chunks say.
    func requireExactCounters(_ id: ProcessingID, _ when: String) async throws {
        let row = try await row(id)
        let processor = try await loaded(id)
        try requireEqual(
            [row.completedChunks, row.failedChunks, row.totalChunks],
            [processor.completedChunks, processor.failedChunks, processor.totalChunks],
            "completed, failed and total \(when)")
    }
}
