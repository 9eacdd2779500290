import MillraceCore

@testable import MillraceTesting

/// Broken ways to start, find, show and list processings.
enum RunMutants {
    static let all: [StoreMutant] = starting + showing

    private static let starting: [StoreMutant] = [
        StoreMutant(
            "start without the transcript",
            caughtBy: "a run starts with its transcript, its processing and all its chunks"
        ) { lab in
            lab.processings.onStart = { [store = lab.store] base, processor, transcript, _ in
                try await base.start(processor, transcript: transcript)
                try store.step { state, _ in state.transcripts[transcript.id] = nil }
            }
        },
        StoreMutant(
            "last chunk not stored", caughtBy: "a run starts with its transcript, its processing and all its chunks"
        ) { lab in
            lab.processings.onStart = { [store = lab.store] base, processor, transcript, _ in
                try await base.start(processor, transcript: transcript)
                try store.step { state, _ in _ = state.chunks[processor.id]?.removeLast() }
            }
        },
        StoreMutant(
            "finds any run", caughtBy: "a processing that does not exist is nil, whatever else there is"
        ) { lab in
            lab.processings.onFind = { [store = lab.store] _, _ in
                try store.step { state, _ in state.processings.keys.first.flatMap { state.loadProcessing($0) } }
            }
        },
        StoreMutant(
            "runs are never the same", caughtBy: "a run that can be resumed is not started twice",
            "many starts of one run at once are one processing"
        ) { lab in
            lab.processings.onStart = { [store = lab.store] _, processor, transcript, _ in
                try store.step { (state, _) throws(StoreError) in
                    let before = state.processings
                    state.processings = [:]
                    defer { state.processings.merge(before) { new, _ in new } }
                    try state.start(processor, transcript: transcript, for: nil)
                }
            }
        },
        StoreMutant(
            "transcript stored before the conflict", caughtBy: "a run that can be resumed is not started twice",
            "many starts of one run at once are one processing"
        ) { lab in
            lab.processings.onStart = { [transcripts = lab.transcripts] base, processor, transcript, _ in
                do {
                    try await base.start(processor, transcript: transcript)
                } catch let error as StoreError {
                    try await transcripts.save(transcript)
                    throw error
                }
            }
        },
        StoreMutant(
            "finds the oldest run",
            caughtBy: "a run that is completed or cancelled can start again, and the newest is found"
        ) { lab in
            lab.processings.onFind = { [store = lab.store] _, key in
                try store.step { state, _ in
                    state.processings.values.filter { $0.runKey == key }.min { $0.id < $1.id }
                        .flatMap { state.loadProcessing($0.id) }
                }
            }
        },
        StoreMutant(
            "plan saved without a transcript",
            caughtBy: "a plan can be saved for a transcript that is stored, and for no other"
        ) { lab in
            lab.processings.onSave = { [transcripts = lab.transcripts] base, processor in
                if processor.isNew, try await transcripts.load(processor.transcriptID) == nil {
                    try await transcripts.save(
                        Transcript(
                            id: processor.transcriptID, source: processor.source.path, hash: processor.source.hash,
                            durationSeconds: 1, chunkCount: processor.totalChunks, at: processor.createdAt))
                }
                try await base.save(processor)
            }
        },
        StoreMutant(
            "merge and transcript left behind",
            caughtBy: "a deleted processing takes its queued merge along and calls its transcript off"
        ) { lab in
            lab.processings.onDelete = { [store = lab.store] base, id in
                let before = try store.step { state, _ in (state.jobs, state.transcripts) }
                try await base.delete(id)
                try store.step { state, _ in (state.jobs, state.transcripts) = before }
            }
        },
        StoreMutant(
            "deleted under a running merge",
            caughtBy: "a deleted processing takes its queued merge along and calls its transcript off"
        ) { lab in
            lab.processings.onDelete = { [store = lab.store] _, id in
                try store.step { state, _ in state.removeProcessing(id) }
            }
        },
        StoreMutant(
            "stored transcript replaced", caughtBy: "a run starts with a transcript of its own, and with no other"
        ) { lab in
            lab.processings.onStart = { [store = lab.store] base, processor, transcript, _ in
                try store.step { state, _ in state.transcripts[transcript.id] = nil }
                try await base.start(processor, transcript: transcript)
            }
        },
        StoreMutant(
            "identities not compared", caughtBy: "a run starts with a transcript of its own, and with no other"
        ) { lab in
            lab.processings.onStart = { [store = lab.store] base, processor, transcript, _ in
                guard processor.transcriptID != transcript.id else {
                    return try await base.start(processor, transcript: transcript)
                }
                try store.step { state, _ in state.transcripts[transcript.id] = transcript }
            }
        },
        StoreMutant(
            "NUL let through in a prompt",
            caughtBy: "what no store can keep is refused as bad input, and nothing is written"
        ) { lab in
            lab.processings.onStart = { [store = lab.store] _, _, transcript, _ in
                try store.step { state, _ in state.transcripts[transcript.id] = transcript }
            }
        },
        StoreMutant(
            "held chunks deleted", caughtBy: "a processing is deleted with its chunks, but not while one is held"
        ) { lab in
            lab.processings.onDelete = { [store = lab.store] _, id in
                try store.step { state, _ in state.removeProcessing(id) }
            }
        },
        StoreMutant(
            "chunks outlive their processing",
            caughtBy: "a processing is deleted with its chunks, but not while one is held"
        ) { lab in
            lab.processings.onDelete = { [store = lab.store] base, id in
                let chunks = try store.step { state, _ in state.chunks[id] }
                try await base.delete(id)
                try store.step { state, _ in state.chunks[id] = chunks }
            }
        },
    ]

