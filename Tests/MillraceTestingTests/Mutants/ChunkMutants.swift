import MillraceCore

@testable import MillraceTesting

/// Broken ways to claim, settle and rescue chunks.
enum ChunkMutants {
    static let all: [StoreMutant] = claiming + settling + rescuing

    private static let claiming: [StoreMutant] = [
        StoreMutant(
            "chunks claimed by read",
            caughtBy: "a claimed chunk is leased, and comes with its recording and recipe",
            "two workers never hold one chunk, however many claim at once"
        ) { lab in
            lab.processings.onClaim = { [store = lab.store] base, limit, scope, worker in
                let chunks = try store.step { state, _ in state.chunks }
                let claimed = try await base.claim(upTo: limit, from: scope, by: worker)
                try store.step { state, _ in
                    for chunk in claimed.map(\.task) {
                        chunks[chunk.processingID].map { state.store($0[chunk.index]) }
                    }
                }
                return claimed
            }
        },
        StoreMutant(
            "recipe not handed over", caughtBy: "a claimed chunk is leased, and comes with its recording and recipe"
        ) { lab in
            lab.processings.onClaim = { base, limit, scope, worker in
                try await base.claim(upTo: limit, from: scope, by: worker).map {
                    ClaimedChunk(
                        task: $0.task, source: $0.source, recipe: Recipe(engine: $0.recipe.engine),
                        traceContext: $0.traceContext)
                }
            }
        },
        StoreMutant(
            "claims raise the version", caughtBy: "the first claim starts the processing, and is no new version"
        ) { lab in
            lab.processings.onClaim = afterClaim(in: lab) { $0.version += 1 }
        },
        StoreMutant(
            "a claimed processing stays PENDING",
            caughtBy: "the first claim starts the processing, and is no new version"
        ) { lab in
            lab.processings.onClaim = afterClaim(in: lab) { $0.status = .pending }
        },
        StoreMutant(
            "engines of the scope ignored", caughtBy: "a claim keeps to the engines and processings of its scope",
            "an engine is the same only with the same model and fingerprint"
        ) { lab in
            lab.processings.onClaim = { [store = lab.store] base, limit, scope, worker in
                var scope = scope
                scope.engines = try store.step { state, _ in state.processings.values.map(\.recipe.engine) }
                return try await base.claim(upTo: limit, from: scope, by: worker)
            }
        },
        StoreMutant(
            "engines matched by kind", caughtBy: "an engine is the same only with the same model and fingerprint"
        ) { lab in
            lab.processings.onClaim = { [store = lab.store] base, limit, scope, worker in
                var scope = scope
                let kinds = scope.engines.map(\.kind)
                scope.engines += try store.step { state, _ in
                    state.processings.values.map(\.recipe.engine).filter { kinds.contains($0.kind) }
                }
                return try await base.claim(upTo: limit, from: scope, by: worker)
            }
        },
        StoreMutant(
            "processings of the scope ignored",
            caughtBy: "a claim keeps to the engines and processings of its scope"
        ) { lab in
            lab.processings.onClaim = { base, limit, scope, worker in
                var scope = scope
                scope.processings = nil
                return try await base.claim(upTo: limit, from: scope, by: worker)
            }
        },
        StoreMutant(
            "unreachable recordings claimed", caughtBy: "a claim keeps to the engines and processings of its scope"
        ) { lab in
            lab.processings.onClaim = { base, limit, scope, worker in
                var scope = scope
                scope.unreachable = []
                return try await base.claim(upTo: limit, from: scope, by: worker)
            }
        },
        StoreMutant("chunks claimed without a lease", caughtBy: "a worker without a lease claims no chunk") { lab in
            lab.processings.onClaim = { [jobs = lab.jobs] base, limit, scope, worker in
                try await jobs.register(worker, process: nil, leasedFor: .seconds(10))
                return try await base.claim(upTo: limit, from: scope, by: worker)
            }
        },
        StoreMutant("one chunk more than the limit", caughtBy: "a claim takes no more chunks than its limit") { lab in
            lab.processings.onClaim = { base, limit, scope, worker in
                try await base.claim(upTo: limit + 1, from: scope, by: worker)
            }
        },
        StoreMutant(
            "processings by age alone",
            caughtBy: "chunks of higher priority are claimed first, each processing's by index"
        ) { lab in
            lab.processings.onClaim = oneByOne(in: lab) { $0.id < $1.id }
        },
        StoreMutant(
            "one processing after another",
            caughtBy: "one claim takes chunks of processings of one priority in turn",
            "claims one after another take chunks of processings of one priority in turn",
            "a young processing does not wait for an old one of the same priority"
        ) { lab in
            lab.processings.onClaim = oneByOne(in: lab) { ($1.priority, $0.id) < ($0.priority, $1.id) }
        },
        StoreMutant(
            "the turn is forgotten between claims",
            caughtBy: "claims one after another take chunks of processings of one priority in turn"
        ) { lab in
            lab.processings.onClaim = { [store = lab.store] base, limit, scope, worker in
                try store.step { state, _ in state.claimTurns = [:] }
                return try await base.claim(upTo: limit, from: scope, by: worker)
            }
        },
    ]

