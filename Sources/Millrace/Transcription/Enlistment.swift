internal import MillraceCore
internal import MillraceSpeech
internal import MillraceWorkers
internal import Tracing

/// Stores the plan of a run, or joins the one that is there already.
struct Enlistment: Sendable {
    let processings: any ProcessingRepository
    let clock: any WallClock

    /// The processing that stands for the run.
    ///
    /// One that can be resumed is joined, and reopened where its chunks had failed. Others may do the same at the same
    /// moment: who comes second finds a conflict and looks again.
    ///
    /// The chunks belong to the trace of the task that stores their plan.
    func enlist(
        _ survey: RecordingSurvey, recipe: Recipe, options: TranscriptionOptions, for job: Job?
    ) async throws(StoreError) -> ParallelProcessor {
        try await Spans.enqueue { (span, headers) async throws(StoreError) in
            let plan = try plan(survey, recipe: recipe, options: options, traceContext: headers)
            let processor = try await startOrJoin(plan, for: job)
            span?.attributes["millrace.processing.id"] = "\(processor.id)"
            span?.attributes["millrace.chunks"] = processor.totalChunks
            return processor
        }
    }

    private func startOrJoin(_ plan: ParallelProcessor, for job: Job?) async throws(StoreError) -> ParallelProcessor {
        // Ends processings that wait for a merge that has failed, so that they are reopened below.
        _ = try await processings.sweep()
        var lastConflict: StoreError?
        for _ in 0..<10 {
            do throws(StoreError) {
                guard let found = try await processings.find(plan.runKey), found.status.isResumable else {
                    try await processings.start(plan, transcript: transcript(of: plan), for: job)
                    return plan
                }
                guard found.status == .partial || found.status == .failed else { return found }
                var reopened = found
                try reopened.resume(at: clock.now())
                try await processings.save(reopened)
                return reopened
            } catch {
                guard error.code == .conflict else { throw error }
                lastConflict = error
            }
        }
        throw lastConflict ?? StoreError(.conflict, "others keep changing the same run")
    }

    private func plan(
        _ survey: RecordingSurvey, recipe: Recipe, options: TranscriptionOptions, traceContext: [String: String]?
    ) throws(StoreError) -> ParallelProcessor {
        let now = clock.now()
        do throws(InvalidValue) {
            return try ParallelProcessor(
                id: .make(at: now), transcriptID: .make(at: now), source: survey.source, recipe: recipe,
                chunks: survey.ranges.map { (.make(at: now), $0) }, priority: options.priority,
                maxRetries: options.maxRetries, traceContext: traceContext, at: now)
        } catch {
            throw StoreError(.invalid, error.description, cause: error)
        }
    }

    private func transcript(of plan: ParallelProcessor) -> Transcript {
        Transcript(
            id: plan.transcriptID, source: plan.source.shownPath, hash: plan.source.hash,
            durationSeconds: plan.source.durationSeconds, chunkCount: plan.totalChunks, at: plan.createdAt)
    }
}
