import MillraceCore

@testable import MillraceTesting

/// Broken ways to keep queues and to read jobs.
enum QueueMutants {
    static let all: [StoreMutant] = [
        StoreMutant(
            "new jobs saved as QUEUED",
            caughtBy: "a job that is cancelled before it was ever saved is saved as CANCELLED"
        ) { lab in
            lab.jobs.onSave = { [store = lab.store] base, queue in
                try await base.save(queue)
                try store.step { state, _ in
                    for case .added(let id) in queue.changes {
                        state.jobs[id] = state.jobs[id]?.changed { job in
                            job.status = .queued
                            job.completedAt = nil
                        }
                    }
                }
            }
        },
        StoreMutant(
            "jobs that wait ended by the upkeep",
            caughtBy: "the upkeep changes no job and no count, however many call for it"
        ) { lab in
            lab.jobs.onUpkeep = { base in
                let waiting = try? await base.findPendingJobs(queueName: .default, limit: 10)
                for job in waiting ?? [] { try? await base.updateJobStatus(job.id, to: .cancelled) }
            }
        },
        StoreMutant(
            "ended jobs cleared away by the upkeep",
            caughtBy: "the upkeep changes no job and no count, however many call for it"
        ) { lab in
            lab.jobs.onUpkeep = { [store = lab.store] _ in
                try? store.step { state, _ in
                    for (id, job) in state.jobs where job.status == .completed { state.jobs[id] = nil }
                }
            }
        },
        StoreMutant(
            "settings not kept", caughtBy: "a saved queue is loaded with its settings, counts and open jobs"
        ) { lab in
            lab.jobs.onLoad = { base, id in
                try await base.load(id).map {
                    JobQueue(id: id, name: $0.name, settings: .init(), stats: $0.stats, jobs: $0.jobs)
                }
            }
        },
        StoreMutant(
            "every open job loaded", caughtBy: "a loaded queue holds no more than the oldest 1,000 open jobs"
        ) { lab in
            lab.jobs.onLoad = { [store = lab.store] base, id in
                guard let queue = try await base.load(id) else { return nil }
                let jobs = try store.step { state, _ in state.jobs.values.sorted { $0.id < $1.id } }
                return JobQueue(
                    id: id, name: queue.name, settings: queue.settings, stats: queue.stats, jobs: jobs)
            }
        },
        StoreMutant(
            "newest jobs loaded", caughtBy: "a loaded queue holds no more than the oldest 1,000 open jobs"
        ) { lab in
            lab.jobs.onLoad = { [store = lab.store] base, id in
                guard let queue = try await base.load(id) else { return nil }
                let jobs = try store.step { state, _ in state.jobs.values.sorted { $0.id < $1.id } }
                return JobQueue(
                    id: id, name: queue.name, settings: queue.settings, stats: queue.stats,
                    jobs: Array(jobs.suffix(JobQueue.loadLimit)))
            }
        },
        StoreMutant(
            "saves blindly", caughtBy: "a name that another queue has is refused",
            "saving a stale queue conflicts and writes nothing", "an added job is added once"
        ) { lab in
            lab.jobs.onSave = { [store = lab.store] _, queue in
                try store.step { state, _ in
                    state.queues[queue.id] = .init(name: queue.name, settings: queue.settings)
                    for job in queue.jobs { state.jobs[job.id] = job }
                }
            }
        },
        StoreMutant(
            "save is not whole", caughtBy: "saving a stale queue conflicts and writes nothing"
        ) { lab in
            lab.jobs.onSave = { base, queue in
                // The row first, then the jobs: a conflict comes too late for the row.
                try await base.save(JobQueue(id: queue.id, name: queue.name, settings: queue.settings))
                try await base.save(queue)
            }
        },
        StoreMutant(
            "jobs not saved", caughtBy: "saving a queue writes the jobs added, cancelled and retried in it"
        ) { lab in
            lab.jobs.onSave = { base, queue in
                try await base.save(JobQueue(id: queue.id, name: queue.name, settings: queue.settings))
            }
        },
        StoreMutant(
            "running jobs deleted", caughtBy: "a queue is deleted with its jobs, but not while one of them runs"
        ) { lab in
            lab.jobs.onDelete = { [store = lab.store] _, id in
                try store.step { state, _ in
                    state.jobs = state.jobs.filter { $0.value.queueName != state.queues[id]?.name }
                    state.queues[id] = nil
                }
            }
        },
        StoreMutant(
            "jobs outlive their queue", caughtBy: "a queue is deleted with its jobs, but not while one of them runs"
        ) { lab in
            lab.jobs.onDelete = { [store = lab.store] base, id in
                let jobs = try store.step { state, _ in state.jobs }
                try await base.delete(id)
                try store.step { state, _ in state.jobs = jobs }
            }
        },
        StoreMutant(
            "age of the oldest missing",
            caughtBy: "the counts say how many jobs stand where, and how long the oldest has waited"
        ) { lab in
            lab.jobs.onStats = { base, queue in
                JobStats(counts: try await base.jobStats(queueName: queue).counts, oldestQueuedAge: nil)
            }
        },
        StoreMutant(
            "queues counted together",
            caughtBy: "the counts say how many jobs stand where, and how long the oldest has waited"
        ) { lab in
            lab.jobs.onStats = { [store = lab.store] base, queue in
                let stats = try await base.jobStats(queueName: queue)
                let jobs = try store.step { state, _ in Array(state.jobs.values) }
                return JobStats(
                    counts: Dictionary(grouping: jobs, by: \.status).mapValues(\.count),
                    oldestQueuedAge: stats.oldestQueuedAge)
            }
        },
        StoreMutant(
            "pages oldest first", caughtBy: "the jobs of a queue are read in pages, newest first, each once"
        ) { lab in
            lab.jobs.onPage = { base, filter, cursor, limit in
                try await base.jobs(matching: filter, before: cursor, limit: limit).reversed()
            }
        },
        StoreMutant(
            "pages overlap", caughtBy: "the jobs of a queue are read in pages, newest first, each once"
        ) { lab in
            lab.jobs.onPage = { base, filter, cursor, limit in
                let page = try await base.jobs(matching: filter, before: cursor, limit: limit)
                guard let cursor, let last = try await base.job(cursor) else { return page }
                return Array(([last] + page).prefix(limit))
            }
        },
    ]
}
