internal import MillraceCore

/// What lists and counts of all queues promise.
enum JobListRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("a list has what its filter lets through, newest first, in pages, each once") { fixture in
            let jobs = try await mixed(fixture)
            for filter in filters {
                let expected = jobs.filter { filter.matches($0) }.map(\.id)
                var read: [JobID] = []
                while true {
                    let page = try await fixture.jobs.jobs(matching: filter, before: read.last, limit: 7)
                    try require(page.count <= 7, "a page of 7 has \(page.count) jobs")
                    guard !page.isEmpty, read.count < 1_000 else { break }
                    try require(
                        page.count == 7 || read.count + page.count == expected.count, "a page in the middle is short")
                    read += page.map(\.id)
                }
                try requireEqual(read, expected, "the jobs of all pages of \(filter) (seed \(fixture.seed))")
            }
            try requireEqual(
                try await fixture.jobs.jobs(matching: JobFilter(), before: nil, limit: 0), [], "a page of 0")
        },
        ContractRule("the counts of all queues are those of each, and follow whatever becomes of the jobs") { fixture in
            try requireEqual(try await fixture.jobs.jobStats(), [:], "the counts of an empty store")
            let empty = QueueName(stored: "nobody is here")
            try await fixture.jobs.save(JobQueue(id: QueueID.make(at: fixture.now), name: empty))
            let spare = JobQueue(id: QueueID.make(at: fixture.now), name: queues[2])
            try await fixture.jobs.save(spare)
            let jobs = try await mixed(fixture)
            fixture.clock.advance(by: .seconds(2))
            try await requireCounts(jobs, empty: [empty], fixture)
            try await fixture.jobs.delete(spare.id)
            try await requireCounts(jobs.filter { $0.queueName != spare.name }, empty: [empty], fixture)
        },
    ]

    private static let queues = [QueueName.default, QueueName(stored: "mail"), QueueName(stored: "spare")]
    private static let types = [JobType.work, .other, JobType(stored: "rare")]

    private static let filters: [JobFilter] = [
        JobFilter(), JobFilter(queues: [queues[1]]), JobFilter(types: [types[2]]), JobFilter(statuses: [.failed]),
        JobFilter(statuses: [.failed, .cancelled, .queued]), JobFilter(queues: [queues[0]], statuses: [.completed]),
        JobFilter(queues: [queues[0], queues[2]], types: [.work, .other], statuses: [.queued, .scheduled]),
        JobFilter(queues: [QueueName(stored: "no such")]), JobFilter(queues: []), JobFilter(types: []),
        JobFilter(statuses: []),
    ]

    /// Jobs of several queues, types and statuses, as they are stored in the end, newest first.
    private static func mixed(_ fixture: StoreFixture) async throws -> [Job] {
        var random = fixture.generator()
        let worker = try await fixture.worker(leasedFor: .seconds(1_000))
        var ids: [JobID] = []
        for number in 0..<90 {
            let type = number % 30 == 7 ? types[2] : types[Int.random(in: 0..<2, using: &random)]
            let queue = queues[number < 6 ? number % 3 : Int.random(in: 0..<3, using: &random)]
            ids.append(try await fixture.jobs.enqueue(JobRequest(type, queueName: queue)))
            if number % 10 == 9 { fixture.clock.advance(by: .milliseconds(2)) }
        }
        let held = try await fixture.claimJobs(40, from: JobScope(queues: [queues[0]], types: types), by: worker)
        for (number, job) in held.enumerated() where number % 7 != 6 {
            let outcomes: [JobSettlement.Outcome] = [
                .completed(result: nil), .failed(error: "broken"), .cancelled, .released,
                .snoozed(until: fixture.now + .seconds(3_600)),
                .retry(at: fixture.now + .seconds(3_600), error: "flaky"),
            ]
            try await fixture.settle(job, outcomes[number % outcomes.count])
        }
        var jobs: [Job] = []
        for id in ids.reversed() { jobs.append(try await fixture.stored(id)) }
        return jobs
    }

    private static func requireCounts(_ jobs: [Job], empty: [QueueName], _ fixture: StoreFixture) async throws {
        let all = try await fixture.jobs.jobStats()
        let names = Set(jobs.map(\.queueName)).union(empty)
        try requireEqual(Set(all.keys), names, "the queues that are counted")
        for name in names {
            let counts = Dictionary(grouping: jobs.filter { $0.queueName == name }, by: \.status).mapValues(\.count)
            let oldest = jobs.filter { $0.queueName == name && $0.status == .queued }.map(\.createdAt).min()
            let expected = JobStats(counts: counts, oldestQueuedAge: oldest.map { fixture.now - $0 })
            try requireEqual(all[name], expected, "the counts of \(name) among all (seed \(fixture.seed))")
            try requireEqual(try await fixture.jobs.jobStats(queueName: name), expected, "the counts of \(name)")
        }
    }
}
