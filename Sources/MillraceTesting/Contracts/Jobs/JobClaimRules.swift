internal import MillraceCore

/// What `claim` of jobs promises.
enum JobClaimRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("a claimed job is leased to the worker") { fixture in
            let id = try await fixture.jobs.enqueue(JobRequest(.work))
            let worker = try await fixture.worker()
            let before = try await fixture.stored(id)
            fixture.clock.advance(by: .seconds(1))
            let claimed = try await fixture.claimJobs(by: worker)
            var expected = before
            expected.claim(by: worker, at: fixture.now)
            try requireEqual(claimed, [expected], "the claimed job")
            try requireEqual(try await fixture.stored(id), expected, "the stored job")
            try requireEqual(try await fixture.claimJobs(by: worker), [], "a second claim")
        },
        ContractRule("two workers never hold one job, however many claim at once") { fixture in
            let ids = try await fixture.enqueue(240)
            let claims = try await concurrently(12) { number in
                let worker = try await fixture.worker()
                var own: [JobID] = []
                while true {
                    let jobs = try await fixture.claimJobs(number % 5 + 1, by: worker)
                    guard !jobs.isEmpty else { return own }
                    for job in jobs { try requireEqual(job.workerID, worker, "the holder of a claimed job") }
                    own += jobs.map(\.id)
                    try require(own.count <= ids.count, "one worker got more jobs than there are")
                }
            }
            let all = claims.flatMap { $0 }
            try requireEqual(all.count, ids.count, "jobs that all workers got")
            try requireEqual(Set(all), Set(ids), "the jobs that all workers got")
        },
        ContractRule("the most urgent job is claimed first, the oldest first among equals") { fixture in
            var generator = fixture.generator()
            var jobs: [Job] = []
            for _ in 0..<60 {
                let priority = JobPriority.allCases.randomElement(using: &generator) ?? .medium
                jobs.append(
                    try await fixture.stored(fixture.jobs.enqueue(JobRequest(.work, priority: priority))))
                fixture.clock.advance(by: .milliseconds(5))
            }
            let expected = jobs.sorted { ($1.priority, $0.createdAt) < ($0.priority, $1.createdAt) }.map(\.id)
            let worker = try await fixture.worker()
            var claimed: [JobID] = []
            for limit in [7, 1, 22, 100] { claimed += try await fixture.claimJobs(limit, by: worker).map(\.id) }
            try requireEqual(claimed, expected, "the order of claims (seed \(fixture.seed))")
        },
        ContractRule("a delayed job is claimed once its time has come, not before") { fixture in
            let due = fixture.now + .seconds(5)
            let id = try await fixture.jobs.enqueue(JobRequest(.work, scheduledAt: due))
            let worker = try await fixture.worker()
            try requireEqual(try await fixture.stored(id).status, .scheduled, "the status of a delayed job")
            fixture.clock.advance(by: .seconds(5) - .microseconds(1))
            try requireEqual(try await fixture.claimJobs(by: worker), [], "a claim a microsecond early")
            fixture.clock.advance(by: .microseconds(1))
            try requireEqual(try await fixture.claimJobs(by: worker).map(\.id), [id], "a claim at the time")
        },
        ContractRule("a claim keeps to the queues, types and transcripts of its scope") { fixture in
            let mail = QueueName(stored: "mail")
            let mine = TranscriptID.make(at: fixture.now)
            let theirs = TranscriptID.make(at: fixture.now)
            let receipt = try await fixture.jobs.enqueue([
                JobRequest(.work), JobRequest(.other), JobRequest(.work, queueName: mail),
                JobRequest(.work, transcriptID: mine), JobRequest(.work, transcriptID: theirs),
            ])
            let worker = try await fixture.worker()
            let scopes: [(JobScope, [Int])] = [
                (JobScope(queues: [], types: [.work]), []),
                (JobScope(types: []), []),
                (JobScope(types: [.work], transcripts: []), []),
                (JobScope(types: [.work], transcripts: [mine]), [3]),
                (JobScope(queues: [mail], types: [.work, .other]), [2]),
                (JobScope(types: [.other]), [1]),
                (JobScope(types: [.work]), [0, 4]),
            ]
            for (scope, expected) in scopes {
                let claimed = try await fixture.claimJobs(from: scope, by: worker)
                try requireEqual(claimed.map(\.id), expected.map { receipt.ids[$0] }, "the jobs in \(scope)")
            }
        },
        ContractRule("a worker without a lease claims nothing") { fixture in
            let id = try await fixture.jobs.enqueue(JobRequest(.work))
            let late = try await fixture.worker()
            fixture.clock.advance(by: StoreFixture.lease)
            for worker in [WorkerID.make(at: fixture.now), late] {
                try await requireError(.conflict, "a claim without a lease") {
                    _ = try await fixture.claimJobs(by: worker)
                }
            }
            try requireEqual(try await fixture.stored(id).status, .queued, "the status after refused claims")
        },
        ContractRule("a claim takes no more than its limit") { fixture in
            let ids = try await fixture.enqueue(5)
            let worker = try await fixture.worker()
            for (limit, expected) in [(0, []), (-1, []), (2, ids[0..<2]), (10, ids[2...])] as [(Int, ArraySlice<JobID>)]
            {
                let claimed = try await fixture.claimJobs(limit, by: worker)
                try requireEqual(claimed.map(\.id), Array(expected), "a claim of up to \(limit)")
            }
        },
        ContractRule("jobs that may be claimed are read in the order of a claim, and stay free") { fixture in
            let delayed = JobRequest(.work, scheduledAt: fixture.now + .seconds(1))
            let receipt = try await fixture.jobs.enqueue([
                JobRequest(.work, priority: .low), JobRequest(.other), delayed, JobRequest(.work, priority: .high),
                JobRequest(.work, scheduledAt: fixture.now + .seconds(60)),
                JobRequest(.work, queueName: QueueName(stored: "mail")),
            ])
            fixture.clock.advance(by: .seconds(1))
            let order = [3, 1, 2, 0].map { receipt.ids[$0] }
            for limit in [10, 2, 0, -1] {
                let pending = try await fixture.jobs.findPendingJobs(queueName: .default, limit: limit)
                try requireEqual(pending.map(\.id), Array(order.prefix(max(0, limit))), "pending jobs, up to \(limit)")
            }
            let claimed = try await fixture.claimJobs(
                from: JobScope(types: [.work, .other]), by: fixture.worker())
            try requireEqual(claimed.map(\.id), order, "the jobs claimed after they were read")
        },
    ]
}
