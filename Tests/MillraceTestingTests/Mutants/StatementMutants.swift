import MillraceCore

@testable import MillraceTesting

/// Adapters that ask the store once for every row.
enum StatementMutants {
    static let all: [StoreMutant] = [
        StoreMutant(
            "a statement a job enqueued", caughtBy: "enqueueing takes as many statements for 100 jobs as for one"
        ) {
            lab in
            lab.jobs.onEnqueue = { base, requests in
                var ids: [JobID] = []
                for request in requests { ids += try await base.enqueue([request]).ids }
                return EnqueueReceipt(ids: ids, skipped: [])
            }
        },
        StoreMutant("a statement a job claimed", caughtBy: "a claim takes as many statements for 100 jobs as for one") {
            lab in
            lab.jobs.onClaim = { base, limit, scope, worker in
                var jobs: [Job] = []
                while jobs.count < limit {
                    let job = try await base.claim(upTo: 1, from: scope, by: worker)
                    guard !job.isEmpty else { break }
                    jobs += job
                }
                return jobs
            }
        },
        StoreMutant(
            "a statement a job claimed by identity",
            caughtBy: "a claim by identity takes as many statements for 100 jobs as for one"
        ) { lab in
            lab.jobs.onClaimIDs = { base, ids, scope, worker in
                var jobs: [Job] = []
                for id in ids { jobs += try await base.claim([id], from: scope, by: worker) }
                return jobs
            }
        },
        StoreMutant("a statement a job settled", caughtBy: "settling takes as many statements for 100 jobs as for one")
        {
            lab in
            lab.jobs.onSettle = { base, settlements in
                var lost: Set<JobID> = []
                for settlement in settlements { lost.formUnion(try await base.settle([settlement])) }
                return lost
            }
        },
        StoreMutant("a statement a job rescued", caughtBy: "a rescue takes as many statements for 100 jobs as for one")
        {
            lab in
            lab.jobs.onRescue = { base, limit in
                let rescued = try await base.rescue(maxCrashes: limit)
                for id in rescued { _ = try await base.job(id) }
                return rescued
            }
        },
        StoreMutant(
            "a statement a chunk started", caughtBy: "starting takes as many statements for 100 chunks as for one"
        ) {
            lab in
            lab.processings.onStart = { base, processor, transcript, _ in
                try await base.start(processor, transcript: transcript)
                for task in processor.tasks { _ = try await base.chunks(of: processor.id, after: task.index, limit: 1) }
            }
        },
        StoreMutant(
            "a statement a chunk claimed", caughtBy: "a claim takes as many statements for 100 chunks as for one"
        ) {
            lab in
            lab.processings.onClaim = { base, limit, scope, worker in
                let claimed = try await base.claim(upTo: limit, from: scope, by: worker)
                for chunk in claimed { _ = try await base.row(chunk.task.processingID) }
                return claimed
            }
        },
        StoreMutant(
            "a statement a chunk settled", caughtBy: "settling takes as many statements for 100 chunks as for one"
        ) { lab in
            lab.processings.onSettle = { base, settlements in
                var lost: Set<ChunkID> = []
                var merging: Set<ProcessingID> = []
                for settlement in settlements {
                    let receipt = try await base.settle([settlement])
                    lost.formUnion(receipt.lost)
                    merging.formUnion(receipt.merging)
                }
                return ChunkSettleReceipt(lost: lost, merging: merging)
            }
        },
        StoreMutant(
            "a statement a merge queued",
            caughtBy: "settling takes as many statements for the ends of 100 processings as for one"
        ) { lab in
            lab.processings.onSettle = { base, settlements in
                let receipt = try await base.settle(settlements)
                for id in receipt.merging { _ = try await base.row(id) }
                return receipt
            }
        },
        StoreMutant(
            "a statement a chunk rescued", caughtBy: "a rescue takes as many statements for 100 chunks as for one"
        ) {
            lab in
            lab.processings.onRescue = { [store = lab.store] base, limit in
                let rescued = try await base.rescue(maxCrashes: limit)
                for id in rescued { _ = try store.step { state, _ in state.chunk(id) } }
                return rescued
            }
        },
        StoreMutant(
            "a statement an active processing",
            caughtBy: "the active processings are read by two statements at most, however many they are"
        ) { lab in
            lab.processings.onActive = { base in
                var active: [ParallelProcessor] = []
                for processor in try await base.activeProcessings() {
                    if let loaded = try await base.load(processor.id) { active.append(loaded) }
                }
                return active
            }
        },
    ]
}
