internal import MillraceCore

/// What `save` of a loaded processing promises.
enum SaveRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("saving a stale processing conflicts and writes nothing") { fixture in
            let id = try await fixture.started().id
            var stale = try await fixture.loaded(id)
            try await fixture.settle(
                fixture.claimChunks(1, by: fixture.worker()), .completed(.saying("word"), isFromCache: false))
            try stale.cancel(at: fixture.now)
            try await requireRefused(stale, fixture)
        },
        ContractRule("saving a processing with a chunk claimed since conflicts and writes nothing") { fixture in
            let id = try await fixture.started().id
            var stale = try await fixture.loaded(id)
            _ = try await fixture.claimChunks(1, by: fixture.worker())
            try stale.cancel(at: fixture.now)
            try await requireRefused(stale, fixture)
        },
        ContractRule("a processing is saved once: the second save of one copy conflicts") { fixture in
            var processor = try await fixture.started()
            try processor.cancel(at: fixture.now)
            try await fixture.processings.save(processor)
            try await requireRefused(processor, fixture)
        },
        ContractRule("saving a copy from before a claim resets neither the held chunk nor the status") { fixture in
            let copy = try await fixture.started()
            let held = try await fixture.claimChunks(1, by: fixture.worker())
            let started = try await fixture.row(copy.id)
            try await fixture.processings.save(copy)
            try requireEqual(try await fixture.chunk(0, of: copy.id), held[0], "the held chunk after the save")
            let row = try await fixture.row(copy.id)
            try requireEqual(row.status, .processing, "the status after the save")
            try requireEqual(row.startedAt, started.startedAt, "the time of the first claim after the save")
            try await fixture.settle(held, .completed(.saying("word"), isFromCache: false))
        },
        ContractRule("cancelling calls the run off: holders are fenced, results stay") { fixture in
            let id = try await fixture.started().id
            let held = try await fixture.claimChunks(2, by: fixture.worker())
            try await fixture.settle(held[0], .completed(.saying("word"), isFromCache: false))
            var processor = try await fixture.loaded(id)
            fixture.clock.advance(by: .seconds(1))
            try processor.cancel(at: fixture.now)
            try await fixture.processings.save(processor)
            let stored = try await fixture.loaded(id)
            try requireEqual(stored.tasks.map(\.status), [.completed, .cancelled, .cancelled], "the chunks' statuses")
            try requireEqual(stored.tasks[0].result, .saying("word"), "the result that was there")
            try requireEqual(stored.status, .cancelled, "the processing's status")
            try requireEqual(stored.completedAt, fixture.now, "the processing's end")
            let transcript = try await fixture.transcript(of: stored)
            try requireEqual(transcript.status, .cancelled, "the transcript's status")
            let receipt = try await fixture.processings.settle([
                ChunkSettlement(held[1], .completed(.saying("late"), isFromCache: false))
            ])
            try requireEqual(receipt.lost, [held[1].id], "the lost leases of a holder")
            try requireEqual(try await fixture.claimChunks(by: fixture.worker()), [], "a claim after the cancellation")
            try await fixture.requireMerges(0, of: stored, "of a cancelled run")
        },
        ContractRule("saving an unchanged processing that has ended leaves its transcript as it is") { fixture in
            for failing: Set<Int> in [[], [0], [0, 1, 2]] {
                let ended = try await fixture.finished(Plan(recording: "ended \(failing.count)"), failing: failing)
                let transcript = try await fixture.transcript(of: ended)
                fixture.clock.advance(by: .seconds(1))
                try await fixture.processings.save(fixture.loaded(ended.id))
                try requireEqual(try await fixture.transcript(of: ended), transcript, "the transcript after the save")
            }
        },
    ]

    private static func requireRefused(_ stale: ParallelProcessor, _ fixture: StoreFixture) async throws {
        let before = (try await fixture.loaded(stale.id), try await fixture.row(stale.id))
        let transcript = try await fixture.transcript(of: stale)
        try await requireError(.conflict, "saving a stale processing") {
            try await fixture.processings.save(stale)
        }
        let after = (try await fixture.loaded(stale.id), try await fixture.row(stale.id))
        try requireEqual(after.0, before.0, "the processing after the refusal")
        try requireEqual(after.1, before.1, "the row after the refusal")
        try requireEqual(try await fixture.transcript(of: stale), transcript, "the transcript after the refusal")
    }
}
