import MillraceCore

@testable import MillraceTesting

/// Broken ways to save a processing that was loaded.
enum SaveMutants {
    static let all: [StoreMutant] = [
        StoreMutant(
            "processings saved blindly", caughtBy: "saving a stale processing conflicts and writes nothing",
            "saving a processing with a chunk claimed since conflicts and writes nothing",
            "a processing is saved once: the second save of one copy conflicts",
            "saving a copy from before a claim resets neither the held chunk nor the status",
            "of many who resume one run at once, all but one are told to load it again"
        ) { lab in
            lab.processings.onSave = { [store = lab.store] base, processor in
                guard !processor.isNew else { return try await base.save(processor) }
                try store.step { state, _ in
                    state.processings[processor.id] = ParallelProcessor.Row(processor)
                    state.chunks[processor.id] = processor.tasks
                }
            }
        },
        StoreMutant(
            "every save sets the transcript to PROCESSING",
            caughtBy: "saving an unchanged processing that has ended leaves its transcript as it is"
        ) { lab in
            lab.processings.onSave = { [store = lab.store] base, processor in
                try await base.save(processor)
                try store.step { state, _ in state.transcripts[processor.transcriptID]?.status = .processing }
            }
        },
        StoreMutant(
            "version not compared", caughtBy: "a processing is saved once: the second save of one copy conflicts",
            "saving a stale processing conflicts and writes nothing",
            "of many who resume one run at once, all but one are told to load it again"
        ) { lab in
            lab.processings.onSave = { [store = lab.store] base, processor in
                do {
                    try await base.save(processor)
                } catch let error as StoreError where error.code == .conflict {
                    try store.step { state, _ in state.processings[processor.id]?.status = processor.status }
                }
            }
        },
        StoreMutant(
            "an old copy undoes the first claim",
            caughtBy: "saving a copy from before a claim resets neither the held chunk nor the status"
        ) { lab in
            lab.processings.onSave = { [store = lab.store] base, processor in
                try await base.save(processor)
                try store.step { state, _ in
                    state.processings[processor.id]?.status = processor.status
                    state.processings[processor.id]?.startedAt = processor.startedAt
                }
            }
        },
        StoreMutant(
            "cancelled runs keep their holders",
            caughtBy: "cancelling calls the run off: holders are fenced, results stay"
        ) { lab in
            lab.processings.onSave = { [store = lab.store] base, processor in
                let held = try store.step { state, _ in
                    (state.chunks[processor.id] ?? []).filter { $0.status == .processing }
                }
                try await base.save(processor)
                try store.step { state, _ in
                    for chunk in held { state.store(chunk) }
                }
            }
        },
        StoreMutant(
            "transcripts not told", caughtBy: "cancelling calls the run off: holders are fenced, results stay",
            "a resumed run transcribes only the chunks that failed"
        ) { lab in
            lab.processings.onSave = { [store = lab.store] base, processor in
                let transcripts = try store.step { state, _ in state.transcripts }
                try await base.save(processor)
                try store.step { state, _ in state.transcripts = transcripts }
            }
        },
        StoreMutant(
            "resumption starts all chunks again", caughtBy: "a resumed run transcribes only the chunks that failed"
        ) { lab in
            lab.processings.onSave = { [store = lab.store] base, processor in
                try await base.save(processor)
                try store.step { state, _ in
                    state.chunks[processor.id] = processor.tasks.map {
                        ChunkTask(id: $0.id, processingID: processor.id, index: $0.index, range: $0.range)
                    }
                }
            }
        },
        StoreMutant(
            "round not kept", caughtBy: "each round has exactly one merge, which makes the transcript whole",
            "a resumed run with nothing left to transcribe queues its merge at once"
        ) { lab in
            lab.processings.onSave = { [store = lab.store] base, processor in
                try await base.save(processor)
                try store.step { state, _ in
                    let key = processor.merge.uniqueKey
                    state.jobs = state.jobs.filter { $0.value.uniqueKey != key }
                    state.processings[processor.id]?.round = 1
                }
            }
        },
        StoreMutant(
            "saving a merging run queues a merge every time",
            caughtBy: "saving a processing that is merging queues no second merge",
            "a resumed run with nothing left to transcribe queues its merge at once"
        ) { lab in
            lab.processings.onSave = { [store = lab.store] base, processor in
                try await base.save(processor)
                try store.step { state, _ in
                    if let row = state.processings[processor.id], row.status == .merging {
                        MergeMutants.queueAgain(row, in: &state)
                    }
                }
            }
        },
    ]
}
