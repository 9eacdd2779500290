import MillraceCore

@testable import MillraceTesting

/// Broken moves, leases and rescues of jobs.
enum LeaseMutants {
    static let all: [StoreMutant] = moving + leasing + rescuing

    private static let moving: [StoreMutant] = [
        StoreMutant("every move allowed", caughtBy: "a status changes by hand only as the table of moves allows") {
            lab in
            lab.jobs.onMove = { [store = lab.store] _, id, status in
                try store.step { state, _ in
                    state.jobs[id] = state.jobs[id]?.changed { $0.status = status }
                }
            }
        },
        StoreMutant(
            "moves without a fence", caughtBy: "a status changes by hand only as the table of moves allows"
        ) { lab in
            lab.jobs.onMove = { [store = lab.store] base, id, status in
                let before = try await base.job(id)
                try await base.updateJobStatus(id, to: status)
                try store.step { state, _ in
                    state.jobs[id] = state.jobs[id]?.changed { $0.leaseToken = before?.leaseToken ?? $0.leaseToken }
                }
            }
        },
        StoreMutant(
            "retries kept by a retry by hand", caughtBy: "a retry by hand counts retries and crashes from 0 again"
        ) { lab in
            lab.jobs.onMove = { [store = lab.store] base, id, status in
                let before = try await base.job(id)
                try await base.updateJobStatus(id, to: status)
                try store.step { state, _ in
                    state.jobs[id] = state.jobs[id]?.changed { $0.retryCount = before?.retryCount ?? 0 }
                }
            }
        },
        StoreMutant(
            "moves of unknown jobs ignored", caughtBy: "the status of a job that does not exist cannot be changed"
        ) { lab in
            lab.jobs.onMove = { base, id, status in
                guard try await base.job(id) != nil else { return }
                try await base.updateJobStatus(id, to: status)
            }
        },
        StoreMutant(
            "unknown jobs made up", caughtBy: "a job that does not exist is nil, and so is its result"
        ) { lab in
            lab.jobs.onJob = { [clock = lab.clock] base, id in
                try await base.job(id) ?? Job(JobRequest(.work), id: id, at: clock.timeOfDay)
            }
        },
    ]

    private static let leasing: [StoreMutant] = [
        StoreMutant("renewal of a dead lease", caughtBy: "a lease that has run out cannot be renewed") { lab in
            lab.jobs.onRenew = { base, worker, duration in
                try await base.register(worker, process: nil, leasedFor: duration)
                return true
            }
        },
        StoreMutant(
            "renewal without effect",
            caughtBy: "a renewed lease holds for the new time, with all that the worker holds"
        ) { lab in
            lab.jobs.onRenew = { base, worker, _ in try await base.workers().contains { $0.id == worker } }
        },
        StoreMutant("dead workers listed", caughtBy: "the workers are those whose lease holds") { lab in
            lab.jobs.onWorkers = { [store = lab.store] _ in
                try store.step { state, _ in Array(state.workers.values) }
            }
        },
        StoreMutant("processes of workers forgotten", caughtBy: "the workers are those whose lease holds") { lab in
            lab.jobs.onRegister = { base, worker, _, duration in
                try await base.register(worker, process: nil, leasedFor: duration)
            }
        },
        StoreMutant("retirement without effect", caughtBy: "retiring ends a lease at once") { lab in
            lab.jobs.onRetire = { _, _ in }
        },
    ]

    private static let rescuing: [StoreMutant] = [
        StoreMutant(
            "rescue before expiry", caughtBy: "nothing is rescued before its worker's lease has run out",
            "a renewed lease holds for the new time, with all that the worker holds"
        ) { lab in
            lab.jobs.onRescue = { [store = lab.store] _, _ in
                try store.step { state, now in
                    let held = state.jobs.values.filter { $0.status == .processing }
                    for job in held { state.jobs[job.id]?.rescue(at: now) }
                    return held.map(\.id)
                }
            }
        },
        StoreMutant("no rescue", caughtBy: "nothing is rescued before its worker's lease has run out") { lab in
            lab.jobs.onRescue = { _, _ in [] }
        },
        StoreMutant(
            "rescue costs a retry",
            caughtBy: "a rescued job is queued again with one crash more and no retry used"
        ) { lab in
            lab.jobs.onRescue = afterRescue(in: lab) { $0.retryCount += 1 }
        },
        StoreMutant(
            "crashes not counted",
            caughtBy: "a rescued job is queued again with one crash more and no retry used",
            "many rescues at once take each job back once"
        ) { lab in
            lab.jobs.onRescue = afterRescue(in: lab) { $0.crashes = 0 }
        },
        StoreMutant("jobs rescued twice", caughtBy: "many rescues at once take each job back once") { lab in
            let named = Recorded<[JobID]>([])
            lab.jobs.onRescue = { base, limit in
                let rescued = try await base.rescue(maxCrashes: limit)
                return named.change { named in
                    named += rescued
                    return named
                }
            }
        },
    ]

    private static func afterRescue(
        in lab: StoreLab, _ edit: @escaping @Sendable (inout Job.State) -> Void
    ) -> @Sendable (any JobQueueRepository, Int) async throws -> [JobID] {
        { [store = lab.store] base, limit in
            let rescued = try await base.rescue(maxCrashes: limit)
            try store.step { state, _ in
                for id in rescued { state.jobs[id] = state.jobs[id]?.changed(edit) }
            }
            return rescued
        }
    }
}
