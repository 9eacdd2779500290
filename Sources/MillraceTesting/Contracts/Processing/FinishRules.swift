internal import MillraceCore

/// What `finish` promises.
enum FinishRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("finishing stores the transcript, ends the processing and settles the merge") { fixture in
            let ends: [(Set<Int>, ProcessingStatus)] = [([], .completed), ([1], .partial), ([0, 1, 2], .failed)]
            for (failing, status) in ends {
                let processor = try await fixture.started(Plan(recording: status.rawValue))
                try await fixture.transcribeAll(failing: failing)
                let job = try await fixture.claimMerge(of: processor)
                fixture.clock.advance(by: .seconds(1))
                let outcome = try await fixture.outcome(of: job, for: processor.id)
                try requireEqual(try await fixture.processings.finish(outcome), true, "finishing")
                let transcript = try await fixture.transcript(of: processor)
                try requireEqual(transcript, outcome.transcript, "the stored transcript")
                let row = try await fixture.row(processor.id)
                try requireEqual(row.status, status, "the processing's status")
                try requireEqual(row.completedAt, fixture.now, "the processing's end")
                try requireEqual(try await fixture.stored(job.id).status, .completed, "the merge's status")
                try requireEqual(try await fixture.processings.finish(outcome), false, "finishing again")
            }
        },
        ContractRule("a merge that lost its lease finishes nothing") { fixture in
            let processor = try await fixture.started()
            try await fixture.transcribeAll()
            let lost = try await fixture.claimMerge(of: processor)
            fixture.clock.advance(by: StoreFixture.lease)
            _ = try await fixture.jobs.rescue()
            try await requireUnfinished(lost, of: processor, fixture)
            let held = try await fixture.claimMerge(of: processor)
            try requireEqual(held.id, lost.id, "the merge that another worker holds")
            try await requireUnfinished(lost, of: processor, fixture)
            try await fixture.settle(held, .released)
            try await requireUnfinished(fixture.stored(held.id), of: processor, fixture)
            try await fixture.finish(processor)
        },
        ContractRule("a merge of another round finishes nothing") { fixture in
            let processor = try await fixture.started()
            try await fixture.transcribeAll()
            let job = try await fixture.claimMerge(of: processor)
            let outcome = try await fixture.outcome(of: job, for: processor.id)
            for round in [0, 2] {
                let wrong = MergeOutcome(
                    job: job, merge: MergePayload(processingID: processor.id, round: round),
                    transcript: outcome.transcript)
                try requireEqual(try await fixture.processings.finish(wrong), false, "finishing round \(round)")
            }
            try requireEqual(try await fixture.stored(job.id), job, "the merge after the refusals")
            try requireEqual(try await fixture.row(processor.id).status, .merging, "the status after the refusals")
        },
        ContractRule("the merge of a run that was called off finishes nothing") { fixture in
            let processor = try await fixture.started()
            try await fixture.transcribeAll()
            let job = try await fixture.claimMerge(of: processor)
            var copy = try await fixture.loaded(processor.id)
            try copy.cancel(at: fixture.now)
            try await fixture.processings.save(copy)
            try await requireUnfinished(job, of: processor, fixture)
        },
        ContractRule("a transcript that has not ended finishes nothing") { fixture in
            let processor = try await fixture.started()
            try await fixture.transcribeAll()
            let job = try await fixture.claimMerge(of: processor)
            let open = MergeOutcome(
                job: job, merge: processor.merge, transcript: try await fixture.transcript(of: processor))
            try await requireError(.invalid, "finishing with a transcript that is PROCESSING") {
                _ = try await fixture.processings.finish(open)
            }
            try requireEqual(try await fixture.row(processor.id).status, .merging, "the status after the refusal")
        },
    ]

    private static func requireUnfinished(
        _ job: Job, of processor: ParallelProcessor, _ fixture: StoreFixture
    ) async throws {
        let row = try await fixture.row(processor.id)
        let transcript = try await fixture.transcript(of: processor)
        let stored = try await fixture.stored(job.id)
        let outcome = try await fixture.outcome(of: job, for: processor.id)
        try requireEqual(try await fixture.processings.finish(outcome), false, "finishing without the lease")
        try requireEqual(try await fixture.row(processor.id), row, "the processing after the refusal")
        try requireEqual(try await fixture.transcript(of: processor), transcript, "the transcript after the refusal")
        try requireEqual(try await fixture.stored(job.id), stored, "the merge after the refusal")
    }
}
