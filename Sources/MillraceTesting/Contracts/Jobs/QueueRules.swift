internal import MillraceCore

/// What `save`, `load` and `delete` of a queue promise.
enum QueueRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("a saved queue is loaded with its settings, counts and open jobs") { fixture in
            let id = QueueID.make(at: fixture.now)
            let ids = try await fixture.enqueue(3)
            try requireEqual(try await fixture.jobs.load(id)?.name, nil, "a queue that was never saved")
            let settings = QueueSettings(maxRetries: 9)
            try await fixture.jobs.save(JobQueue(id: id, name: .default, settings: settings))
            try await fixture.jobs.updateJobStatus(ids[1], to: .cancelled)
            let queue = try requireValue(try await fixture.jobs.load(id), "the saved queue")
            try requireEqual(queue.name, .default, "the name")
            try requireEqual(queue.settings, settings, "the settings")
            try requireEqual(queue.stats[.queued], 2, "the count of QUEUED jobs")
            try requireEqual(queue.stats[.cancelled], 1, "the count of CANCELLED jobs")
            try requireEqual(queue.jobs.map(\.id), [ids[0], ids[2]], "the open jobs")
        },
        ContractRule("the upkeep changes no job and no count, however many call for it") { fixture in
            let ids = try await fixture.enqueue(3)
            let held = try await fixture.claimJobs(2, by: fixture.worker())
            _ = try await fixture.jobs.settle([JobSettlement(held[0], .completed(result: nil))])
            // Long enough for it to be due again.
            fixture.clock.advance(by: .seconds(5))
            var before: [Job] = []
            for id in ids { before.append(try await fixture.stored(id)) }
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { await fixture.jobs.upkeep() } }
            }
            for job in before { try requireEqual(try await fixture.stored(job.id), job, "a job") }
            let stats = try await fixture.jobs.jobStats(queueName: .default)
            for status in [JobStatus.queued, .processing, .completed] {
                try requireEqual(stats[status], 1, "the count of \(status.rawValue) jobs")
            }
            try requireEqual(stats.total, 3, "the count of all jobs")
        },
        ContractRule("a loaded queue holds no more than the oldest 1,000 open jobs") { fixture in
            let id = QueueID.make(at: fixture.now)
            try await fixture.jobs.save(JobQueue(id: id, name: .default))
            let ids = try await fixture.enqueue(JobQueue.loadLimit + 10)
            let queue = try requireValue(try await fixture.jobs.load(id), "the saved queue")
            try requireEqual(queue.jobs.count, JobQueue.loadLimit, "the number of loaded jobs")
            try requireEqual(queue.jobs.map(\.id), Array(ids.prefix(JobQueue.loadLimit)), "the loaded jobs")
            try requireEqual(queue.stats.total, ids.count, "the count of all jobs")
        },
        ContractRule("a name that another queue has is refused") { fixture in
            try await fixture.jobs.save(JobQueue(id: QueueID.make(at: fixture.now), name: .default))
            let second = QueueID.make(at: fixture.now)
            try await requireError(.conflict, "saving a second queue with one name") {
                try await fixture.jobs.save(JobQueue(id: second, name: .default))
            }
            try requireEqual(try await fixture.jobs.load(second)?.name, nil, "the refused queue")
        },
        ContractRule("saving a queue writes the jobs added, cancelled and retried in it") { fixture in
            var queue = try await savedQueue(fixture, jobs: 3)
            let ids = queue.jobs.map(\.id)
            let added = JobID.make(at: fixture.now)
            queue.add(JobRequest(.work, priority: .high), id: added, at: fixture.now)
            try queue.cancel(ids[0], at: fixture.now)
            try queue.cancel(ids[1], at: fixture.now)
            try queue.retry(ids[1], at: fixture.now)
            queue.settings.maxRetries = 5
            try await fixture.jobs.save(queue)
            for job in queue.jobs { try requireEqual(try await fixture.stored(job.id), job, "a saved job") }
            let loaded = try requireValue(try await fixture.jobs.load(queue.id), "the saved queue")
            try requireEqual(loaded.settings.maxRetries, 5, "the saved settings")
            try requireEqual(Set(loaded.jobs.map(\.id)), [ids[1], ids[2], added], "the open jobs")
        },
        ContractRule("a job that is cancelled before it was ever saved is saved as CANCELLED") { fixture in
            var queue = try await savedQueue(fixture, jobs: 0)
            let ids = (0..<2).map { _ in JobID.make(at: fixture.now) }
            for id in ids {
                queue.add(JobRequest(.work), id: id, at: fixture.now)
                try queue.cancel(id, at: fixture.now)
            }
            try queue.retry(ids[1], at: fixture.now)
            try await fixture.jobs.save(queue)
            for job in queue.jobs { try requireEqual(try await fixture.stored(job.id), job, "a saved job") }
        },
        ContractRule("saving a stale queue conflicts and writes nothing") { fixture in
            var queue = try await savedQueue(fixture, jobs: 2)
            let ids = queue.jobs.map(\.id)
            let held = try await fixture.claimJobs(1, by: fixture.worker())
            try requireEqual(held.map(\.id), [ids[0]], "the claimed job")
            let added = JobID.make(at: fixture.now)
            queue.add(JobRequest(.work), id: added, at: fixture.now)
            try queue.cancel(ids[1], at: fixture.now)
            try queue.cancel(ids[0], at: fixture.now)
            queue.settings.maxRetries = 5
            let stale = queue
            try await requireError(.conflict, "saving a queue with a job claimed since") {
                try await fixture.jobs.save(stale)
            }
            try requireEqual(try await fixture.stored(ids[0]), held[0], "the job that is held")
            try requireEqual(try await fixture.stored(ids[1]).status, .queued, "the other job's status")
            try requireEqual(try await fixture.jobs.job(added), nil, "the added job")
            let loaded = try requireValue(try await fixture.jobs.load(queue.id), "the queue")
            try requireEqual(loaded.settings, QueueSettings(), "the settings")
        },
        ContractRule("an added job is added once") { fixture in
            var queue = try await savedQueue(fixture, jobs: 0)
            queue.add(JobRequest(.work), id: JobID.make(at: fixture.now), at: fixture.now)
            let changed = queue
            try await fixture.jobs.save(changed)
            try await requireError(.conflict, "saving the same queue twice") { try await fixture.jobs.save(changed) }
            try requireEqual(try await fixture.jobs.jobStats(queueName: .default).total, 1, "the number of jobs")
        },
        ContractRule("a queue is deleted with its jobs, but not while one of them runs") { fixture in
            let queue = try await savedQueue(fixture, jobs: 2)
            let mail = JobRequest(.work, queueName: QueueName(stored: "mail"))
            let elsewhere = try await fixture.jobs.enqueue(mail)
            let held = try await fixture.claimJobs(1, by: fixture.worker())
            try await requireError(.conflict, "deleting a queue with a running job") {
                try await fixture.jobs.delete(queue.id)
            }
            try requireEqual(try await fixture.jobs.jobStats(queueName: .default).total, 2, "jobs after the refusal")
            try await fixture.settle(held[0], .released)
            try await fixture.jobs.delete(queue.id)
            try requireEqual(try await fixture.jobs.load(queue.id)?.name, nil, "the deleted queue")
            try requireEqual(try await fixture.jobs.jobStats(queueName: .default).total, 0, "jobs after deletion")
            _ = try await fixture.stored(elsewhere)
            try await fixture.jobs.delete(queue.id)
        },
    ]

    private static func savedQueue(_ fixture: StoreFixture, jobs: Int) async throws -> JobQueue {
        let id = QueueID.make(at: fixture.now)
        try await fixture.jobs.save(JobQueue(id: id, name: .default))
        _ = try await fixture.enqueue(jobs)
        return try requireValue(try await fixture.jobs.load(id), "the saved queue")
    }
}
