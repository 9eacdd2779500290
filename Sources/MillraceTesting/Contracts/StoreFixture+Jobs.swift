internal import MillraceCore

extension JobType {
    /// The type of most jobs that the rules enqueue.
    static let work = JobType(stored: "work")
    /// A type that most scopes of the rules leave out.
    static let other = JobType(stored: "other work")
}

/// What job rules begin with.
extension StoreFixture {
    static let lease = Duration.seconds(10)

    var now: Timestamp { clock.timeOfDay }

    func generator() -> SeededGenerator { SeededGenerator(seed: seed) }

    func worker(leasedFor duration: Duration = lease) async throws -> WorkerID {
        let id = WorkerID.make(at: now)
        try await jobs.register(id, process: nil, leasedFor: duration)
        return id
    }

    func enqueue(_ count: Int, _ request: JobRequest = JobRequest(.work)) async throws -> [JobID] {
        try await jobs.enqueue(Array(repeating: request, count: count)).ids
    }

    func claimJobs(
        _ limit: Int = 1_000, from scope: JobScope = JobScope(types: [.work]), by worker: WorkerID
    ) async throws -> [Job] {
        try await jobs.claim(upTo: limit, from: scope, by: worker)
    }

    /// A new job that a worker holds; no other job may wait.
    func heldJob(_ request: JobRequest = JobRequest(.work), by worker: WorkerID? = nil) async throws -> Job {
        let id = try await jobs.enqueue(request)
        let holder: WorkerID
        if let worker { holder = worker } else { holder = try await self.worker() }
        let claimed = try await claimJobs(1, by: holder)
        try requireEqual(claimed.map(\.id), [id], "the claim of the only job")
        return claimed[0]
    }

    func stored(_ id: JobID) async throws -> Job {
        try requireValue(try await jobs.job(id), "job \(id)")
    }

    func settle(_ job: Job, _ outcome: JobSettlement.Outcome) async throws {
        let lost = try await jobs.settle([JobSettlement(job, outcome)])
        try requireEqual(lost, [], "the leases lost when settling a held job")
    }

    /// A job in a status, brought there by ways that every adapter has.
    func job(in status: JobStatus) async throws -> Job {
        let id: JobID
        switch status {
        case .queued:
            id = try await jobs.enqueue(JobRequest(.work))
        case .scheduled:
            id = try await jobs.enqueue(JobRequest(.work, scheduledAt: now + .seconds(3_600)))
        case .processing, .completed, .failed, .cancelled:
            let held = try await heldJob()
            id = held.id
            if status == .completed { try await settle(held, .completed(result: nil)) }
            if status == .failed { try await settle(held, .failed(error: "broken")) }
            if status == .cancelled { try await settle(held, .cancelled) }
        }
        let job = try await stored(id)
        try requireEqual(job.status, status, "the status that a job was brought to")
        return job
    }

    /// A queued job that three workers died with.
    func suspect() async throws -> JobID {
        let id = try await jobs.enqueue(JobRequest(.work))
        for _ in 0..<3 {
            let held = try await claimJobs(by: worker())
            for job in held where job.id != id { try await settle(job, .released) }
            clock.advance(by: Self.lease)
            _ = try await jobs.rescue(maxCrashes: 3)
        }
        try requireEqual(try await stored(id).crashes, 3, "the crashes of the suspect")
        return id
    }

    /// Fails unless an operation takes as many statements for many rows as for one.
    func requireSameStatements(
        _ what: String, _ operation: (Int) async throws -> Void, prepare: (Int) async throws -> Void
    ) async throws {
        guard let statementCount else {
            throw ContractViolation("this rule needs a fixture with `statementCount`")
        }
        var counts: [Int] = []
        for rows in [1, 100] {
            try await prepare(rows)
            let before = statementCount()
            try await operation(rows)
            counts.append(statementCount() - before)
        }
        try require(counts[0] > 0, "\(what): the fixture counts no statements")
        try require(
            counts[0] == counts[1], "\(what) takes \(counts[0]) statements for 1 row and \(counts[1]) for 100")
    }
}
