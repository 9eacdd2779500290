internal import MillraceCore

/// What `updateJobStatus` promises.
enum JobMoveRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("a status changes by hand only as the table of moves allows") { fixture in
            for old in JobStatus.allCases {
                for new in JobStatus.allCases {
                    let job = try await fixture.job(in: old)
                    fixture.clock.advance(by: .milliseconds(1))
                    let what = "a job that is \(old.rawValue) moved to \(new.rawValue)"
                    var expected = job
                    if old.nextStatuses.contains(new), new != .processing {
                        try expected.move(to: new, at: fixture.now)
                        try await fixture.jobs.updateJobStatus(job.id, to: new)
                    } else {
                        try await requireError(.illegalMove, what) {
                            try await fixture.jobs.updateJobStatus(job.id, to: new)
                        }
                    }
                    try requireEqual(try await fixture.stored(job.id), expected, what)
                    // Out of the way of the next claim.
                    if expected.status == .queued || expected.status == .scheduled {
                        try await fixture.jobs.updateJobStatus(job.id, to: .cancelled)
                    }
                }
            }
        },
        ContractRule("a retry by hand counts retries and crashes from 0 again") { fixture in
            let first = try await fixture.heldJob(JobRequest(.work, maxRetries: 1))
            try await fixture.settle(first, .retry(at: fixture.now, error: "flaky"))
            _ = try await fixture.claimJobs(by: fixture.worker())
            fixture.clock.advance(by: StoreFixture.lease)
            _ = try await fixture.jobs.rescue()
            let worker = try await fixture.worker()
            let again = try requireValue(try await fixture.claimJobs(by: worker).first, "the rescued job")
            try requireEqual([again.retryCount, again.crashes], [1, 1], "retries and crashes before")
            try await fixture.settle(again, .failed(error: "broken"))
            try await fixture.jobs.updateJobStatus(again.id, to: .queued)
            let job = try await fixture.stored(again.id)
            try requireEqual([job.retryCount, job.crashes], [0, 0], "retries and crashes after")
            try requireEqual(job.errorMessage, nil, "the error after")
            try requireEqual(try await fixture.claimJobs(by: worker).map(\.id), [job.id], "the claim after")
        },
        ContractRule("the status of a job that does not exist cannot be changed") { fixture in
            try await requireError(.notFound, "moving a job that does not exist") {
                try await fixture.jobs.updateJobStatus(JobID.make(at: fixture.now), to: .cancelled)
            }
        },
    ]
}
