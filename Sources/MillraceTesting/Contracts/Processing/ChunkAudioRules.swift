internal import MillraceCore

/// What becomes of the sound that is kept with chunks.
enum ChunkAudioRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("the sound of a chunk is kept to the byte, and a new one takes its place") { fixture in
            let processor = try await fixture.started()
            var sounds: [ChunkID: [UInt8]] = [:]
            for task in processor.tasks { sounds[task.id] = sound(of: task, bytes: 100_000) }
            try await fixture.processings.storeAudio(sounds)
            let second = processor.tasks[1].id
            sounds[second] = [7]
            try await fixture.processings.storeAudio([second: [7]])
            for task in processor.tasks {
                let kept = try await fixture.processings.audio(of: task.id)
                try requireEqual(kept, sounds[task.id], "the sound of chunk \(task.index)")
            }
            try requireEqual(try await fixture.loaded(processor.id), processor, "the processing with its sound stored")
        },
        ContractRule("the sound of a chunk is kept until the chunk ends, and no longer") { fixture in
            let processor = try await fixture.started(Plan(chunks: 5))
            try await store(processor.tasks, in: fixture)
            let held = try await fixture.claimChunks(4, by: fixture.worker())
            try await fixture.settle(held[0], .completed(.saying("word"), isFromCache: false))
            try await fixture.settle(held[1], .failed(error: "noise"))
            try await fixture.settle(held[2], .retry(at: fixture.now, error: "busy"))
            try await fixture.settle(held[3], .released)
            try await requireSound(of: [2, 3, 4], of: processor, "after settlements", in: fixture)
            let again = try await fixture.claimChunks(1, by: fixture.worker())
            fixture.clock.advance(by: StoreFixture.lease)
            _ = try await fixture.processings.rescue()
            try await requireSound(of: [2, 3, 4], of: processor, "after a rescue", in: fixture)
            try requireEqual(again.map(\.index), [2], "the chunk that was rescued")
            _ = try await fixture.claimChunks(1, by: fixture.worker())
            fixture.clock.advance(by: StoreFixture.lease)
            _ = try await fixture.processings.rescue(maxCrashes: 1)
            try await requireSound(of: [3, 4], of: processor, "after a rescue that failed a chunk", in: fixture)
        },
        ContractRule("a chunk that is called off or deleted leaves no sound, and one that is opened again has none") {
            fixture in
            var cancelled = try await fixture.started(Plan(recording: "a", chunks: 2))
            try await store(cancelled.tasks, in: fixture)
            try cancelled.cancel(at: fixture.now)
            try await fixture.processings.save(cancelled)
            try await requireSound(of: [], of: cancelled, "after a cancellation", in: fixture)
            let deleted = try await fixture.started(Plan(recording: "b", chunks: 2))
            try await store(deleted.tasks, in: fixture)
            try await fixture.processings.delete(deleted.id)
            try await requireSound(of: [], of: deleted, "after a deletion", in: fixture)
            let processor = try await fixture.started(Plan(recording: "c", chunks: 2))
            try await store(processor.tasks, in: fixture)
            try await fixture.transcribeAll(failing: [1])
            try await fixture.finish(processor)
            var resumed = try await fixture.loaded(processor.id)
            try resumed.resume(at: fixture.now)
            try await fixture.processings.save(resumed)
            try await requireSound(of: [], of: processor, "after a resumption", in: fixture)
            try await store(processor.tasks, in: fixture)
            try await requireSound(of: [1], of: processor, "stored again after a resumption", in: fixture)
        },
        ContractRule("sound of a chunk that has ended, or that there is not, is dropped") { fixture in
            let processor = try await fixture.started(Plan(chunks: 3))
            let held = try await fixture.claimChunks(1, by: fixture.worker())
            try await fixture.settle(held[0], .completed(.saying("word"), isFromCache: false))
            let unknown = ChunkID.make(at: fixture.now)
            try await fixture.processings.storeAudio([
                processor.tasks[0].id: [1], unknown: [2], processor.tasks[2].id: [3],
            ])
            try await fixture.processings.storeAudio([:])
            try await requireSound(of: [2], of: processor, "of chunks open and not", in: fixture)
            try requireEqual(try await fixture.processings.audio(of: unknown), nil, "the sound of no chunk")
        },
        ContractRule("of a processing out of reach only chunks whose sound is kept are claimed") { fixture in
            let far = try await fixture.started(Plan(recording: "far", chunks: 4))
            let near = try await fixture.started(Plan(recording: "near", chunks: 1))
            try await store([far.tasks[1], far.tasks[3]], in: fixture)
            let worker = try await fixture.worker()
            let scope = ChunkScope(engines: [.ear], unreachable: [far.id])
            let some = try await fixture.claimChunks(2, from: scope, by: worker)
            try requireEqual(some.map(\.id), [far.tasks[1].id, near.tasks[0].id], "a claim of two")
            let rest = try await fixture.claimChunks(from: scope, by: worker)
            try requireEqual(rest.map(\.id), [far.tasks[3].id], "the chunks claimed then")
            let others = try await fixture.claimChunks(by: worker)
            try requireEqual(others.map(\.id), [far.tasks[0].id, far.tasks[2].id], "the chunks left to others")
        },
        ContractRule("the open chunks without sound are named by index") { fixture in
            let processor = try await fixture.started(Plan(chunks: 5))
            let other = try await fixture.started(Plan(recording: "other", chunks: 1))
            try await store([processor.tasks[2], other.tasks[0]], in: fixture)
            let held = try await fixture.claimChunks(1, by: fixture.worker())
            let expected = [held[0]] + [1, 3, 4].map { processor.tasks[$0] }
            let missing = try await fixture.processings.chunksWithoutAudio(of: processor.id)
            try requireEqual(missing, expected, "the chunks without sound, one of them held")
            try await fixture.settle(held[0], .failed(error: "noise"))
            let left = try await fixture.processings.chunksWithoutAudio(of: processor.id)
            try requireEqual(left.map(\.index), [1, 3, 4], "the chunks without sound that have not ended")
            let none = try await fixture.processings.chunksWithoutAudio(of: other.id)
            try requireEqual(none, [], "the chunks without sound where all have it")
        },
    ]

    /// Bytes of every value, not the same for two chunks.
    private static func sound(of task: ChunkTask, bytes: Int = 3) -> [UInt8] {
        (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ task.index) }
    }

    private static func store(_ tasks: [ChunkTask], in fixture: StoreFixture) async throws {
        try await fixture.processings.storeAudio(
            Dictionary(uniqueKeysWithValues: tasks.map { ($0.id, sound(of: $0)) }))
    }

    private static func requireSound(
        of indexes: [Int], of processor: ParallelProcessor, _ when: String, in fixture: StoreFixture
    ) async throws {
        for task in processor.tasks {
            let kept = try await fixture.processings.audio(of: task.id)
            try requireEqual(
                kept != nil, indexes.contains(task.index), "whether sound of chunk \(task.index) is kept \(when)")
        }
    }
}
