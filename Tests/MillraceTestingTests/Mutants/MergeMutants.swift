import MillraceCore

@testable import MillraceTesting

/// Broken counters, merges, endings and sweeps.
enum MergeMutants {
    static let all: [StoreMutant] = counting + merging + finishing + sweeping

    private static let counting: [StoreMutant] = [
        StoreMutant(
            "retries counted as failures",
            caughtBy: "a retry leaves the counters and the status of its processing alone",
            "the counters are exact through retries, double settlements and rescues"
        ) { lab in
            lab.processings.onSettle = { [store = lab.store] base, settlements in
                let receipt = try await base.settle(settlements)
                try store.step { state, _ in
                    for settlement in settlements {
                        guard case .retry = settlement.outcome, let chunk = state.chunk(settlement.chunkID) else {
                            continue
                        }
                        state.processings[chunk.processingID]?.failedChunks += 1
                    }
                }
                return receipt
            }
        },
        StoreMutant(
            "counting by event", caughtBy: "a chunk that is settled twice counts once, in one batch or in two",
            "the counters are exact through retries, double settlements and rescues"
        ) { lab in
            lab.processings.onSettle = { [store = lab.store] base, settlements in
                let receipt = try await base.settle(settlements)
                try store.step { state, _ in
                    for settlement in settlements where receipt.lost.contains(settlement.chunkID) {
                        guard case .completed = settlement.outcome, let chunk = state.chunk(settlement.chunkID) else {
                            continue
                        }
                        state.processings[chunk.processingID]?.completedChunks += 1
                    }
                }
                return receipt
            }
        },
    ]

    private static let merging: [StoreMutant] = [
        StoreMutant(
            "double merge", caughtBy: "chunks that end at the same moment queue exactly one merge",
            "a run of one chunk is merged too", "each round has exactly one merge, which makes the transcript whole"
        ) { lab in
            lab.processings.onSettle = afterMerge(in: lab) { state, row, _ in
                queueAgain(row, in: &state)
            }
        },
        StoreMutant(
            "lost merge", caughtBy: "chunks that end at the same moment queue exactly one merge",
            "a run of one chunk is merged too", "a run whose chunks all fail is merged too",
            "no merge is queued while a chunk waits for its retry or is held"
        ) { lab in
            lab.processings.onSettle = afterMerge(in: lab) { state, row, _ in
                removeMerges(of: row, in: &state)
            }
        },
        StoreMutant(
            "every settlement is told of the merge",
            caughtBy: "chunks that end at the same moment queue exactly one merge"
        ) { lab in
            lab.processings.onSettle = { [store = lab.store] base, settlements in
                let receipt = try await base.settle(settlements)
                let ids = try store.step { state, _ in settlements.compactMap { state.chunk($0.chunkID)?.processingID }
                }
                return ChunkSettleReceipt(lost: receipt.lost, merging: Set(ids))
            }
        },
        StoreMutant(
            "one merge a batch", caughtBy: "a batch that ends several processings queues the merge of each"
        ) { lab in
            lab.processings.onSettle = afterMerge(in: lab) { state, row, position in
                if position > 0 { removeMerges(of: row, in: &state) }
            }
        },
        StoreMutant("failed runs not merged", caughtBy: "a run whose chunks all fail is merged too") { lab in
            lab.processings.onSettle = afterMerge(in: lab) { state, row, _ in
                if row.completedChunks == 0 { removeMerges(of: row, in: &state) }
            }
        },
        StoreMutant(
            "chunks that wait count as ended",
            caughtBy: "no merge is queued while a chunk waits for its retry or is held"
        ) { lab in
            lab.processings.onSettle = { [store = lab.store] base, settlements in
                let receipt = try await base.settle(settlements)
                try store.step { state, now in
                    for row in state.processings.values
                    where state.chunks[row.id]?.allSatisfy({ $0.status.isFinal || $0.scheduledAt != nil }) == true {
                        state.queueMerge(of: row, at: now)
                    }
                }
                return receipt
            }
        },
        StoreMutant(
            "merges in the default queue",
            caughtBy: "a merge names its processing and round, and has their transcript, queue and priority"
        ) { lab in
            lab.processings.onSettle = afterMerge(in: lab) { state, row, _ in
                for job in state.jobs.values where job.transcriptID == row.transcriptID {
                    state.jobs[job.id] = job.changed(queueName: .default)
                }
            }
        },
        StoreMutant(
            "merges of the wrong round",
            caughtBy: "a merge names its processing and round, and has their transcript, queue and priority",
            "each round has exactly one merge, which makes the transcript whole"
        ) { lab in
            lab.processings.onSettle = afterMerge(in: lab) { state, row, _ in
                removeMerges(of: row, in: &state)
                var row = row
                row.round += 1
                state.queueMerge(of: row, at: row.updatedAt)
            }
        },
    ]

