internal import MillraceCore

/// What is promised of jobs that wait for a transcript.
enum AwaitRules {
    /// The ways in which a transcript may end.
    private enum End: CaseIterable {
        case completed, partial, failedMerge, cancelled, processingDeleted, deleted
    }

    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("a job that waits for a transcript is due when that has ended, however it ends, and not before") {
            fixture in
            for end in End.allCases {
                let processor = try await fixture.started(Plan(recording: "\(end)"))
                _ = try await fixture.started(Plan(recording: "another than \(end)", engine: .named("nose")))
                let job = try await waiting(for: processor.transcriptID, fixture)
                let other = try await fixture.jobs.enqueue(
                    JobRequest(
                        .other, scheduledAt: fixture.now + .seconds(60), transcriptID: processor.transcriptID))
                try requireEqual(try await fixture.stored(job.id).status, .scheduled, "the status while it waits")
                try requireEqual(try await fixture.claimJobs(by: fixture.worker()), [], "a claim while it waits")
                try await bring(processor, to: end, fixture)
                let due = try await fixture.stored(job.id)
                try requireEqual(due.status, .queued, "the status after the end: \(end)")
                try requireEqual(due.scheduledAt, nil, "the time after the end: \(end)")
                try requireEqual(due.awaits, processor.transcriptID, "the transcript after the end: \(end)")
                let claimed = try await fixture.claimJobs(by: fixture.worker())
                try requireEqual(claimed.map(\.id), [job.id], "the claim after the end: \(end)")
                try requireEqual(claimed.map(\.retryCount), [0], "the retries used")
                try await fixture.settle(claimed[0], .completed(result: nil))
                if end != .deleted {
                    try requireEqual(try await fixture.stored(other).status, .scheduled, "a job that only has its time")
                }
            }
        },
        ContractRule("a job that is to wait for a transcript that has ended, or is not there, is queued at once") {
            fixture in
            let ended = try await fixture.finished()
            for transcript in [ended.transcriptID, TranscriptID.make(at: fixture.now)] {
                let job = try await waiting(for: transcript, fixture)
                try requireEqual(try await fixture.stored(job.id).status, .queued, "the status")
                let claimed = try await fixture.claimJobs(by: fixture.worker())
                try requireEqual(claimed.map(\.awaits), [transcript], "what the claimed job waited for")
                try await fixture.settle(claimed[0], .completed(result: nil))
            }
        },
        ContractRule("a job that waits is due at its time at the latest, and keeps what it waits for") { fixture in
            let processor = try await fixture.started()
            let job = try await waiting(for: processor.transcriptID, fixture)
            var expected = job
            expected.settle(.awaiting(processor.transcriptID, until: fixture.now + .seconds(100)), at: fixture.now)
            try requireEqual(try await fixture.stored(job.id), expected, "the waiting job")
            let found = try await fixture.jobs.jobs(
                matching: JobFilter(statuses: [.scheduled], awaiting: processor.transcriptID), before: nil, limit: 10)
            try requireEqual(found.map(\.id), [job.id], "the jobs that wait for the transcript")
            fixture.clock.advance(by: .seconds(100))
            let claimed = try await fixture.claimJobs(by: fixture.worker())
            try requireEqual(claimed.map(\.awaits), [processor.transcriptID], "the claim at its time")
            try await fixture.settle(claimed[0], .released)
            try requireEqual(
                try await fixture.stored(job.id).awaits, processor.transcriptID, "what it waits for when released")
        },
        ContractRule("a retry by hand begins anew: the job waits for no transcript any more") { fixture in
            let processor = try await fixture.started()
            let job = try await waiting(for: processor.transcriptID, fixture)
            try await fixture.jobs.updateJobStatus(job.id, to: .cancelled)
            try requireEqual(
                try await fixture.stored(job.id).awaits, processor.transcriptID, "what a cancelled job waited for")
            try await fixture.jobs.updateJobStatus(job.id, to: .queued)
            try requireEqual(try await fixture.stored(job.id).awaits, nil, "what it waits for after the retry")
        },
        ContractRule("a run that a job begins is named by the job, and begins only while the job is held") { fixture in
            let job = try await fixture.heldJob()
            let (processor, transcript) = try fixture.planned()
            try await fixture.processings.start(processor, transcript: transcript, for: job)
            var expected = job
            expected.begin(transcript.id)
            try requireEqual(try await fixture.stored(job.id), expected, "the job that began a run")
            try requireEqual(try await fixture.row(processor.id).transcriptID, transcript.id, "the run")
            try await fixture.jobs.updateJobStatus(job.id, to: .cancelled)
            let (late, lateTranscript) = try fixture.planned(Plan(recording: "late"))
            try await requireError(.conflict, "beginning a run for a job that was cancelled") {
                try await fixture.processings.start(late, transcript: lateTranscript, for: job)
            }
            try requireEqual(try await fixture.processings.load(late.id), nil, "the refused processing")
            try requireEqual(try await fixture.transcripts.load(lateTranscript.id), nil, "the refused transcript")
        },
    ]

    /// A job that a worker held and that has gone to wait, as it was when it was held.
    private static func waiting(for transcript: TranscriptID, _ fixture: StoreFixture) async throws -> Job {
        let job = try await fixture.heldJob()
        try await fixture.settle(job, .awaiting(transcript, until: fixture.now + .seconds(100)))
        return job
    }

    private static func bring(_ processor: ParallelProcessor, to end: End, _ fixture: StoreFixture) async throws {
        switch end {
        case .completed, .partial:
            try await fixture.transcribeAll(failing: end == .partial ? [1] : [])
            try await fixture.finish(processor)
        case .failedMerge:
            try await fixture.transcribeAll()
            try await fixture.settle(fixture.claimMerge(of: processor), .failed(error: "disk full"))
            _ = try await fixture.processings.sweep()
        case .cancelled:
            var cancelled = try await fixture.loaded(processor.id)
            try cancelled.cancel(at: fixture.now)
            try await fixture.processings.save(cancelled)
        case .processingDeleted:
            try await fixture.processings.delete(processor.id)
        case .deleted:
            try await fixture.transcripts.delete(processor.transcriptID, force: true)
        }
    }
}
