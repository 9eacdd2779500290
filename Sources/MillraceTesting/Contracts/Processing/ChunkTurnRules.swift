internal import MillraceCore

/// In which order chunks are claimed.
enum ChunkTurnRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("chunks of higher priority are claimed first, each processing's by index") { fixture in
            let low = try await fixture.started(Plan(recording: "low", chunks: 3, priority: .low))
            let high = try await fixture.started(Plan(recording: "high", chunks: 2, priority: .high))
            let medium = try await fixture.started(Plan(recording: "medium", chunks: 2))
            let worker = try await fixture.worker()
            var claimed: [ChunkTask] = []
            for limit in [1, 4, 10] { claimed += try await fixture.claimChunks(limit, by: worker) }
            let expected = (high.tasks + medium.tasks + low.tasks).map(\.id)
            try requireEqual(claimed.map(\.id), expected, "the order of claims")
        },
        ContractRule("one claim takes chunks of processings of one priority in turn") { fixture in
            let (first, second, third) = try await three(fixture)
            let claimed = try await fixture.claimChunks(7, by: fixture.worker())
            let counts = [first, second, third].map { processor in
                claimed.count { $0.processingID == processor.id }
            }
            try requireEqual(counts.sorted(), [2, 2, 3], "chunks claimed of each of three processings")
            try requireEqual(claimed.map(\.index), [0, 0, 0, 1, 1, 1, 2], "the indexes in the order of the claim")
        },
        ContractRule("claims one after another take chunks of processings of one priority in turn") { fixture in
            let (first, second, third) = try await three(fixture)
            let worker = try await fixture.worker(leasedFor: .seconds(100))
            var turns: [ProcessingID] = []
            for _ in 0..<9 {
                turns += try await fixture.claimChunks(1, by: worker).map(\.processingID)
                fixture.clock.advance(by: .milliseconds(10))
            }
            try requireEqual(turns.count, 9, "the number of claimed chunks")
            for round in 0..<3 {
                let ids = Set(turns[(round * 3)..<(round * 3 + 3)])
                try requireEqual(ids, [first.id, second.id, third.id], "the processings served in round \(round)")
            }
        },
        ContractRule("a young processing does not wait for an old one of the same priority") { fixture in
            let old = try await fixture.started(Plan(recording: "old", chunks: 100))
            let worker = try await fixture.worker(leasedFor: .seconds(100))
            _ = try await fixture.claimChunks(10, by: worker)
            fixture.clock.advance(by: .milliseconds(10))
            let young = try await fixture.started(Plan(recording: "young", chunks: 2))
            let claimed = try await fixture.claimChunks(4, by: worker)
            let counts = [old, young].map { processor in claimed.count { $0.processingID == processor.id } }
            try requireEqual(counts, [2, 2], "chunks claimed of the old and the young processing")
        },
    ]

    private static func three(
        _ fixture: StoreFixture
    ) async throws -> (ParallelProcessor, ParallelProcessor, ParallelProcessor) {
        (
            try await fixture.started(Plan(recording: "a", chunks: 5)),
            try await fixture.started(Plan(recording: "b", chunks: 5)),
            try await fixture.started(Plan(recording: "c", chunks: 5))
        )
    }
}
