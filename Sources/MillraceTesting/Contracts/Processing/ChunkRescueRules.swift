internal import MillraceCore

/// What `rescue` of chunks promises.
enum ChunkRescueRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("no chunk is rescued before its worker's lease has run out") { fixture in
            let processor = try await fixture.started(Plan(chunks: 1))
            let chunk = try await fixture.claimChunks(by: fixture.worker())[0]
            fixture.clock.advance(by: StoreFixture.lease - .microseconds(1))
            try requireEqual(try await fixture.processings.rescue(), [], "the chunks rescued a microsecond early")
            try requireEqual(try await fixture.chunk(0, of: processor.id), chunk, "the chunk that is still held")
            fixture.clock.advance(by: .microseconds(1))
            try requireEqual(try await fixture.processings.rescue(), [chunk.id], "the chunks rescued at the end")
        },
        ContractRule("a rescued chunk can be claimed again, with one crash more and no retry used") { fixture in
            let processor = try await fixture.started(Plan(chunks: 3))
            let gone = try await fixture.claimChunks(1, by: fixture.worker())
            let alive = try await fixture.claimChunks(1, by: fixture.worker(leasedFor: .seconds(60)))
            fixture.clock.advance(by: StoreFixture.lease)
            try requireEqual(try await fixture.processings.rescue(), [gone[0].id], "the chunks rescued")
            var expected = gone[0]
            expected.rescue(at: fixture.now)
            try requireEqual(try await fixture.chunk(0, of: processor.id), expected, "the rescued chunk")
            try requireEqual(try await fixture.chunk(1, of: processor.id), alive[0], "the chunk that is held")
            let again = try await fixture.claimChunks(by: fixture.worker())
            try requireEqual(again.map(\.index), [0, 2], "the chunks claimed by another worker")
        },
        ContractRule("many rescues at once take each chunk back once") { fixture in
            let processor = try await fixture.started(Plan(chunks: 40))
            _ = try await fixture.claimChunks(by: fixture.worker())
            fixture.clock.advance(by: StoreFixture.lease)
            let rescued = try await concurrently(8) { _ in try await fixture.processings.rescue() }.flatMap { $0 }
            try requireEqual(rescued.count, 40, "the number of chunks that all rescues name")
            let crashes = Set(try await fixture.loaded(processor.id).tasks.map(\.crashes))
            try requireEqual(crashes, [1], "the crashes of the chunks")
        },
    ]
}
