internal import Logging
internal import MillraceCore

/// Ends a processing: puts the results of its chunks together and stores the transcript.
struct MergeExecutor: JobExecutor {
    var timeout: Duration? { nil }

    let processings: any ProcessingRepository
    let transcripts: any TranscriptRepository
    let clock: any WallClock

    func execute(_ context: JobContext) async throws -> JobSettlement.Outcome? {
        let merge = try PermanentFailure.wrapping { () throws(InvalidValue) in
            try context.job.payload.decode(MergePayload.self)
        }
        guard let row = try await processings.row(merge.processingID),
            var transcript = try await transcripts.load(row.transcriptID)
        else {
            return .failed(error: "the processing or its transcript was deleted")
        }
        guard row.status == .merging, row.round == merge.round else {
            // A round that was merged by another worker, whose settlement this job did not see.
            return .completed(result: nil)
        }
        var merger = TranscriptMerger()
        for try await chunk in processings.results(of: merge.processingID) {
            merger.add(chunk)
        }
        merger.finish(&transcript, policy: row.recipe.failurePolicy, at: clock.now())
        let isFinished = try await processings.finish(
            MergeOutcome(job: context.job, merge: merge, transcript: transcript))
        guard !isFinished else { return nil }
        context.logger.warning("The merge had lost its lease, or its run was changed meanwhile")
        // Ends the lease if it is still held; otherwise this changes nothing.
        return .completed(result: nil)
    }
}
