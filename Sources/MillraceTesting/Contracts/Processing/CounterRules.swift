internal import MillraceCore

/// What the counters of a processing promise.
enum CounterRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("a retry leaves the counters and the status of its processing alone") { fixture in
            let processor = try await fixture.started()
            let chunk = try await fixture.claimChunks(1, by: fixture.worker())[0]
            let before = try await fixture.row(processor.id)
            try await fixture.settle(chunk, .retry(at: fixture.now, error: "busy"))
            let after = try await fixture.row(processor.id)
            try requireEqual(
                [after.completedChunks, after.failedChunks, after.totalChunks],
                [before.completedChunks, before.failedChunks, before.totalChunks], "completed, failed and total")
            try requireEqual(after.status, before.status, "the status")
            try requireEqual(after.progress, before.progress, "the progress")
        },
        ContractRule("a chunk that is settled twice counts once, in one batch or in two") { fixture in
            let processor = try await fixture.started(Plan(chunks: 4))
            let held = try await fixture.claimChunks(by: fixture.worker())
            let done = ChunkSettlement.Outcome.completed(.saying("word"), isFromCache: false)
            _ = try await fixture.processings.settle([ChunkSettlement(held[0], done), ChunkSettlement(held[0], done)])
            for _ in 0..<3 { _ = try await fixture.processings.settle([ChunkSettlement(held[1], done)]) }
            _ = try await fixture.processings.settle([ChunkSettlement(held[1], .failed(error: "late"))])
            let row = try await fixture.row(processor.id)
            try requireEqual([row.completedChunks, row.failedChunks], [2, 0], "completed and failed chunks")
            try requireEqual(row.status, .processing, "the status with two chunks left")
        },
        ContractRule("the counters are exact through retries, double settlements and rescues") { fixture in
            var generator = fixture.generator()
            let processor = try await fixture.started(Plan(chunks: 40, maxRetries: 2))
            var stale: [ChunkTask] = []
            var steps = 0
            while try await fixture.row(processor.id).status != .merging {
                steps += 1
                try require(steps < 1_000, "the run does not end (seed \(fixture.seed))")
                let limit = Int.random(in: 1...9, using: &generator)
                let held = try await fixture.claimChunks(limit, by: fixture.worker())
                if Int.random(in: 0..<6, using: &generator) == 0 {
                    fixture.clock.advance(by: StoreFixture.lease)
                    _ = try await fixture.processings.rescue()
                }
                var batch = held.map { ChunkSettlement($0, outcome(at: fixture.now, using: &generator)) }
                for old in stale.shuffled(using: &generator).prefix(3) {
                    batch.append(ChunkSettlement(old, outcome(at: fixture.now, using: &generator)))
                }
                _ = try await fixture.processings.settle(batch)
                try await fixture.requireExactCounters(processor.id, "(seed \(fixture.seed))")
                stale += held
            }
            let row = try await fixture.row(processor.id)
            try requireEqual(
                row.completedChunks + row.failedChunks, 40, "chunks that ended (seed \(fixture.seed))")
            try await fixture.requireMerges(1, of: processor, "(seed \(fixture.seed))")
        },
    ]

    private static func outcome(
        at now: Timestamp, using generator: inout SeededGenerator
    ) -> ChunkSettlement.Outcome {
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: .failed(error: "noise")
        case 1, 2: .retry(at: now, error: "busy")
        case 3: .released
        default: .completed(.saying("word"), isFromCache: Bool.random(using: &generator))
        }
    }
}
