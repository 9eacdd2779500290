internal import MillraceCore

/// What claims of given jobs promise, and the reading of places by which others know which to ask for.
enum JobIdentityClaimRules {
    private static let scope = JobScope(types: [.work])

    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("jobs that are claimed by their identities are leased as by any claim, in the order asked for") {
            fixture in
            let receipt = try await fixture.jobs.enqueue([
                JobRequest(.work), JobRequest(.work, priority: .high), JobRequest(.work, priority: .low),
                JobRequest(.work),
            ])
            let asked = [receipt.ids[2], receipt.ids[0], receipt.ids[1], receipt.ids[0]]
            var expected: [Job] = []
            for id in asked.prefix(3) { expected.append(try await fixture.stored(id)) }
            let worker = try await fixture.worker()
            fixture.clock.advance(by: .seconds(1))
            for index in expected.indices { expected[index].claim(by: worker, at: fixture.now) }
            let claimed = try await fixture.jobs.claim(asked, from: scope, by: worker)
            try requireEqual(claimed, expected, "the claimed jobs")
            for job in expected { try requireEqual(try await fixture.stored(job.id), job, "a stored job") }
            try requireEqual(
                try await fixture.jobs.leases(of: worker),
                Dictionary(uniqueKeysWithValues: expected.map { ($0.id, $0.leaseToken) }), "the leases of the worker")
            let rest = try await fixture.claimJobs(by: worker)
            try requireEqual(rest.map(\.id), [receipt.ids[3]], "what is left")
            try await fixture.settle(claimed[0], .completed(result: nil))
        },
        ContractRule("a claim by identity leaves out what may not be claimed now") { fixture in
            let held = try await fixture.heldJob()
            let ended = try await fixture.job(in: .completed)
            let cancelled = try await fixture.job(in: .cancelled)
            let later = try await fixture.jobs.enqueue(JobRequest(.work, scheduledAt: fixture.now + .seconds(5)))
            let free = try await fixture.jobs.enqueue(JobRequest(.work))
            let worker = try await fixture.worker(leasedFor: .seconds(60))
            let asked = [held.id, ended.id, JobID.make(at: fixture.now), cancelled.id, later, free]
            let claimed = try await fixture.jobs.claim(asked, from: scope, by: worker)
            try requireEqual(claimed.map(\.id), [free], "the claimed jobs")
            try requireEqual(try await fixture.stored(held.id), held, "the job that another holds")
            try requireEqual(try await fixture.stored(ended.id), ended, "the job that has ended")
            let again = try await fixture.jobs.claim(asked, from: scope, by: worker)
            try requireEqual(again, [], "a second claim")
            try requireEqual(try await fixture.jobs.claim([], from: scope, by: worker), [], "a claim of none")
            fixture.clock.advance(by: .seconds(5))
            let due = try await fixture.jobs.claim(asked, from: scope, by: worker)
            try requireEqual(due.map(\.id), [later], "the claim when its time has come")
            try requireEqual(due.map(\.scheduledAt), [nil], "the time of a job that is held")
        },
        ContractRule("a claim by identity keeps to its scope") { fixture in
            let mail = QueueName(stored: "mail")
            let mine = TranscriptID.make(at: fixture.now)
            let ids = try await fixture.jobs.enqueue([
                JobRequest(.work), JobRequest(.other), JobRequest(.work, queueName: mail),
                JobRequest(.work, transcriptID: mine), JobRequest(.work, engine: .ear), JobRequest(.work),
            ]).ids
            let worker = try await fixture.worker()
            let scopes: [(JobScope, [Int])] = [
                (JobScope(queues: [], types: [.work]), []),
                (JobScope(types: []), []),
                (JobScope(types: [.work], transcripts: []), []),
                (JobScope(types: [.work], transcripts: [mine]), [3]),
                (JobScope(queues: [mail], types: [.work, .other]), [2]),
                (JobScope(types: [.other], engines: [.ear]), [1]),
                (JobScope(types: [.work], engines: [.named("nose")], unreachable: [ids[0]]), [5]),
                (JobScope(types: [.work], engines: [.named("nose"), .ear]), [0, 4]),
            ]
            for (scope, expected) in scopes {
                let claimed = try await fixture.jobs.claim(ids, from: scope, by: worker)
                try requireEqual(claimed.map(\.id), expected.map { ids[$0] }, "the jobs in \(scope)")
            }
        },
        ContractRule("of suspects that are asked for one is given, alone, and only to a claimer that is alone") {
            fixture in
            let suspects = [try await fixture.suspect(), try await fixture.suspect()]
            let innocent = try await fixture.jobs.enqueue(JobRequest(.work))
            let worker = try await fixture.worker()
            let asked = [innocent, suspects[1], suspects[0]]
            let ordinary = JobScope(types: [.work], maxCrashes: 3)
            let given = try await fixture.jobs.claim(asked, from: ordinary, by: worker)
            try requireEqual(given.map(\.id), [innocent], "the ordinary claim")
            let alone = JobScope(types: [.work], maxCrashes: 3, isAlone: true)
            let first = try await fixture.jobs.claim(asked, from: alone, by: worker)
            try requireEqual(first.map(\.id), [suspects[1]], "the claim of a worker that is alone")
            let rest = try await fixture.jobs.claim(asked, from: scope, by: worker)
            try requireEqual(rest.map(\.id), [suspects[0]], "the claim without a limit of crashes")
        },
        ContractRule("two workers never hold one job, however many claim the same identities at once") { fixture in
            let ids = try await fixture.enqueue(60)
            let claims = try await concurrently(12) { _ in
                let worker = try await fixture.worker()
                var own: [JobID] = []
                for start in stride(from: 0, to: 60, by: 5) {
                    let asked = Array(ids[start..<start + 5])
                    let claimed = try await fixture.jobs.claim(asked, from: scope, by: worker)
                    for job in claimed { try requireEqual(job.workerID, worker, "the holder of a claimed job") }
                    own += claimed.map(\.id)
                }
                return own
            }
            let all = claims.flatMap { $0 }
            try requireEqual(all.count, ids.count, "jobs that all workers got")
            try requireEqual(Set(all), Set(ids), "the jobs that all workers got")
        },
        ContractRule("a claim by identity without a lease is refused") { fixture in
            let id = try await fixture.jobs.enqueue(JobRequest(.work))
            try await requireError(.conflict, "a claim of a worker that nobody knows") {
                _ = try await fixture.jobs.claim([id], from: scope, by: WorkerID.make(at: fixture.now))
            }
            let late = try await fixture.worker()
            fixture.clock.advance(by: StoreFixture.lease)
            try await requireError(.conflict, "a claim after the end of the lease") {
                _ = try await fixture.jobs.claim([id], from: scope, by: late)
            }
            try requireEqual(try await fixture.stored(id).status, .queued, "the status of the job")
        },
        ContractRule("the places of jobs that may be claimed are read in the order of claims, a stretch at a time") {
            fixture in
            let mail = QueueName(stored: "mail")
            let held = try await fixture.heldJob()
            var requests: [JobRequest] = []
            var random = fixture.generator()
            for _ in 0..<40 {
                requests.append(JobRequest(.work, priority: JobPriority.allCases.randomElement(using: &random) ?? .low))
            }
            var ids = try await fixture.jobs.enqueue(requests).ids
            fixture.clock.advance(by: .milliseconds(3))
            ids += try await fixture.jobs.enqueue(requests).ids
            let due = try await fixture.jobs.enqueue(
                JobRequest(.work, priority: .high, scheduledAt: fixture.now + .seconds(1)))
            let others = try await fixture.jobs.enqueue([
                JobRequest(.other), JobRequest(.work, queueName: mail), JobRequest(.work, engine: .ear),
                JobRequest(.work, scheduledAt: fixture.now + .seconds(9)),
            ]).ids
            fixture.clock.advance(by: .seconds(1))
            var places: [JobPlace] = []
            for id in ids { places.append(JobPlace(try await fixture.stored(id))) }
            places.sort()
            let work = JobKind(queueName: .default, type: .work)
            for start in [0, 1, 17, 79] {
                let found = try await fixture.jobs.readyJobs(in: [JobRange(of: work, after: places[start])], limit: 25)
                try requireEqual(
                    found, [Array(places[(start + 1)...].prefix(25))], "the places behind number \(start)")
            }
            let duePlace = JobPlace(try await fixture.stored(due))
            let ranges = [
                JobRange(of: work), JobRange(of: JobKind(queueName: mail, type: .work)),
                JobRange(of: JobKind(queueName: .default, type: .work, engine: .ear)),
                JobRange(of: JobKind(queueName: mail, type: .other)), JobRange(of: work, after: places[78]),
            ]
            let found = try await fixture.jobs.readyJobs(in: ranges, limit: 1_000)
            try requireEqual(
                found.map { $0.map(\.id) },
                [(places + [duePlace]).sorted().map(\.id), [others[1]], [others[2]], [], [places[79].id]],
                "the places of several kinds")
            try requireEqual(try await fixture.stored(held.id), held, "a job that is held")
            let first = try await fixture.jobs.readyJobs(in: [JobRange(of: work)], limit: 7)
            try requireEqual(first.map(\.count), [7], "the number of places, up to 7")
        },
        ContractRule("a receipt says when its jobs were made") { fixture in
            for count in [1, 400] {
                fixture.clock.advance(by: .milliseconds(7))
                let receipt = try await fixture.jobs.enqueue(Array(repeating: JobRequest(.work), count: count))
                try requireEqual(receipt.createdAt, fixture.now, "the time of the receipt")
                try requireEqual(
                    try await fixture.stored(receipt.ids[0]).createdAt, fixture.now, "the time of the first job")
            }
            let request = JobRequest(.work, uniqueKey: "once")
            let first = try await fixture.jobs.enqueue([request, request])
            try requireEqual(first.createdAt, fixture.now, "the time of a batch of which one was skipped")
            fixture.clock.advance(by: .milliseconds(7))
            let second = try await fixture.jobs.enqueue([request])
            try requireEqual(second.createdAt, nil, "the time of a batch of which all were skipped")
        },
    ]
}
