import MillraceCore

@testable import MillraceTesting

/// Broken ways to list and count, to match engines, and to wait for transcripts.
enum ListMutants {
    static let all: [StoreMutant] = lists + engines + waits + processings

    private static let list = "a list has what its filter lets through, newest first, in pages, each once"
    private static let counts = "the counts of all queues are those of each, and follow whatever becomes of the jobs"
    private static let end =
        "a job that waits for a transcript is due when that has ended, however it ends, and not before"
    private static let begun = "a run that a job begins is named by the job, and begins only while the job is held"
    private static let processingList = "processings are listed as the filter says, newest first, in pages, each once"

    private static let lists: [StoreMutant] = [
        filtering("queues of a filter ignored") { $0.queues = nil },
        filtering("types of a filter ignored") { $0.types = nil },
        filtering("statuses of a filter ignored") { $0.statuses = nil },
        filtering("only the first status looked for") { $0.statuses = $0.statuses.map { Array($0.prefix(1)) } },
        StoreMutant("filter applied to a page that was read without it", caughtBy: list) { lab in
            lab.jobs.onPage = { base, filter, cursor, limit in
                try await base.jobs(matching: JobFilter(), before: cursor, limit: limit).filter(filter.matches)
            }
        },
        StoreMutant("each status sorted by itself", caughtBy: list) { lab in
            lab.jobs.onPage = { base, filter, cursor, limit in
                var jobs: [Job] = []
                for status in filter.statuses ?? JobStatus.allCases {
                    var one = filter
                    one.statuses = [status]
                    jobs += try await base.jobs(matching: one, before: cursor, limit: limit)
                }
                return Array(jobs.prefix(limit))
            }
        },
        StoreMutant("saved queues without jobs not counted", caughtBy: counts) { lab in
            lab.jobs.onAllStats = { base in try await base.jobStats().filter { $0.value.total > 0 } }
        },
        StoreMutant("jobs of deleted queues still counted", caughtBy: counts) { lab in
            lab.jobs.onDelete = { [store = lab.store] base, id in
                let jobs = try store.step { state, _ in state.jobs }
                try await base.delete(id)
                try store.step { state, _ in state.jobs = jobs }
            }
        },
        StoreMutant("counts of enqueued jobs that never move on", caughtBy: counts) { lab in
            lab.jobs.onAllStats = { base in
                try await base.jobStats().mapValues { stats in
                    JobStats(counts: [.queued: stats.total], oldestQueuedAge: stats.oldestQueuedAge)
                }
            }
        },
    ]

    private static func filtering(
        _ name: String, _ edit: @escaping @Sendable (inout JobFilter) -> Void
    ) -> StoreMutant {
        StoreMutant(name, caughtBy: list) { lab in
            lab.jobs.onPage = { base, filter, cursor, limit in
                var filter = filter
                edit(&filter)
                return try await base.jobs(matching: filter, before: cursor, limit: limit)
            }
        }
    }

    private static let engines: [StoreMutant] = [
        StoreMutant("any engine will do", caughtBy: "a job that needs an engine is only given to a worker that has it")
        {
            lab in
            lab.jobs.onClaim = { [store = lab.store] base, limit, scope, worker in
                var scope = scope
                scope.engines = try store.step { state, _ in state.jobs.values.compactMap(\.engine) }
                return try await base.claim(upTo: limit, from: scope, by: worker)
            }
        },
        StoreMutant(
            "only the kind of an engine compared",
            caughtBy: "a job that needs an engine is only given to a worker that has it"
        ) { lab in
            lab.jobs.onClaim = { base, limit, scope, worker in
                var scope = scope
                scope.engines = scope.engines.flatMap { [$0, EngineIdentity.named("ear")] }
                return try await base.claim(upTo: limit, from: scope, by: worker)
            }
        },
        StoreMutant(
            "engines dropped", caughtBy: "an enqueued job is stored as it was requested",
            "a job that needs an engine is only given to a worker that has it"
        ) { lab in
            lab.jobs.onEnqueue = { base, requests in
                try await base.enqueue(
                    requests.map { request in
                        var request = request
                        request.engine = nil
                        return request
                    })
            }
        },
        StoreMutant(
            "impossible jobs given all the same",
            caughtBy: "jobs that are impossible here are left to others, and those behind them are not"
        ) { lab in
            lab.jobs.onClaim = { base, limit, scope, worker in
                var scope = scope
                scope.unreachable = []
                return try await base.claim(upTo: limit, from: scope, by: worker)
            }
        },
        StoreMutant(
            "impossible jobs taken out of a claim that was filled with them",
            caughtBy: "jobs that are impossible here are left to others, and those behind them are not"
        ) { lab in
            lab.jobs.onClaim = { base, limit, scope, worker in
                var all = scope
                all.unreachable = []
                let claimed = try await base.claim(upTo: limit, from: all, by: worker)
                let impossible = claimed.filter { scope.unreachable.contains($0.id) }
                _ = try await base.settle(impossible.map { JobSettlement($0, .released) })
                return claimed.filter { !scope.unreachable.contains($0.id) }
            }
        },
    ]

