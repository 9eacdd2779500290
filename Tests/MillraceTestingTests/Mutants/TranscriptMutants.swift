import MillraceCore

@testable import MillraceTesting

/// Broken ways to keep and delete transcripts.
enum TranscriptMutants {
    static let all: [StoreMutant] = keeping + deleting

    private static let keeping: [StoreMutant] = [
        StoreMutant(
            "only the newest run asked", caughtBy: "a recording is in use while any run over it has not ended well"
        ) { lab in
            lab.transcripts.onIsInUse = { base, hash in
                let status = try await base.find(hash: hash)?.status
                return status != nil && status != .completed && status != .cancelled
            }
        },
        StoreMutant(
            "FAILED counted as done", caughtBy: "a recording is in use while any run over it has not ended well"
        ) { lab in
            lab.transcripts.onIsInUse = { base, hash in
                guard try await base.isInUse(hash: hash) else { return false }
                return try await base.find(hash: hash)?.status != .failed
            }
        },
        StoreMutant("words dropped", caughtBy: "a saved transcript is loaded as it was, and replaced by the next save")
        {
            lab in
            lab.transcripts.onLoad = { base, id in
                guard var transcript = try await base.load(id) else { return nil }
                for index in transcript.segments.indices { transcript.segments[index].words = nil }
                return transcript
            }
        },
        StoreMutant("never replaced", caughtBy: "a saved transcript is loaded as it was, and replaced by the next save")
        {
            lab in
            lab.transcripts.onSave = { base, transcript in
                guard try await base.load(transcript.id) == nil else { return }
                try await base.save(transcript)
            }
        },
        StoreMutant("listed oldest first", caughtBy: listed) { lab in
            lab.transcripts.onList = { base, cursor, limit in
                try await base.list(after: cursor, limit: limit).reversed()
            }
        },
        StoreMutant("listed in the order of saving", caughtBy: listed) { lab in
            let saved = Recorded<[TranscriptID]>([])
            lab.transcripts.onSave = { base, transcript in
                saved.change { $0.append(transcript.id) }
                try await base.save(transcript)
            }
            lab.transcripts.onList = { base, cursor, limit in
                let order = saved.value
                let start = cursor.flatMap { order.firstIndex(of: $0) }.map { $0 + 1 } ?? 0
                let all = try await base.list(after: nil, limit: .max)
                return order.dropFirst(start).prefix(limit).compactMap { id in all.first { $0.id == id } }
            }
        },
        StoreMutant("listed with text", caughtBy: listed) { lab in
            lab.transcripts.onList = { base, cursor, limit in
                var whole: [Transcript] = []
                for head in try await base.list(after: cursor, limit: limit) {
                    if let transcript = try await base.load(head.id) { whole.append(transcript) }
                }
                return whole
            }
        },
        StoreMutant("oldest found", caughtBy: "the newest transcript of a recording is found, with its text") { lab in
            lab.transcripts.onFind = { [store = lab.store] _, hash in
                try store.step { state, _ in
                    state.transcripts.values.filter { $0.hash == hash }.min { $0.id < $1.id }
                }
            }
        },
    ]

    private static let deleting: [StoreMutant] = [
        StoreMutant("jobs outlive their transcript", caughtBy: gone) { lab in
            lab.transcripts.onDelete = sparing(in: lab, \.jobs)
        },
        StoreMutant(
            "processings outlive their transcript", caughtBy: gone,
            "the same run can start again once its transcript was deleted"
        ) { lab in
            lab.transcripts.onDelete = sparing(in: lab, \.processings)
        },
        StoreMutant("chunks of a deleted transcript stay", caughtBy: gone) { lab in
            lab.transcripts.onDelete = sparing(in: lab, \.chunks)
        },
        StoreMutant("all jobs deleted", caughtBy: gone) { lab in
            lab.transcripts.onDelete = { [store = lab.store] base, id, force in
                try await base.delete(id, force: force)
                try store.step { state, _ in state.jobs = [:] }
            }
        },
        StoreMutant("always by force", caughtBy: forced) { lab in
            lab.transcripts.onDelete = { base, id, _ in try await base.delete(id, force: true) }
        },
        StoreMutant("force refused", caughtBy: forced) { lab in
            lab.transcripts.onDelete = { [store = lab.store] base, id, force in
                let isOpen = try store.step { state, _ in state.transcripts[id]?.status == .processing }
                if !isOpen || !force { try await base.delete(id, force: false) }
            }
        },
        StoreMutant(
            "cached results stay", caughtBy: "a deleted transcript's cached results are deleted, and nobody else's"
        ) { lab in
            lab.transcripts.onDelete = sparing(in: lab, \.cacheEntries)
        },
        StoreMutant(
            "all cached results deleted",
            caughtBy: "a deleted transcript's cached results are deleted, and nobody else's"
        ) { lab in
            lab.transcripts.onDelete = { [store = lab.store] base, id, force in
                try await base.delete(id, force: force)
                try store.step { state, _ in state.cacheEntries = [:] }
            }
        },
    ]

    private static let listed =
        "transcripts are listed in pages, newest first, each once, without text and segments"
    private static let gone = "a transcript is deleted with its jobs, processing and chunks, and nothing else"
    private static let forced =
        "a transcript that is being made is deleted only by force, which fences the workers"

    /// Deletes, and leaves one table as it was.
    private static func sparing<Table: Sendable>(
        in lab: StoreLab, _ table: any WritableKeyPath<StoreState, Table> & Sendable
    ) -> @Sendable (any TranscriptRepository, TranscriptID, Bool) async throws -> Void {
        { [store = lab.store] base, id, force in
            let before = try store.step { state, _ in state[keyPath: table] }
            try await base.delete(id, force: force)
            try store.step { state, _ in state[keyPath: table] = before }
        }
    }
}
