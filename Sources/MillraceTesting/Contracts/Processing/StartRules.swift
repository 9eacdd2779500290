internal import MillraceCore

/// What starting and finding a run promises.
enum StartRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("a run starts with its transcript, its processing and all its chunks") { fixture in
            let (plan, transcript) = try fixture.planned()
            try await fixture.processings.start(plan, transcript: transcript)
            let stored = try await fixture.loaded(plan.id)
            try requireEqual(stored.tasks, plan.tasks, "the stored chunks")
            try requireEqual(stored.isNew, false, "whether a loaded processing is new")
            try requireEqual(
                ParallelProcessor.Row(stored), ParallelProcessor.Row(plan), "the row of the stored processing")
            try requireEqual(try await fixture.row(plan.id), ParallelProcessor.Row(plan), "the row that is read")
            let row = try await fixture.processings.row(of: transcript.id)
            try requireEqual(row?.id, plan.id, "the processing of the transcript")
            try requireEqual(try await fixture.transcript(of: plan), transcript, "the transcript")
            let found = try await fixture.processings.find(plan.runKey)
            try requireEqual(found, stored, "the processing found by its run key")
        },
        ContractRule("a processing that does not exist is nil, whatever else there is") { fixture in
            _ = try await fixture.started(Plan(recording: "another"))
            let (plan, _) = try fixture.planned()
            try requireEqual(try await fixture.processings.load(plan.id), nil, "a processing")
            try requireEqual(try await fixture.processings.row(plan.id), nil, "a row")
            try requireEqual(try await fixture.processings.row(of: plan.transcriptID), nil, "the row of a transcript")
            try requireEqual(try await fixture.processings.find(plan.runKey), nil, "a run")
        },
        ContractRule("a run that can be resumed is not started twice") { fixture in
            for failing: Set<Int>? in [nil, [0], [0, 1, 2]] {
                let plan = Plan(recording: "run failing \(failing ?? [])")
                if let failing {
                    _ = try await fixture.finished(plan, failing: failing)
                } else {
                    _ = try await fixture.started(plan)
                }
                let (second, transcript) = try fixture.planned(plan)
                try await requireError(.conflict, "starting the same run again") {
                    try await fixture.processings.start(second, transcript: transcript)
                }
                try requireEqual(try await fixture.transcripts.load(transcript.id), nil, "the second transcript")
                try requireEqual(try await fixture.processings.load(second.id), nil, "the second processing")
            }
        },
        ContractRule("many starts of one run at once are one processing") { fixture in
            let started = try await concurrently(8) { _ in
                let (plan, transcript) = try fixture.planned()
                do {
                    try await fixture.processings.start(plan, transcript: transcript)
                    return true
                } catch let error as StoreError where error.code == .conflict {
                    return false
                }
            }
            try requireEqual(started.count { $0 }, 1, "the number of starts that succeeded")
            let transcripts = try await fixture.transcripts.list(after: nil, limit: 100)
            try requireEqual(transcripts.count, 1, "the number of transcripts")
        },
        ContractRule("a run that is completed or cancelled can start again, and the newest is found") { fixture in
            let first = try await fixture.finished()
            try requireEqual(first.status, .completed, "the status of the first run")
            var second = try await fixture.started()
            let found = try await fixture.processings.find(first.runKey)
            try requireEqual(found?.id, second.id, "the run found after a second start")
            try second.cancel(at: fixture.now)
            try await fixture.processings.save(second)
            let third = try await fixture.started()
            let newest = try await fixture.processings.find(first.runKey)
            try requireEqual(newest?.id, third.id, "the run found after a third start")
        },
        ContractRule("a plan can be saved for a transcript that is stored, and for no other") { fixture in
            let (plan, transcript) = try fixture.planned()
            try await requireError(.notFound, "saving a plan without its transcript") {
                try await fixture.processings.save(plan)
            }
            try requireEqual(try await fixture.processings.load(plan.id), nil, "the refused plan")
            try await fixture.transcripts.save(transcript)
            try await fixture.processings.save(plan)
            try requireEqual(try await fixture.loaded(plan.id).tasks, plan.tasks, "the saved chunks")
            let (same, other) = try fixture.planned()
            try await fixture.transcripts.save(other)
            try await requireError(.conflict, "saving a plan of the same run") {
                try await fixture.processings.save(same)
            }
        },
        ContractRule("a processing is deleted with its chunks, but not while one is held") { fixture in
            let processor = try await fixture.started()
            let held = try await fixture.claimChunks(1, by: fixture.worker())
            try await requireError(.conflict, "deleting a processing with a held chunk") {
                try await fixture.processings.delete(processor.id)
            }
            try requireEqual(try await fixture.loaded(processor.id).tasks.count, 3, "chunks after the refusal")
            try await fixture.settle(held, .released)
            try await fixture.processings.delete(processor.id)
            try requireEqual(try await fixture.processings.load(processor.id), nil, "the deleted processing")
            let chunks = try await fixture.processings.chunks(of: processor.id, after: nil, limit: 10)
            try requireEqual(chunks, [], "the chunks of the deleted processing")
            try await fixture.processings.delete(processor.id)
        },
        ContractRule("a run starts with a transcript of its own, and with no other") { fixture in
            let (first, kept) = try fixture.planned()
            var written = kept
            written.text = "what was said"
            try await fixture.transcripts.save(written)
            try await requireError(.conflict, "starting with a transcript that is stored") {
                try await fixture.processings.start(first, transcript: kept)
            }
            try requireEqual(try await fixture.transcripts.load(kept.id), written, "the stored transcript")
            let (second, other) = try fixture.planned(Plan(recording: "another"))
            try await requireError(.invalid, "starting with another's transcript") {
                try await fixture.processings.start(first, transcript: other)
            }
            for plan in [first, second] {
                try requireEqual(try await fixture.processings.load(plan.id), nil, "the refused processing")
            }
            try requireEqual(try await fixture.transcripts.load(other.id), nil, "the refused transcript")
        },
        ContractRule("what no store can keep is refused as bad input, and nothing is written") { fixture in
            let (plan, transcript) = try fixture.planned()
            var recipe = plan.recipe
            recipe.prompt = "a\0b"
            let bad = try ParallelProcessor(
                id: plan.id, transcriptID: transcript.id, source: plan.source, recipe: recipe,
                chunks: plan.tasks.map { ($0.id, $0.range) }, at: fixture.now)
            try await requireError(.invalid, "starting with NUL in the prompt") {
                try await fixture.processings.start(bad, transcript: transcript)
            }
            try requireEqual(try await fixture.processings.load(plan.id), nil, "the refused processing")
            try requireEqual(try await fixture.transcripts.load(transcript.id), nil, "the refused transcript")
        },
        ContractRule("a deleted processing takes its queued merge along and calls its transcript off") { fixture in
            let waiting = try await fixture.started()
            try await fixture.transcribeAll()
            try await fixture.requireMerges(1, of: waiting, "before the deletion")
            let merge = try await fixture.claimMerge(of: waiting)
            try await requireError(.conflict, "deleting a processing whose merge runs") {
                try await fixture.processings.delete(waiting.id)
            }
            _ = try await fixture.jobs.settle([JobSettlement(merge, .released)])
            try await fixture.processings.delete(waiting.id)
            try await fixture.requireMerges(0, of: waiting, "after the deletion")
            let transcript = try await fixture.transcript(of: waiting)
            try requireEqual(transcript.status, .cancelled, "the transcript's status")
            try requireEqual(transcript.completedAt, fixture.now, "the transcript's end")

            let ended = try await fixture.finished(Plan(recording: "ended"))
            let kept = try await fixture.transcript(of: ended)
            try await fixture.processings.delete(ended.id)
            try requireEqual(try await fixture.transcript(of: ended), kept, "a transcript that was final")
        },
    ]
}