    private static let waits: [StoreMutant] = [
        StoreMutant("never woken", caughtBy: end) { lab in
            lab.jobs.onSettle = { [store = lab.store] base, settlements in
                let lost = try await base.settle(settlements)
                try store.step { state, _ in state.waiting = [] }
                return lost
            }
        },
        StoreMutant("woken by the merge alone", caughtBy: end) { lab in
            lab.processings.onSave = { [store = lab.store] base, processor in
                try store.step { state, _ in state.waiting = [] }
                try await base.save(processor)
            }
        },
        StoreMutant("not woken when the transcript is deleted", caughtBy: end) { lab in
            lab.transcripts.onDelete = { [store = lab.store] base, id, force in
                try store.step { state, _ in state.waiting = [] }
                try await base.delete(id, force: force)
            }
        },
        StoreMutant(
            "not looked whether the transcript has ended already",
            caughtBy: "a job that is to wait for a transcript that has ended, or is not there, is queued at once"
        ) { lab in
            lab.jobs.onSettle = { [store = lab.store] _, settlements in
                let lost = try store.step { state, now in
                    defer { state.waiting = [] }
                    return state.settle(settlements, at: now)
                }
                return lost
            }
        },
        StoreMutant(
            "waits for ever", caughtBy: "a job that waits is due at its time at the latest, and keeps what it waits for"
        ) { lab in
            lab.jobs.onSettle = { base, settlements in
                try await base.settle(
                    settlements.map { settlement in
                        guard case .awaiting(let transcript, _) = settlement.outcome else { return settlement }
                        return JobSettlement(
                            settlement.jobID, token: settlement.token,
                            .awaiting(transcript, until: Timestamp(microseconds: .max / 2)))
                    })
            }
        },
        StoreMutant(
            "what is waited for forgotten when released",
            caughtBy: "a job that waits is due at its time at the latest, and keeps what it waits for"
        ) { lab in
            lab.jobs.onSettle = { [store = lab.store] base, settlements in
                let lost = try await base.settle(settlements)
                try store.step { state, _ in
                    for settlement in settlements where settlement.outcome == .released {
                        state.jobs[settlement.jobID] = state.jobs[settlement.jobID]?.changed { $0.awaits = nil }
                    }
                }
                return lost
            }
        },
        StoreMutant(
            "reasons dropped", caughtBy: "a job that is put off for a reason keeps it as its error message"
        ) { lab in
            lab.jobs.onSettle = { base, settlements in
                try await base.settle(
                    settlements.map { settlement in
                        guard case .snoozed(let time, _) = settlement.outcome else { return settlement }
                        return JobSettlement(settlement.jobID, token: settlement.token, .snoozed(until: time))
                    })
            }
        },
        StoreMutant(
            "the old transcript kept by a retry by hand",
            caughtBy: "a retry by hand begins anew: the job waits for no transcript any more"
        ) { lab in
            lab.jobs.onMove = { [store = lab.store] base, id, status in
                let before = try store.step { state, _ in state.jobs[id]?.awaits }
                try await base.updateJobStatus(id, to: status)
                try store.step { state, _ in state.jobs[id] = state.jobs[id]?.changed { $0.awaits = before } }
            }
        },
        StoreMutant("job not told which run it began", caughtBy: begun) { lab in
            lab.processings.onStart = { base, processor, transcript, _ in
                try await base.start(processor, transcript: transcript)
            }
        },
        StoreMutant("run begun without looking at the lease", caughtBy: begun) { lab in
            lab.processings.onStart = { [store = lab.store] base, processor, transcript, job in
                try await base.start(processor, transcript: transcript)
                guard let job else { return }
                try store.step { state, _ in state.jobs[job.id]?.begin(transcript.id) }
            }
        },
    ]

    private static let processings: [StoreMutant] = [
        StoreMutant("statuses of processings ignored", caughtBy: processingList) { lab in
            lab.processings.onList = { base, _, cursor, limit in
                try await base.rows(matching: ProcessingFilter(), before: cursor, limit: limit)
            }
        },
        StoreMutant("processings oldest first", caughtBy: processingList) { lab in
            lab.processings.onList = { base, filter, cursor, limit in
                try await base.rows(matching: filter, before: cursor, limit: limit).reversed()
            }
        },
        StoreMutant("pages of processings overlap", caughtBy: processingList) { lab in
            lab.processings.onList = { base, filter, cursor, limit in
                let page = try await base.rows(matching: filter, before: cursor, limit: limit)
                guard let cursor, let last = try await base.row(cursor) else { return page }
                return Array(([last] + page).prefix(limit))
            }
        },
    ]
}
