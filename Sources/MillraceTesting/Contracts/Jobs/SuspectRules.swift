internal import MillraceCore

/// What is promised of jobs whose workers died while they ran.
enum SuspectRules {
    private static let ordinary = JobScope(types: [.work], maxCrashes: 3)
    private static let alone = JobScope(types: [.work], maxCrashes: 3, isAlone: true)

    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("a job whose workers died too often is given alone, and only to a claimer that is alone") {
            fixture in
            let suspects = [try await fixture.suspect(), try await fixture.suspect()]
            let innocent = try await fixture.jobs.enqueue(JobRequest(.work))
            let worker = try await fixture.worker()
            let claimed = try await fixture.claimJobs(from: ordinary, by: worker)
            try requireEqual(claimed.map(\.id), [innocent], "the ordinary claim")
            let given = try await fixture.claimJobs(from: alone, by: worker)
            try requireEqual(given.map(\.id), [suspects[0]], "the first claim of a worker that is alone")
            let next = try await fixture.claimJobs(from: alone, by: worker)
            try requireEqual(next.map(\.id), [suspects[1]], "the second claim of a worker that is alone")
            _ = try await fixture.jobs.enqueue(JobRequest(.work))
            let rest = try await fixture.claimJobs(from: alone, by: worker)
            try requireEqual(rest, [], "what is left for a worker that is alone")
        },
        ContractRule("without a limit of crashes every job is given to everyone") { fixture in
            let id = try await fixture.suspect()
            let claimed = try await fixture.claimJobs(by: fixture.worker())
            try requireEqual(claimed.map(\.id), [id], "the claim without a limit")
        },
        ContractRule("a job that kills its worker once more than is allowed has failed, for that reason") { fixture in
            let id = try await fixture.suspect()
            let held = try await fixture.claimJobs(from: alone, by: fixture.worker())[0]
            fixture.clock.advance(by: StoreFixture.lease)
            try requireEqual(try await fixture.jobs.rescue(maxCrashes: 3), [id], "the jobs taken back")
            var expected = held
            expected.rescue(maxCrashes: 3, at: fixture.now)
            try requireEqual(expected.status, .failed, "the status by the core's rules")
            try requireEqual(try await fixture.stored(id), expected, "the job that was given up")
            try await fixture.jobs.updateJobStatus(id, to: .queued)
            let again = try await fixture.claimJobs(from: ordinary, by: fixture.worker())
            try requireEqual(again.map(\.id), [id], "the claim after a retry by hand")
        },
        ContractRule("the leases of a worker are those that it holds, and no others") { fixture in
            let worker = try await fixture.worker()
            _ = try await fixture.enqueue(5)
            let held = try await fixture.claimJobs(4, by: worker)
            _ = try await fixture.claimJobs(1, by: fixture.worker())
            try requireEqual(
                try await fixture.jobs.leases(of: worker),
                Dictionary(uniqueKeysWithValues: held.map { ($0.id, $0.leaseToken) }), "the leases after the claim")
            try await fixture.settle(held[0], .completed(result: nil))
            try await fixture.jobs.updateJobStatus(held[1].id, to: .cancelled)
            try await fixture.settle(held[2], .released)
            try requireEqual(
                try await fixture.jobs.leases(of: worker), [held[3].id: held[3].leaseToken],
                "the leases after three of four have ended")
            fixture.clock.advance(by: StoreFixture.lease)
            _ = try await fixture.jobs.rescue()
            try requireEqual(try await fixture.jobs.leases(of: worker), [:], "the leases after a rescue")
        },
    ]
}