    private static let settling: [StoreMutant] = [
        StoreMutant(
            "chunk results dropped", caughtBy: "a transcribed chunk keeps its result and whether the cache had it"
        ) { lab in
            lab.processings.onSettle = rewriting { outcome in
                guard case .completed(_, let isFromCache) = outcome else { return outcome }
                return .completed(ChunkResult(segments: []), isFromCache: isFromCache)
            }
        },
        StoreMutant(
            "chunk retries not counted",
            caughtBy: "a chunk's retry costs one and waits for its time; the last one used up is FAILED"
        ) { lab in
            lab.processings.onSettle = rewriting { outcome in
                if case .retry = outcome { return .released }
                return outcome
            }
        },
        StoreMutant(
            "chunk retries at once",
            caughtBy: "a chunk's retry costs one and waits for its time; the last one used up is FAILED"
        ) { lab in
            lab.processings.onSettle = rewriting { outcome in
                guard case .retry(_, let error) = outcome else { return outcome }
                return .retry(at: Timestamp(microseconds: 0), error: error)
            }
        },
        StoreMutant(
            "a stopped worker costs a retry", caughtBy: "a released chunk costs no retry and can be claimed at once"
        ) { lab in
            lab.processings.onSettle = rewriting { outcome in
                outcome == .released ? .retry(at: Timestamp(microseconds: 0), error: "stopped") : outcome
            }
        },
        StoreMutant(
            "no fence for chunks", caughtBy: "a chunk's settlement without its lease changes nothing",
            "of a batch of chunks, lost leases are named and the others settled",
            "a chunk that is settled twice counts once, in one batch or in two"
        ) { lab in
            lab.processings.onSettle = { [store = lab.store] base, settlements in
                let unfenced = try store.step { state, now in
                    settlements.map { settlement in
                        if var chunk = state.chunk(settlement.chunkID), chunk.status != .processing {
                            chunk.claim(by: WorkerID.make(at: now), at: now)
                            state.store(chunk)
                        }
                        let token = state.chunk(settlement.chunkID)?.leaseToken ?? settlement.token
                        return ChunkSettlement(settlement.chunkID, token: token, settlement.outcome)
                    }
                }
                return try await base.settle(unfenced)
            }
        },
        StoreMutant(
            "lost chunks not named", caughtBy: "of a batch of chunks, lost leases are named and the others settled"
        ) { lab in
            lab.processings.onSettle = { base, settlements in
                ChunkSettleReceipt(lost: [], merging: try await base.settle(settlements).merging)
            }
        },
    ]

