internal import MillraceCore

/// What saving a resumed processing promises.
enum ResumeRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("a resumed run transcribes only the chunks that failed") { fixture in
            var processor = try await fixture.finished(failing: [1])
            try requireEqual(processor.status, .partial, "the status of the first round")
            fixture.clock.advance(by: .seconds(1))
            try processor.resume(at: fixture.now)
            try await fixture.processings.save(processor)
            let row = try await fixture.row(processor.id)
            try requireEqual(row.status, .processing, "the status after the resumption")
            try requireEqual(row.round, 2, "the round after the resumption")
            try requireEqual([row.completedChunks, row.failedChunks], [2, 0], "completed and failed chunks")
            try requireEqual(row.completedAt, nil, "the end of a run that goes on")
            let transcript = try await fixture.transcript(of: processor)
            try requireEqual(transcript.status, .processing, "the transcript's status")
            try requireEqual(transcript.completedAt, nil, "the transcript's end")
            let held = try await fixture.claimChunks(by: fixture.worker())
            try requireEqual(held.map(\.index), [1], "the chunks that are claimed")
            try requireEqual(held.map(\.retryCount), [0], "the retries used")
        },
        ContractRule("each round has exactly one merge, which makes the transcript whole") { fixture in
            var processor = try await fixture.finished(failing: [0, 2])
            try processor.resume(at: fixture.now)
            try await fixture.processings.save(processor)
            try await fixture.requireMerges(1, of: processor, "after the resumption")
            try await fixture.transcribeAll()
            let rounds = try await fixture.merges(of: processor).map { try $0.payload.decode(MergePayload.self).round }
            try requireEqual(rounds.sorted(), [1, 2], "the rounds of the merges")
            try await fixture.finish(processor)
            try requireEqual(try await fixture.row(processor.id).status, .completed, "the status in the end")
            let transcript = try await fixture.transcript(of: processor)
            try requireEqual(transcript.text, "word word word", "the text in the end")
        },
        ContractRule("a resumed run with nothing left to transcribe queues its merge at once") { fixture in
            let id = try await fixture.started().id
            try await fixture.transcribeAll()
            try await fixture.settle(
                fixture.claimMerge(of: fixture.loaded(id)), .failed(error: "disk full"))
            _ = try await fixture.processings.sweep()
            var processor = try await fixture.loaded(id)
            try requireEqual(processor.status, .failed, "the status after the failed merge")
            try processor.resume(at: fixture.now)
            try await fixture.processings.save(processor)
            try requireEqual(try await fixture.row(id).status, .merging, "the status after the resumption")
            try await fixture.requireMerges(2, of: processor, "of both rounds")
            try await fixture.finish(processor)
            try requireEqual(try await fixture.row(id).status, .completed, "the status in the end")
        },
        ContractRule("saving a processing that is merging queues no second merge") { fixture in
            let id = try await fixture.started().id
            try await fixture.transcribeAll()
            let processor = try await fixture.loaded(id)
            try await fixture.processings.save(processor)
            try await fixture.requireMerges(1, of: processor, "after the save")
            let job = try await fixture.claimMerge(of: processor)
            try await fixture.settle(job, .failed(error: "disk full"))
            try await fixture.processings.save(fixture.loaded(id))
            try await fixture.requireMerges(1, of: processor, "after a save with the merge failed")
        },
        ContractRule("of many who resume one run at once, all but one are told to load it again") { fixture in
            let id = try await fixture.finished(failing: [0]).id
            var resumed = try await fixture.loaded(id)
            try resumed.resume(at: fixture.now)
            let copy = resumed
            let saved = try await concurrently(4) { _ in
                do {
                    try await fixture.processings.save(copy)
                    return true
                } catch let error as StoreError where error.code == .conflict {
                    return false
                }
            }
            try requireEqual(saved.count { $0 }, 1, "the number of resumptions that succeeded")
            try requireEqual(try await fixture.row(id).round, 2, "the round")
        },
    ]
}
