import MillraceCore

@testable import MillraceTesting

/// Broken ways to keep the sound of chunks.
enum AudioMutants {
    static let all: [StoreMutant] = [
        StoreMutant(
            "sound stored once and never again",
            caughtBy: "the sound of a chunk is kept to the byte, and a new one takes its place"
        ) { lab in
            lab.processings.onStoreAudio = { base, audio in
                var new: [ChunkID: [UInt8]] = [:]
                for (id, sound) in audio where try await base.audio(of: id) == nil { new[id] = sound }
                try await base.storeAudio(new)
            }
        },
        StoreMutant(
            "sound cut short", caughtBy: "the sound of a chunk is kept to the byte, and a new one takes its place"
        ) { lab in
            lab.processings.onAudio = { base, id in try await base.audio(of: id).map { Array($0.prefix(65_535)) } }
        },
        StoreMutant(
            "sound of settled chunks kept", caughtBy: "the sound of a chunk is kept until the chunk ends, and no longer"
        ) { lab in
            lab.processings.onSettle = { [store = lab.store] base, settlements in
                try await keepingSound(in: store) { try await base.settle(settlements) }
            }
        },
        StoreMutant(
            "sound of chunks that crashed too often kept",
            caughtBy: "the sound of a chunk is kept until the chunk ends, and no longer"
        ) { lab in
            lab.processings.onRescue = { [store = lab.store] base, limit in
                try await keepingSound(in: store) { try await base.rescue(maxCrashes: limit) }
            }
        },
        StoreMutant(
            "sound forgotten with any settlement",
            caughtBy: "the sound of a chunk is kept until the chunk ends, and no longer"
        ) { lab in
            lab.processings.onSettle = { [store = lab.store] base, settlements in
                try store.step { state, _ in for line in settlements { state.chunkAudio[line.chunkID] = nil } }
                return try await base.settle(settlements)
            }
        },
        StoreMutant(
            "sound of called off chunks kept",
            caughtBy: "a chunk that is called off or deleted leaves no sound, and one that is opened again has none"
        ) { lab in
            lab.processings.onSave = { [store = lab.store] base, processor in
                try await keepingSound(in: store) { try await base.save(processor) }
            }
        },
        StoreMutant(
            "sound of deleted chunks kept",
            caughtBy: "a chunk that is called off or deleted leaves no sound, and one that is opened again has none"
        ) { lab in
            lab.processings.onDelete = { [store = lab.store] base, id in
                try await keepingSound(in: store) { try await base.delete(id) }
            }
        },
        StoreMutant(
            "sound stored for whatever chunk",
            caughtBy: "sound of a chunk that has ended, or that there is not, is dropped"
        ) { lab in
            lab.processings.onStoreAudio = { [store = lab.store] _, audio in
                try store.step { state, _ in state.chunkAudio.merge(audio) { $1 } }
            }
        },
        StoreMutant(
            "processings out of reach left out",
            caughtBy: "of a processing out of reach only chunks whose sound is kept are claimed"
        ) { lab in
            lab.processings.onClaim = { [store = lab.store] base, limit, scope, worker in
                var scope = scope
                let all = try store.step { state, _ in Array(state.processings.keys) }
                scope.processings = (scope.processings ?? all).filter { !scope.unreachable.contains($0) }
                return try await base.claim(upTo: limit, from: scope, by: worker)
            }
        },
        StoreMutant(
            "chunks out of reach claimed without their sound",
            caughtBy: "of a processing out of reach only chunks whose sound is kept are claimed"
        ) { lab in
            lab.processings.onClaim = { base, limit, scope, worker in
                var scope = scope
                scope.unreachable = []
                return try await base.claim(upTo: limit, from: scope, by: worker)
            }
        },
        StoreMutant(
            "all open chunks named as without sound", caughtBy: "the open chunks without sound are named by index"
        ) {
            lab in
            lab.processings.onWithoutAudio = { base, id in
                try await base.chunks(of: id, after: nil, limit: 1_000).filter { !$0.status.isFinal }
            }
        },
        StoreMutant(
            "held chunks not named as without sound", caughtBy: "the open chunks without sound are named by index"
        ) {
            lab in
            lab.processings.onWithoutAudio = { base, id in
                try await base.chunksWithoutAudio(of: id).filter { $0.status == .pending }
            }
        },
    ]

    /// Does something and brings back the sound that went with it.
    private static func keepingSound<Value>(
        in store: InMemoryStore, _ body: () async throws -> Value
    ) async throws -> Value {
        let before = try store.step { state, _ in state.chunkAudio }
        let value = try await body()
        try store.step { state, _ in state.chunkAudio.merge(before) { now, _ in now } }
        return value
    }
}