    private static let rescuing: [StoreMutant] = [
        StoreMutant(
            "chunks rescued before expiry", caughtBy: "no chunk is rescued before its worker's lease has run out"
        ) { lab in
            lab.processings.onRescue = { [store = lab.store] _, _ in
                try store.step { state, now in
                    state.workers = [:]
                    return state.rescueChunks(maxCrashes: 0, at: now)
                }
            }
        },
        StoreMutant("no rescue of chunks", caughtBy: "no chunk is rescued before its worker's lease has run out") {
            lab in
            lab.processings.onRescue = { _, _ in [] }
        },
        StoreMutant(
            "a chunk's rescue costs a retry",
            caughtBy: "a rescued chunk can be claimed again, with one crash more and no retry used"
        ) { lab in
            lab.processings.onRescue = afterRescue(in: lab) { $0.changed(retryCount: $0.retryCount + 1) }
        },
        StoreMutant(
            "crashes of chunks not counted",
            caughtBy: "a rescued chunk can be claimed again, with one crash more and no retry used",
            "many rescues at once take each chunk back once"
        ) { lab in
            lab.processings.onRescue = afterRescue(in: lab) { $0.changed(crashes: 0) }
        },
        StoreMutant("chunks rescued twice", caughtBy: "many rescues at once take each chunk back once") { lab in
            let named = Recorded<[ChunkID]>([])
            lab.processings.onRescue = { base, limit in
                let rescued = try await base.rescue(maxCrashes: limit)
                return named.change { named in
                    named += rescued
                    return named
                }
            }
        },
    ]
}

extension ChunkMutants {
    typealias Claim =
        @Sendable (any ProcessingRepository, Int, ChunkScope, WorkerID) async throws -> [ClaimedChunk]

    /// Claims, then changes the rows of the processings claimed from.
    private static func afterClaim(
        in lab: StoreLab, _ edit: @escaping @Sendable (inout ParallelProcessor.Row) -> Void
    ) -> Claim {
        { [store = lab.store] base, limit, scope, worker in
            let claimed = try await base.claim(upTo: limit, from: scope, by: worker)
            try store.step { state, _ in
                for id in Set(claimed.map(\.task.processingID)) {
                    if var row = state.processings[id] {
                        edit(&row)
                        state.processings[id] = row
                    }
                }
            }
            return claimed
        }
    }

    /// Claims all of one processing before anything of the next.
    private static func oneByOne(
        in lab: StoreLab,
        _ isBefore: @escaping @Sendable (ParallelProcessor.Row, ParallelProcessor.Row) -> Bool
    ) -> Claim {
        { [store = lab.store] base, limit, scope, worker in
            let ids = try store.step { state, _ in state.processings.values.sorted(by: isBefore).map(\.id) }
            var claimed: [ClaimedChunk] = []
            for id in ids {
                var scope = scope
                scope.processings = [id]
                claimed += try await base.claim(upTo: limit - claimed.count, from: scope, by: worker)
            }
            return claimed
        }
    }

    private static func rewriting(
        _ rewrite: @escaping @Sendable (ChunkSettlement.Outcome) -> ChunkSettlement.Outcome
    ) -> @Sendable (any ProcessingRepository, [ChunkSettlement]) async throws -> ChunkSettleReceipt {
        { base, settlements in
            try await base.settle(
                settlements.map { ChunkSettlement($0.chunkID, token: $0.token, rewrite($0.outcome)) })
        }
    }

    private static func afterRescue(
        in lab: StoreLab, _ edit: @escaping @Sendable (ChunkTask) -> ChunkTask
    ) -> @Sendable (any ProcessingRepository, Int) async throws -> [ChunkID] {
        { [store = lab.store] base, limit in
            let rescued = try await base.rescue(maxCrashes: limit)
            try store.step { state, _ in
                for id in rescued { state.chunk(id).map { state.store(edit($0)) } }
            }
            return rescued
        }
    }
}
