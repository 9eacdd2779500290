internal import MillraceCore

/// What `rescue` of jobs promises.
enum JobRescueRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("nothing is rescued before its worker's lease has run out") { fixture in
            let job = try await fixture.heldJob()
            fixture.clock.advance(by: StoreFixture.lease - .microseconds(1))
            try requireEqual(try await fixture.jobs.rescue(), [], "the jobs rescued a microsecond early")
            try requireEqual(try await fixture.stored(job.id), job, "the job that is still held")
            fixture.clock.advance(by: .microseconds(1))
            try requireEqual(try await fixture.jobs.rescue(), [job.id], "the jobs rescued at the end of the lease")
        },
        ContractRule("a rescued job is queued again with one crash more and no retry used") { fixture in
            let worker = try await fixture.worker()
            let job = try await fixture.heldJob(by: worker)
            _ = try await fixture.jobs.enqueue(JobRequest(.work))
            fixture.clock.advance(by: StoreFixture.lease)
            let rescued = try await fixture.jobs.rescue()
            try requireEqual(rescued, [job.id], "the jobs rescued")
            var expected = job
            expected.rescue(at: fixture.now)
            try requireEqual(try await fixture.stored(job.id), expected, "the rescued job")
            let again = try await fixture.claimJobs(by: fixture.worker())
            try requireEqual(again.first?.id, job.id, "the first job claimed by another worker")
        },
        ContractRule("many rescues at once take each job back once") { fixture in
            _ = try await fixture.enqueue(40)
            let held = try await fixture.claimJobs(by: fixture.worker())
            fixture.clock.advance(by: StoreFixture.lease)
            let rescued = try await concurrently(8) { _ in try await fixture.jobs.rescue() }.flatMap { $0 }
            try requireEqual(rescued.count, 40, "the number of jobs that all rescues name")
            try requireEqual(Set(rescued), Set(held.map(\.id)), "the jobs that all rescues name")
            for id in rescued { try requireEqual(try await fixture.stored(id).crashes, 1, "the crashes of a job") }
        },
    ]
}
