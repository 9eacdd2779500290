internal import MillraceCore

/// What is promised of chunks whose workers died while they ran.
enum ChunkSuspectRules {
    private static let ordinary = ChunkScope(engines: [.ear], maxCrashes: 3)
    private static let alone = ChunkScope(engines: [.ear], maxCrashes: 3, isAlone: true)

    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("a chunk whose workers died too often is given alone, and only to a claimer that is alone") {
            fixture in
            let processor = try await fixture.started(Plan(chunks: 3))
            try await crash(0, times: 3, in: fixture)
            let worker = try await fixture.worker()
            let claimed = try await fixture.claimChunks(from: ordinary, by: worker)
            try requireEqual(claimed.map(\.index), [1, 2], "the ordinary claim")
            try await fixture.settle(claimed, .released)
            let given = try await fixture.claimChunks(from: alone, by: worker)
            try requireEqual(given.map(\.index), [0], "the claim of a worker that is alone")
            try requireEqual(
                try await fixture.claimChunks(from: alone, by: worker), [], "what is left for a worker that is alone")
            try await fixture.requireExactCounters(processor.id, "while a suspect is held")
        },
        ContractRule("a chunk that kills its worker once more than is allowed has failed and is counted") { fixture in
            let processor = try await fixture.started(Plan(chunks: 1))
            try await crash(0, times: 3, in: fixture)
            _ = try await fixture.claimChunks(from: alone, by: fixture.worker())
            fixture.clock.advance(by: StoreFixture.lease)
            let taken = try await fixture.processings.rescue(maxCrashes: 3)
            try requireEqual(taken, [processor.tasks[0].id], "the chunks taken back")
            let chunk = try await fixture.chunk(0, of: processor.id)
            try requireEqual(chunk.status, .failed, "the status of the chunk")
            try requireEqual(chunk.crashes, 4, "its crashes")
            try requireEqual(chunk.errorMessage, Job.poisonMessage(crashes: 4), "its reason")
            try await fixture.requireExactCounters(processor.id, "after a chunk was given up")
            try await fixture.requireMerges(1, of: processor, "after the last chunk was given up")
        },
        ContractRule("the leases of a worker are the chunks that it holds, and no others") { fixture in
            let processor = try await fixture.started(Plan(chunks: 4))
            let worker = try await fixture.worker()
            let held = try await fixture.claimChunks(3, by: worker)
            _ = try await fixture.claimChunks(1, by: fixture.worker())
            try requireEqual(
                try await fixture.processings.leases(of: worker),
                Dictionary(uniqueKeysWithValues: held.map { ($0.id, $0.leaseToken) }), "the leases after the claim")
            try await fixture.settle(held[0], .failed(error: "noise"))
            try await fixture.settle(held[1], .released)
            try requireEqual(
                try await fixture.processings.leases(of: worker), [held[2].id: held[2].leaseToken],
                "the leases after two of three have ended")
            try await fixture.requireExactCounters(processor.id, "after one chunk has failed")
        },
    ]

    /// Lets workers die with one chunk, the others given back.
    private static func crash(_ index: Int, times: Int, in fixture: StoreFixture) async throws {
        for _ in 0..<times {
            let held = try await fixture.claimChunks(by: fixture.worker())
            try await fixture.settle(held.filter { $0.index != index }, .released)
            fixture.clock.advance(by: StoreFixture.lease)
            _ = try await fixture.processings.rescue(maxCrashes: 3)
        }
    }
}
