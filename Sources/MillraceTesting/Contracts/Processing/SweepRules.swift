internal import MillraceCore

/// What `sweep` promises.
enum SweepRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("a sweep leaves alone what is in order") { fixture in
            let waiting = try await fixture.started(Plan(recording: "waiting", engine: .named("nose")))
            let merging = try await fixture.started(Plan(recording: "merging"))
            try await fixture.transcribeAll()
            let running = try await fixture.started(Plan(recording: "running"))
            _ = try await fixture.claimChunks(1, by: fixture.worker())
            let idle = try await fixture.started(Plan(recording: "idle", engine: .named("eye")))
            let before = try await rows(of: [waiting, merging, running, idle], fixture)
            fixture.clock.advance(by: .seconds(1))
            try requireEqual(try await fixture.processings.sweep(), [], "the processings that were mended")
            let after = try await rows(of: [waiting, merging, running, idle], fixture)
            try requireEqual(after, before, "the rows after the sweep")
            try await fixture.requireMerges(1, of: merging, "after the sweep")
        },
        ContractRule("a sweep queues a merge that is missing, once") { fixture in
            let queue = JobQueue(id: QueueID.make(at: fixture.now), name: QueueName(stored: "merges"))
            try await fixture.jobs.save(queue)
            let processor = try await fixture.started(Plan(queueName: queue.name))
            try await fixture.transcribeAll()
            try await fixture.jobs.delete(queue.id)
            try await fixture.requireMerges(0, of: processor, "after its queue was deleted")
            try requireEqual(try await fixture.processings.sweep(), [processor.id], "the processings that were mended")
            try await fixture.requireMerges(1, of: processor, "after the sweep")
            try requireEqual(try await fixture.processings.sweep(), [], "the processings mended by a second sweep")
            try await fixture.requireMerges(1, of: processor, "after a second sweep")
            try await fixture.finish(processor)
        },
        ContractRule("a sweep fails the processing whose merge ended without a transcript") { fixture in
            for status: JobStatus in [.failed, .cancelled, .completed] {
                let processor = try await fixture.started(Plan(recording: status.rawValue))
                try await fixture.transcribeAll()
                let job = try await fixture.claimMerge(of: processor)
                switch status {
                case .failed: try await fixture.settle(job, .failed(error: "disk full"))
                case .cancelled: try await fixture.settle(job, .cancelled)
                default: try await fixture.jobs.updateJobStatus(job.id, to: .completed)
                }
                fixture.clock.advance(by: .seconds(1))
                let mended = try await fixture.processings.sweep()
                try requireEqual(mended, [processor.id], "the processings mended with the merge \(status.rawValue)")
                let row = try await fixture.row(processor.id)
                try requireEqual(row.status, .failed, "the status with the merge \(status.rawValue)")
                try requireEqual(row.completedAt, fixture.now, "the end with the merge \(status.rawValue)")
                let message = try requireValue(row.errorMessage, "the error with the merge \(status.rawValue)")
                if status == .failed { try requireEqual(message, "disk full", "the error of the processing") }
                let transcript = try await fixture.transcript(of: processor)
                try requireEqual(transcript.status, .failed, "the transcript with the merge \(status.rawValue)")
                try requireEqual(try await fixture.processings.sweep(), [], "the processings mended by a second sweep")
            }
        },
    ]

    /// What needs counters that are wrong.
    static let damage: [ContractRule<StoreFixture>] = [
        ContractRule("a sweep corrects counters by the chunks") { fixture in
            let processor = try await fixture.started()
            try await fixture.settle(
                fixture.claimChunks(1, by: fixture.worker()), .completed(.saying("word"), isFromCache: false))
            try await skew(processor.id, fixture)
            try requireEqual(try await fixture.processings.sweep(), [processor.id], "the processings that were mended")
            try await fixture.requireExactCounters(processor.id, "after the sweep")
            try requireEqual(try await fixture.row(processor.id).completedChunks, 1, "completed chunks")
            try requireEqual(try await fixture.processings.sweep(), [], "the processings mended by a second sweep")
        },
        ContractRule("a sweep merges a run whose chunks have ended unnoticed") { fixture in
            let processor = try await fixture.started()
            let held = try await fixture.claimChunks(by: fixture.worker())
            try await fixture.settle(Array(held[..<2]), .completed(.saying("word"), isFromCache: false))
            try await skew(processor.id, fixture)
            try await fixture.settle(held[2], .completed(.saying("word"), isFromCache: false))
            _ = try await fixture.processings.sweep()
            try await fixture.requireExactCounters(processor.id, "after the sweep")
            try requireEqual(try await fixture.row(processor.id).status, .merging, "the status after the sweep")
            try await fixture.requireMerges(1, of: processor, "after the sweep")
        },
    ]

    private static func rows(
        of processors: [ParallelProcessor], _ fixture: StoreFixture
    ) async throws -> [ParallelProcessor.Row] {
        var rows: [ParallelProcessor.Row] = []
        for processor in processors { rows.append(try await fixture.row(processor.id)) }
        return rows
    }

    private static func skew(_ id: ProcessingID, _ fixture: StoreFixture) async throws {
        guard let skewCounters = fixture.skewCounters else {
            throw ContractViolation("this rule needs a fixture with `skewCounters`")
        }
        try await skewCounters(id)
        let row = try await fixture.row(id)
        let completed = try await fixture.loaded(id).completedChunks
        try require(row.completedChunks != completed, "the fixture's `skewCounters` made no counter wrong")
    }
}