    private static let finishing: [StoreMutant] = [
        StoreMutant(
            "transcript not stored",
            caughtBy: "finishing stores the transcript, ends the processing and settles the merge"
        ) { lab in
            lab.processings.onFinish = { [store = lab.store] base, outcome in
                let before = try store.step { state, _ in state.transcripts[outcome.transcript.id] }
                let isFinished = try await base.finish(outcome)
                try store.step { state, _ in state.transcripts[outcome.transcript.id] = before }
                return isFinished
            }
        },
        StoreMutant(
            "merge left open", caughtBy: "finishing stores the transcript, ends the processing and settles the merge"
        ) { lab in
            lab.processings.onFinish = { [store = lab.store] base, outcome in
                let isFinished = try await base.finish(outcome)
                try store.step { state, _ in state.jobs[outcome.job.id] = outcome.job }
                return isFinished
            }
        },
        StoreMutant("finish without a fence", caughtBy: "a merge that lost its lease finishes nothing") { lab in
            lab.processings.onFinish = { [store = lab.store] base, outcome in
                let job = try store.step { state, now in
                    if state.jobs[outcome.job.id]?.status != .processing {
                        state.jobs[outcome.job.id]?.claim(by: WorkerID.make(at: now), at: now)
                    }
                    return state.jobs[outcome.job.id]
                }
                return try await base.finish(
                    MergeOutcome(job: job ?? outcome.job, merge: outcome.merge, transcript: outcome.transcript))
            }
        },
        StoreMutant("finish of any round", caughtBy: "a merge of another round finishes nothing") { lab in
            lab.processings.onFinish = { base, outcome in
                let round = try await base.row(outcome.merge.processingID)?.round ?? 1
                let merge = MergePayload(processingID: outcome.merge.processingID, round: round)
                return try await base.finish(
                    MergeOutcome(job: outcome.job, merge: merge, transcript: outcome.transcript))
            }
        },
        StoreMutant(
            "finish of what was called off", caughtBy: "the merge of a run that was called off finishes nothing"
        ) { lab in
            lab.processings.onFinish = { [store = lab.store] base, outcome in
                try store.step { state, _ in state.processings[outcome.merge.processingID]?.status = .merging }
                return try await base.finish(outcome)
            }
        },
        StoreMutant(
            "finish with an open transcript", caughtBy: "a transcript that has not ended finishes nothing"
        ) { lab in
            lab.processings.onFinish = { base, outcome in
                var transcript = outcome.transcript
                if transcript.status == .processing { transcript.status = .completed }
                return try await base.finish(
                    MergeOutcome(job: outcome.job, merge: outcome.merge, transcript: transcript))
            }
        },
    ]

    private static let sweeping: [StoreMutant] = [
        StoreMutant(
            "no sweep", caughtBy: "a sweep queues a merge that is missing, once",
            "a sweep fails the processing whose merge ended without a transcript",
            "a sweep corrects counters by the chunks", "a sweep merges a run whose chunks have ended unnoticed"
        ) { lab in
            lab.processings.onSweep = { _ in [] }
        },
        StoreMutant("sweep touches everything", caughtBy: "a sweep leaves alone what is in order") { lab in
            lab.processings.onSweep = { [store = lab.store] base in
                let mended = try await base.sweep()
                try store.step { state, now in
                    for id in state.processings.keys { state.processings[id]?.updatedAt = now }
                }
                return mended
            }
        },
        StoreMutant(
            "sweep queues merges again", caughtBy: "a sweep leaves alone what is in order",
            "a sweep queues a merge that is missing, once"
        ) { lab in
            lab.processings.onSweep = { [store = lab.store] base in
                let mended = try await base.sweep()
                try store.step { state, _ in
                    for row in state.processings.values where row.status == .merging { queueAgain(row, in: &state) }
                }
                return mended
            }
        },
        StoreMutant(
            "sweep leaves the transcript open",
            caughtBy: "a sweep fails the processing whose merge ended without a transcript"
        ) { lab in
            lab.processings.onSweep = { [store = lab.store] base in
                let transcripts = try store.step { state, _ in state.transcripts }
                let mended = try await base.sweep()
                try store.step { state, _ in state.transcripts = transcripts }
                return mended
            }
        },
    ]
}

extension MergeMutants {
    /// Settles, then changes the store for each processing that is merging now.
    private static func afterMerge(
        in lab: StoreLab, _ edit: @escaping @Sendable (inout StoreState, ParallelProcessor.Row, Int) -> Void
    ) -> @Sendable (any ProcessingRepository, [ChunkSettlement]) async throws -> ChunkSettleReceipt {
        { [store = lab.store] base, settlements in
            let receipt = try await base.settle(settlements)
            try store.step { state, _ in
                for (position, id) in receipt.merging.sorted().enumerated() {
                    if let row = state.processings[id] { edit(&state, row, position) }
                }
            }
            return receipt
        }
    }

    static func queueAgain(_ row: ParallelProcessor.Row, in state: inout StoreState) {
        var request = MergePayload(processingID: row.id, round: row.round).request(for: row)
        request.uniqueKey = nil
        _ = state.enqueue([request], at: row.updatedAt)
    }

    static func removeMerges(of row: ParallelProcessor.Row, in state: inout StoreState) {
        state.jobs = state.jobs.filter { $0.value.type != .merge || $0.value.transcriptID != row.transcriptID }
    }
}
