internal import MillraceCore

/// What the leases of workers promise.
enum WorkerRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("a lease that has run out cannot be renewed") { fixture in
            let worker = try await fixture.worker()
            fixture.clock.advance(by: StoreFixture.lease - .microseconds(1))
            try requireEqual(try await renew(worker, fixture), true, "renewing just in time")
            fixture.clock.advance(by: StoreFixture.lease)
            try requireEqual(try await renew(worker, fixture), false, "renewing at the end of the lease")
            try requireEqual(try await renew(worker, fixture), false, "renewing after the end of the lease")
            let stranger = WorkerID.make(at: fixture.now)
            try requireEqual(try await renew(stranger, fixture), false, "renewing what was never registered")
        },
        ContractRule("a renewed lease holds for the new time, with all that the worker holds") { fixture in
            let worker = try await fixture.worker()
            _ = try await fixture.enqueue(3)
            _ = try await fixture.claimJobs(by: worker)
            for _ in 0..<4 {
                fixture.clock.advance(by: .seconds(8))
                try requireEqual(try await renew(worker, fixture), true, "renewing every 8 s")
                try requireEqual(try await fixture.jobs.rescue(), [], "jobs rescued from a living worker")
            }
        },
        ContractRule("the workers are those whose lease holds") { fixture in
            let process = ProcessIdentity(bootID: "boot", namespace: "pid:1", processID: 42, startTicks: 7)
            let first = WorkerID.make(at: fixture.now)
            try await fixture.jobs.register(first, process: process, leasedFor: .seconds(5))
            let second = try await fixture.worker(leasedFor: .seconds(10))
            let all = try await fixture.jobs.workers()
            let expected = [
                Worker(id: first, process: process, leasedUntil: fixture.now + .seconds(5)),
                Worker(id: second, process: nil, leasedUntil: fixture.now + .seconds(10)),
            ]
            try requireEqual(Set(all), Set(expected), "the workers")
            fixture.clock.advance(by: .seconds(5))
            try requireEqual(try await fixture.jobs.workers().map(\.id), [second], "the workers 5 s later")
        },
        ContractRule("retiring ends a lease at once") { fixture in
            let worker = try await fixture.worker()
            let job = try await fixture.heldJob(by: worker)
            try await fixture.jobs.retire(worker)
            try requireEqual(try await fixture.jobs.workers(), [], "the workers")
            try requireEqual(try await renew(worker, fixture), false, "renewing after retirement")
            try requireEqual(try await fixture.jobs.rescue(), [job.id], "the jobs rescued")
            try await fixture.jobs.retire(WorkerID.make(at: fixture.now))
        },
    ]

    private static func renew(_ worker: WorkerID, _ fixture: StoreFixture) async throws -> Bool {
        try await fixture.jobs.renew(worker, leasedFor: StoreFixture.lease)
    }
}
