internal import MillraceCore

/// When the merge of a processing is queued.
enum MergeRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("chunks that end at the same moment queue exactly one merge") { fixture in
            let processor = try await fixture.started(Plan(chunks: 48))
            let held = try await fixture.claimChunks(by: fixture.worker())
            try requireEqual(held.count, 48, "the number of claimed chunks")
            let receipts = try await concurrently(held.count) { number in
                let isFailing = number % 7 == 0
                return try await fixture.processings.settle([
                    ChunkSettlement(
                        held[number],
                        isFailing ? .failed(error: "noise") : .completed(.saying("word"), isFromCache: false))
                ])
            }
            try requireEqual(
                receipts.filter { $0.merging == [processor.id] }.count, 1, "the receipts that name the merge")
            try requireEqual(receipts.filter { !$0.merging.isEmpty }.count, 1, "the receipts that name any merge")
            try await fixture.requireMerges(1, of: processor, "after all chunks ended at once")
            try await fixture.requireExactCounters(processor.id, "after all chunks ended at once")
            try requireEqual(try await fixture.row(processor.id).status, .merging, "the status")
        },
        ContractRule("a batch that ends several processings queues the merge of each") { fixture in
            var all: [ParallelProcessor] = []
            for name in ["a", "b", "c"] { all.append(try await fixture.started(Plan(recording: name, chunks: 2))) }
            let held = try await fixture.claimChunks(by: fixture.worker())
            let left = try requireValue(held.firstIndex { $0.processingID == all[2].id }, "a chunk of the third")
            let ending = held.indices.filter { $0 != left }.map { held[$0] }
            let receipt = try await fixture.settle(ending, .completed(.saying("word"), isFromCache: false))
            try requireEqual(receipt.merging, [all[0].id, all[1].id], "the processings that are merging")
            for (processor, count) in zip(all, [1, 1, 0]) {
                try await fixture.requireMerges(count, of: processor, "of processing \(processor.source.name)")
            }
        },
        ContractRule("a run of one chunk is merged too") { fixture in
            let processor = try await fixture.started(Plan(chunks: 1))
            try await fixture.requireMerges(0, of: processor, "before the chunk ended")
            try await fixture.transcribeAll()
            try await fixture.requireMerges(1, of: processor, "after the chunk ended")
        },
        ContractRule("a run whose chunks all fail is merged too") { fixture in
            let processor = try await fixture.started()
            try await fixture.transcribeAll(failing: [0, 1, 2])
            try await fixture.requireMerges(1, of: processor, "after all chunks failed")
            try requireEqual(try await fixture.row(processor.id).status, .merging, "the status")
        },
        ContractRule("no merge is queued while a chunk waits for its retry or is held") { fixture in
            let processor = try await fixture.started()
            let held = try await fixture.claimChunks(by: fixture.worker())
            try await fixture.settle(held[0], .completed(.saying("word"), isFromCache: false))
            try await fixture.settle(held[1], .retry(at: fixture.now + .seconds(60), error: "busy"))
            try await fixture.settle(held[2], .failed(error: "noise"))
            try await fixture.requireMerges(0, of: processor, "while a chunk waits")
            fixture.clock.advance(by: .seconds(60))
            let again = try await fixture.claimChunks(by: fixture.worker())
            try await fixture.requireMerges(0, of: processor, "while a chunk is held")
            try await fixture.settle(again, .completed(.saying("word"), isFromCache: false))
            try await fixture.requireMerges(1, of: processor, "after the last chunk")
        },
        ContractRule("a merge names its processing and round, and has their transcript, queue and priority") {
            fixture in
            let processor = try await fixture.started(
                Plan(queueName: QueueName(stored: "urgent"), priority: .high))
            try await fixture.transcribeAll()
            let merge = try requireValue(try await fixture.merges(of: processor).first, "the merge")
            let expected = MergePayload(processingID: processor.id, round: 1)
            try requireEqual(try merge.payload.decode(MergePayload.self), expected, "the payload")
            try requireEqual(merge.uniqueKey, expected.uniqueKey, "the unique key")
            try requireEqual(merge.transcriptID, processor.transcriptID, "the transcript")
            try requireEqual(merge.queueName, processor.queueName, "the queue")
            try requireEqual(merge.priority, .high, "the priority")
            try requireEqual(merge.status, .queued, "the status")
        },
    ]
}
