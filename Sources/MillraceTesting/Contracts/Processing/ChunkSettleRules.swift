internal import MillraceCore

/// What `settle` of chunks promises about single chunks.
enum ChunkSettleRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("a transcribed chunk keeps its result and whether the cache had it") { fixture in
            let processor = try await fixture.started()
            let held = try await fixture.claimChunks(by: fixture.worker())
            fixture.clock.advance(by: .seconds(1))
            for (chunk, isFromCache) in zip(held, [false, true]) {
                let outcome = ChunkSettlement.Outcome.completed(.saying("w\(chunk.index)"), isFromCache: isFromCache)
                try await fixture.settle(chunk, outcome)
                try await requireOutcome(outcome, of: chunk, in: fixture)
            }
            let silence = ChunkSettlement.Outcome.completed(ChunkResult(segments: []), isFromCache: false)
            try await fixture.settle(held[2], silence)
            try await requireOutcome(silence, of: held[2], in: fixture)
            let read = try await fixture.processings.chunks(of: processor.id, after: nil, limit: 10)
            try requireEqual(read, try await fixture.loaded(processor.id).tasks, "the chunks read with their results")
        },
        ContractRule("a chunk's retry costs one and waits for its time; the last one used up is FAILED") { fixture in
            let processor = try await fixture.started(Plan(chunks: 2, maxRetries: 1))
            let worker = try await fixture.worker(leasedFor: .seconds(100))
            let chunk = try await fixture.claimChunks(by: worker)[0]
            let retry = ChunkSettlement.Outcome.retry(at: fixture.now + .seconds(2), error: "busy")
            try await fixture.settle(chunk, retry)
            try await requireOutcome(retry, of: chunk, in: fixture)
            try requireEqual(try await fixture.chunk(0, of: processor.id).retryCount, 1, "the retries used")
            fixture.clock.advance(by: .seconds(2) - .microseconds(1))
            try requireEqual(try await fixture.claimChunks(by: worker), [], "a claim before the retry is due")
            fixture.clock.advance(by: .microseconds(1))
            let again = try requireValue(try await fixture.claimChunks(by: worker).first, "the retry that is due")
            try await fixture.settle(again, .retry(at: fixture.now, error: "busy still"))
            let failed = try await fixture.chunk(0, of: processor.id)
            try requireEqual(failed.status, .failed, "the status after the last retry failed")
            try requireEqual(failed.errorMessage, "busy still", "the error that is kept")
            try requireEqual(try await fixture.row(processor.id).failedChunks, 1, "the count of failed chunks")
        },
        ContractRule("a released chunk costs no retry and can be claimed at once") { fixture in
            let processor = try await fixture.started(Plan(chunks: 1))
            let chunk = try await fixture.claimChunks(by: fixture.worker())[0]
            try await fixture.settle(chunk, .released)
            try await requireOutcome(.released, of: chunk, in: fixture)
            let again = try await fixture.claimChunks(by: fixture.worker())
            try requireEqual(again.map(\.retryCount), [0], "the retries used of the chunk claimed again")
            try requireEqual(try await fixture.row(processor.id).status, .processing, "the processing's status")
        },
        ContractRule("a chunk's settlement without its lease changes nothing") { fixture in
            let processor = try await fixture.started(Plan(chunks: 4))
            let untouched = processor.tasks[3]
            let held = try await fixture.claimChunks(3, by: fixture.worker())
            try await fixture.settle(held[1], .completed(.saying("first"), isFromCache: false))
            fixture.clock.advance(by: StoreFixture.lease)
            _ = try await fixture.processings.rescue()
            let other = try await fixture.claimChunks(1, by: fixture.worker())
            try requireEqual(other.map(\.id), [held[0].id], "the chunk that another worker holds")
            for stale in [held[0], held[1], held[2], untouched] {
                try await requireLost(stale, of: processor.id, in: fixture)
            }
        },
        ContractRule("of a batch of chunks, lost leases are named and the others settled") { fixture in
            let processor = try await fixture.started()
            let held = try await fixture.claimChunks(by: fixture.worker())
            try await fixture.settle(held[1], .failed(error: "noise"))
            let unknown = ChunkID.make(at: fixture.now)
            let done = ChunkSettlement.Outcome.completed(.saying("word"), isFromCache: false)
            let receipt = try await fixture.processings.settle(
                held.map { ChunkSettlement($0, done) } + [ChunkSettlement(unknown, token: .initial, done)])
            try requireEqual(receipt.lost, [held[1].id, unknown], "the lost leases")
            let statuses = try await fixture.loaded(processor.id).tasks.map(\.status)
            try requireEqual(statuses, [.completed, .failed, .completed], "the statuses of the batch")
            let empty = try await fixture.processings.settle([])
            try requireEqual(empty, ChunkSettleReceipt(lost: [], merging: []), "the receipt of an empty batch")
        },
    ]

    private static func requireOutcome(
        _ outcome: ChunkSettlement.Outcome, of chunk: ChunkTask, in fixture: StoreFixture
    ) async throws {
        var expected = chunk
        expected.settle(outcome, at: fixture.now)
        let stored = try await fixture.chunk(chunk.index, of: chunk.processingID)
        try requireEqual(stored, expected, "the settled chunk")
    }

    private static func requireLost(
        _ stale: ChunkTask, of id: ProcessingID, in fixture: StoreFixture
    ) async throws {
        let before = (try await fixture.loaded(id), try await fixture.row(id))
        let outcomes: [ChunkSettlement.Outcome] = [
            .completed(.saying("late"), isFromCache: true), .retry(at: fixture.now, error: "late"),
            .failed(error: "late"), .released,
        ]
        for outcome in outcomes {
            let receipt = try await fixture.processings.settle([ChunkSettlement(stale, outcome)])
            let after = (try await fixture.loaded(id), try await fixture.row(id))
            let what = "after a settlement of chunk \(stale.index) without its lease"
            try requireEqual(after.0, before.0, "the processing \(what)")
            try requireEqual(after.1, before.1, "the row \(what)")
            try requireEqual(receipt, ChunkSettleReceipt(lost: [stale.id], merging: []), "the receipt \(what)")
        }
    }
}