    private static let showing: [StoreMutant] = [
        StoreMutant("progress overwritten", caughtBy: "progress never goes back") { lab in
            lab.processings.onProgress = { [store = lab.store] base, id, progress in
                try await base.updateProgress(id, progress: progress)
                try store.step { state, _ in state.processings[id]?.shownProgress = progress }
            }
        },
        StoreMutant("progress starts again with a resumption", caughtBy: "progress never goes back") { lab in
            lab.processings.onSave = { [store = lab.store] base, processor in
                try await base.save(processor)
                try store.step { state, _ in state.processings[processor.id]?.shownProgress = 0 }
            }
        },
        StoreMutant(
            "progress moves the counters", caughtBy: "shown progress only shows: counters, status and version stay"
        ) { lab in
            lab.processings.onProgress = { [store = lab.store] base, id, progress in
                try await base.updateProgress(id, progress: progress)
                try store.step { state, _ in
                    guard let total = state.processings[id]?.totalChunks else { return }
                    state.processings[id]?.completedChunks = Int(progress * Double(total))
                }
            }
        },
        StoreMutant("progress clamped", caughtBy: "progress outside 0…1 is refused") { lab in
            lab.processings.onProgress = { base, id, progress in
                try await base.updateProgress(id, progress: progress.isNaN ? 0 : min(1, max(0, progress)))
            }
        },
        StoreMutant("progress of nothing accepted", caughtBy: "progress outside 0…1 is refused") { lab in
            lab.processings.onProgress = { base, id, progress in
                if (0...1).contains(progress), try await base.row(id) == nil { return }
                try await base.updateProgress(id, progress: progress)
            }
        },
        StoreMutant("ended processings active", caughtBy: active) { lab in
            lab.processings.onActive = { [store = lab.store] _ in
                try store.step { state, _ in
                    state.processings.keys.sorted().compactMap { state.loadProcessing($0) }
                }
            }
        },
        StoreMutant("active processings youngest first", caughtBy: active) { lab in
            lab.processings.onActive = { base in try await base.activeProcessings().reversed() }
        },
        StoreMutant("active chunks by status", caughtBy: active) { lab in
            lab.processings.onActive = { base in
                try await base.activeProcessings().map { processor in
                    ParallelProcessor(
                        ParallelProcessor.Row(processor),
                        tasks: processor.tasks.sorted {
                            ($0.status.rawValue, $0.index) < ($1.status.rawValue, $1.index)
                        })
                }
            }
        },
        StoreMutant("pages of chunks overlap", caughtBy: "chunks are read in pages, in index order, each once") {
            lab in
            lab.processings.onPage = { base, id, index, limit in
                try await base.chunks(of: id, after: index.map { $0 - 1 }, limit: limit)
            }
        },
        StoreMutant("results not read", caughtBy: "a transcribed chunk keeps its result and whether the cache had it") {
            lab in
            lab.processings.onPage = { base, id, index, limit in
                try await base.chunks(of: id, after: index, limit: limit).map { chunk in
                    ChunkTask(id: chunk.id, processingID: id, index: chunk.index, range: chunk.range)
                }
            }
        },
    ]

    private static let active =
        "active are the processings that are PROCESSING or MERGING, oldest first, chunks by index"
}
