internal import MillraceCore

/// What `settle` of jobs promises.
enum JobSettleRules {
    static let all: [ContractRule<StoreFixture>] = outcomes + fences

    private static let outcomes: [ContractRule<StoreFixture>] = [
        ContractRule("a completed job keeps its result") { fixture in
            let job = try await fixture.heldJob()
            fixture.clock.advance(by: .seconds(1))
            let result = JSONText(stored: #"{"pages": [1, 2]}"#)
            try await fixture.settle(job, .completed(result: result))
            try await requireOutcome(.completed(result: result), of: job, in: fixture)
            try requireEqual(try await fixture.jobs.result(of: job.id), result, "the result that is read")
        },
        ContractRule("a retry costs one and waits for its time; when all are used up the job is FAILED") { fixture in
            let worker = try await fixture.worker(leasedFor: .seconds(1_000))
            var job = try await fixture.heldJob(JobRequest(.work, maxRetries: 2), by: worker)
            for retry in 1...2 {
                try await fixture.settle(job, .retry(at: fixture.now + .seconds(2), error: "error \(retry)"))
                try await requireOutcome(
                    .retry(at: fixture.now + .seconds(2), error: "error \(retry)"), of: job, in: fixture)
                try requireEqual(try await fixture.stored(job.id).retryCount, retry, "the retries used")
                fixture.clock.advance(by: .seconds(1))
                try requireEqual(try await fixture.claimJobs(by: worker), [], "a claim before the retry is due")
                fixture.clock.advance(by: .seconds(1))
                job = try requireValue(try await fixture.claimJobs(by: worker).first, "the retry that is due")
            }
            try await fixture.settle(job, .retry(at: fixture.now, error: "last"))
            let failed = try await fixture.stored(job.id)
            try requireEqual(failed.status, .failed, "the status after the last retry failed")
            try requireEqual(failed.retryCount, 2, "the retries used")
            try requireEqual(failed.errorMessage, "last", "the error that is kept")
        },
        ContractRule("a job that failed for good runs no more") { fixture in
            let job = try await fixture.heldJob()
            try await fixture.settle(job, .failed(error: "bad input"))
            try await requireOutcome(.failed(error: "bad input"), of: job, in: fixture)
            try requireEqual(try await fixture.claimJobs(by: fixture.worker()), [], "a claim after the failure")
        },
        ContractRule("a job that is released or snoozed costs no retry") { fixture in
            let worker = try await fixture.worker()
            let job = try await fixture.heldJob(by: worker)
            try await fixture.settle(job, .released)
            try await requireOutcome(.released, of: job, in: fixture)
            let again = try requireValue(try await fixture.claimJobs(by: worker).first, "the released job")
            try await fixture.settle(again, .snoozed(until: fixture.now + .seconds(3)))
            try await requireOutcome(.snoozed(until: fixture.now + .seconds(3)), of: again, in: fixture)
            try requireEqual(try await fixture.claimJobs(by: worker), [], "a claim of a snoozed job")
            fixture.clock.advance(by: .seconds(3))
            let awake = try requireValue(try await fixture.claimJobs(by: worker).first, "the snoozed job")
            try requireEqual(awake.retryCount, 0, "the retries used")
        },
        ContractRule("a job that is put off for a reason keeps it as its error message") { fixture in
            let job = try await fixture.heldJob()
            let outcome = JobSettlement.Outcome.snoozed(until: fixture.now, reason: "not on this machine")
            try await fixture.settle(job, outcome)
            try await requireOutcome(outcome, of: job, in: fixture)
            let again = try requireValue(try await fixture.claimJobs(by: fixture.worker()).first, "the job again")
            try await fixture.settle(again, .snoozed(until: fixture.now + .seconds(1)))
            try requireEqual(
                try await fixture.stored(job.id).errorMessage, "not on this machine", "the reason after another snooze")
        },
        ContractRule("a job that was called off while it ran is CANCELLED") { fixture in
            let job = try await fixture.heldJob()
            try await fixture.settle(job, .cancelled)
            try await requireOutcome(.cancelled, of: job, in: fixture)
        },
    ]

    private static let fences: [ContractRule<StoreFixture>] = [
        ContractRule("a settlement after a rescue changes nothing") { fixture in
            let job = try await fixture.heldJob()
            fixture.clock.advance(by: StoreFixture.lease)
            _ = try await fixture.jobs.rescue()
            try await requireLost(job, in: fixture, "rescued")
            let again = try await fixture.claimJobs(by: fixture.worker())
            try requireEqual(again.map(\.id), [job.id], "the job claimed by another worker")
            try await requireLost(job, in: fixture, "held by another worker")
        },
        ContractRule("a settlement after the status was changed by hand changes nothing") { fixture in
            for status: JobStatus in [.cancelled, .queued, .scheduled, .completed, .failed] {
                let job = try await fixture.heldJob()
                try await fixture.jobs.updateJobStatus(job.id, to: status)
                try await requireLost(job, in: fixture, status.rawValue)
                if status.isOpen { try await fixture.jobs.updateJobStatus(job.id, to: .cancelled) }
            }
        },
        ContractRule("a second settlement changes nothing") { fixture in
            let outcomes: [JobSettlement.Outcome] = [
                .completed(result: nil), .failed(error: "first"), .cancelled,
                .snoozed(until: fixture.now + .seconds(9)),
                .retry(at: fixture.now + .seconds(9), error: "first"),
            ]
            for outcome in outcomes {
                let job = try await fixture.heldJob()
                try await fixture.settle(job, outcome)
                try await requireLost(job, in: fixture, "settled")
            }
        },
        ContractRule("a job that nobody holds cannot be settled, not even with its present token") { fixture in
            for status: JobStatus in [.queued, .scheduled, .completed, .failed, .cancelled] {
                let job = try await fixture.job(in: status)
                try await requireLost(job, in: fixture, status.rawValue)
                if status == .queued { try await fixture.jobs.updateJobStatus(job.id, to: .cancelled) }
            }
        },
        ContractRule("of a batch, lost leases are named and the others settled") { fixture in
            _ = try await fixture.enqueue(3)
            let held = try await fixture.claimJobs(by: fixture.worker())
            try requireEqual(held.count, 3, "the number of claimed jobs")
            try await fixture.jobs.updateJobStatus(held[1].id, to: .cancelled)
            let unknown = JobID.make(at: fixture.now)
            let lost = try await fixture.jobs.settle(
                held.map { JobSettlement($0, .completed(result: nil)) }
                    + [JobSettlement(unknown, token: .initial, .completed(result: nil))])
            try requireEqual(lost, [held[1].id, unknown], "the lost leases")
            var statuses: [JobStatus] = []
            for job in held { statuses.append(try await fixture.stored(job.id).status) }
            try requireEqual(statuses, [.completed, .cancelled, .completed], "the statuses of the batch")
            try requireEqual(try await fixture.jobs.settle([]), [], "the lost leases of an empty batch")
        },
    ]

    /// Fails unless the stored job is what the core's rules make of the held one.
    private static func requireOutcome(
        _ outcome: JobSettlement.Outcome, of job: Job, in fixture: StoreFixture
    ) async throws {
        var expected = job
        expected.settle(outcome, at: fixture.now)
        try requireEqual(try await fixture.stored(job.id), expected, "the settled job")
    }

    /// Fails unless settling with the token of `job` is refused, whatever the outcome.
    private static func requireLost(_ job: Job, in fixture: StoreFixture, _ state: String) async throws {
        let before = try await fixture.stored(job.id)
        let outcomes: [JobSettlement.Outcome] = [
            .completed(result: JSONText(stored: "1")), .retry(at: fixture.now, error: "late"), .failed(error: "late"),
            .snoozed(until: fixture.now), .awaiting(TranscriptID.make(at: fixture.now), until: fixture.now), .released,
            .cancelled,
        ]
        for outcome in outcomes {
            let lost = try await fixture.jobs.settle([JobSettlement(job, outcome)])
            let after = try await fixture.stored(job.id)
            try requireEqual(after, before, "a job that is \(state), after a settlement without a lease")
            try requireEqual(lost, [job.id], "the lost leases")
        }
    }
}
