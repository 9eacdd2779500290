internal import MillraceCore

/// How many statements the verbs of the queue take.
enum JobStatementRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("enqueueing takes as many statements for 100 jobs as for one") { fixture in
            try await fixture.requireSameStatements("enqueueing") { rows in
                _ = try await fixture.enqueue(rows)
            } prepare: { _ in
            }
        },
        ContractRule("a claim takes as many statements for 100 jobs as for one") { fixture in
            let worker = try await fixture.worker()
            try await fixture.requireSameStatements("a claim") { rows in
                let claimed = try await fixture.claimJobs(rows, by: worker)
                try requireEqual(claimed.count, rows, "the number of claimed jobs")
            } prepare: { rows in
                // A store may look more closely after a claim that found less than it wanted.
                _ = try await fixture.claimJobs(rows, by: worker)
                _ = try await fixture.enqueue(rows)
            }
        },
        ContractRule("a claim by identity takes as many statements for 100 jobs as for one") { fixture in
            let worker = try await fixture.worker()
            let wanted = Held<JobID>()
            try await fixture.requireSameStatements("a claim by identity") { rows in
                let claimed = try await fixture.jobs.claim(wanted.values, from: JobScope(types: [.work]), by: worker)
                try requireEqual(claimed.count, rows, "the number of claimed jobs")
            } prepare: { rows in
                _ = try await fixture.claimJobs(by: worker)
                wanted.values = try await fixture.enqueue(rows)
            }
        },
        ContractRule("settling takes as many statements for 100 jobs as for one") { fixture in
            let worker = try await fixture.worker()
            let held = Held<Job>()
            try await fixture.requireSameStatements("settling") { rows in
                let lost = try await fixture.jobs.settle(held.values.map { JobSettlement($0, .completed(result: nil)) })
                try requireEqual(lost, [], "the lost leases")
            } prepare: { rows in
                _ = try await fixture.enqueue(rows)
                held.values = try await fixture.claimJobs(rows, by: worker)
            }
        },
        ContractRule("a rescue takes as many statements for 100 jobs as for one") { fixture in
            try await fixture.requireSameStatements("a rescue") { rows in
                try requireEqual(try await fixture.jobs.rescue().count, rows, "the number of rescued jobs")
            } prepare: { rows in
                let waiting = try await fixture.jobs.jobStats(queueName: .default)[.queued]
                _ = try await fixture.enqueue(rows - waiting)
                _ = try await fixture.claimJobs(rows, by: fixture.worker())
                fixture.clock.advance(by: StoreFixture.lease)
            }
        },
    ]
}

/// What one step of a rule hands to the next.
final class Held<Value> {
    var values: [Value] = []
}
