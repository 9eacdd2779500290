import MillraceCore

@testable import MillraceTesting

/// Broken claims of given jobs, and broken readings of what they are given by.
enum IdentityClaimMutants {
    static let all: [StoreMutant] = claims + places

    private static let leased =
        "jobs that are claimed by their identities are leased as by any claim, in the order asked for"
    private static let leftOut = "a claim by identity leaves out what may not be claimed now"
    private static let order =
        "the places of jobs that may be claimed are read in the order of claims, a stretch at a time"

    private static let claims: [StoreMutant] = [
        StoreMutant("given jobs leased without a new token", caughtBy: leased) { lab in
            lab.jobs.onClaimIDs = { [store = lab.store] base, ids, scope, worker in
                let claimed = try await base.claim(ids, from: scope, by: worker).map { job in
                    job.changed { $0.leaseToken = LeaseToken(job.leaseToken.value - 1) }
                }
                try store.step { state, _ in for job in claimed { state.jobs[job.id] = job } }
                return claimed
            }
        },
        StoreMutant("given jobs handed out by their age", caughtBy: leased) { lab in
            lab.jobs.onClaimIDs = { base, ids, scope, worker in
                try await base.claim(ids, from: scope, by: worker).sorted { $0.id < $1.id }
            }
        },
        StoreMutant("given jobs claimed by a read", caughtBy: leased) { lab in
            lab.jobs.onClaimIDs = { [store = lab.store] base, ids, scope, worker in
                let before = try store.step { state, _ in state.jobs }
                let claimed = try await base.claim(ids, from: scope, by: worker)
                try store.step { state, _ in
                    for job in claimed { state.jobs[job.id] = before[job.id] }
                }
                return claimed
            }
        },
        StoreMutant("given jobs taken from their holders", caughtBy: leftOut) { lab in
            lab.jobs.onClaimIDs = { [store = lab.store] base, ids, scope, worker in
                try store.step { state, now in
                    for id in ids where state.jobs[id]?.status == .processing { state.jobs[id]?.rescue(at: now) }
                }
                return try await base.claim(ids, from: scope, by: worker)
            }
        },
        StoreMutant("given jobs run again that have ended", caughtBy: leftOut) { lab in
            lab.jobs.onClaimIDs = { [store = lab.store] base, ids, scope, worker in
                try store.step { state, _ in
                    for id in ids {
                        guard let job = state.jobs[id], !job.status.isOpen else { continue }
                        state.jobs[id] = job.changed { $0.status = .queued }
                    }
                }
                return try await base.claim(ids, from: scope, by: worker)
            }
        },
        StoreMutant("given jobs claimed before their time", caughtBy: leftOut) { lab in
            lab.jobs.onClaimIDs = { [store = lab.store] base, ids, scope, worker in
                try store.step { state, _ in
                    for id in ids where state.jobs[id]?.status == .scheduled { state.jobs[id]?.wake() }
                }
                return try await base.claim(ids, from: scope, by: worker)
            }
        },
        StoreMutant("given jobs claimed by anybody", caughtBy: "a claim by identity keeps to its scope") { lab in
            lab.jobs.onClaimIDs = { [store = lab.store] base, ids, scope, worker in
                let jobs = try store.step { state, _ in ids.compactMap { state.jobs[$0] } }
                let anything = JobScope(
                    queues: jobs.map(\.queueName), types: jobs.map(\.type), engines: jobs.compactMap(\.engine),
                    maxCrashes: scope.maxCrashes, isAlone: scope.isAlone)
                return try await base.claim(ids, from: anything, by: worker)
            }
        },
        StoreMutant(
            "suspects claimed by identity with the others",
            caughtBy: "of suspects that are asked for one is given, alone, and only to a claimer that is alone"
        ) { lab in
            lab.jobs.onClaimIDs = { base, ids, scope, worker in
                var scope = scope
                if !scope.isAlone { scope.maxCrashes = 0 }
                return try await base.claim(ids, from: scope, by: worker)
            }
        },
        StoreMutant(
            "all suspects given to one who is alone",
            caughtBy: "of suspects that are asked for one is given, alone, and only to a claimer that is alone"
        ) { lab in
            lab.jobs.onClaimIDs = { base, ids, scope, worker in
                var claimed: [Job] = []
                for id in ids { claimed += try await base.claim([id], from: scope, by: worker) }
                return claimed
            }
        },
        StoreMutant(
            "given jobs read first and claimed later",
            caughtBy: "two workers never hold one job, however many claim the same identities at once"
        ) { lab in
            lab.jobs.onClaimIDs = { [store = lab.store] base, ids, scope, worker in
                let free = try store.step { state, _ in
                    ids.compactMap { state.jobs[$0] }.filter { $0.status == .queued }
                }
                await Task.yield()
                return try store.step { state, now in
                    free.map { job in
                        var job = job
                        job.claim(by: worker, at: now)
                        state.jobs[job.id] = job
                        return job
                    }
                }
            }
        },
        StoreMutant(
            "given jobs claimed without a lease", caughtBy: "a claim by identity without a lease is refused"
        ) { lab in
            lab.jobs.onClaimIDs = { base, ids, scope, worker in
                if try await base.workers().allSatisfy({ $0.id != worker }) {
                    try await base.register(worker, process: nil, leasedFor: .seconds(10))
                }
                return try await base.claim(ids, from: scope, by: worker)
            }
        },
    ]

    private static let places: [StoreMutant] = [
        StoreMutant("places in the order of age", caughtBy: order) { lab in
            lab.jobs.onReady = { base, ranges, limit in
                try await base.readyJobs(in: ranges, limit: limit).map { places in
                    places.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
                }
            }
        },
        StoreMutant("stretches begun anew each time", caughtBy: order) { lab in
            lab.jobs.onReady = { base, ranges, limit in
                try await base.readyJobs(in: ranges.map { JobRange(of: $0.kind) }, limit: limit)
            }
        },
        StoreMutant("places of any engine", caughtBy: order) { lab in
            lab.jobs.onReady = { base, ranges, limit in
                let blind = ranges.map { range in
                    JobRange(
                        of: JobKind(queueName: range.kind.queueName, type: range.kind.type), after: range.after)
                }
                return try await base.readyJobs(in: blind, limit: limit)
            }
        },
        StoreMutant("places without what is due", caughtBy: order) { lab in
            lab.jobs.onReady = { [store = lab.store] base, ranges, limit in
                let queued = try store.step { state, _ in
                    Set(state.jobs.values.filter { $0.status == .queued }.map(\.id))
                }
                return try await base.readyJobs(in: ranges, limit: limit).map { $0.filter { queued.contains($0.id) } }
            }
        },
        StoreMutant("receipts of an hour ago", caughtBy: "a receipt says when its jobs were made") { lab in
            lab.jobs.onEnqueue = { base, requests in
                let receipt = try await base.enqueue(requests)
                return EnqueueReceipt(
                    ids: receipt.ids, skipped: receipt.skipped,
                    createdAt: receipt.createdAt.map { $0 - .seconds(3_600) })
            }
        },
    ]
}
