internal import MillraceCore

/// What `enqueue` promises.
enum EnqueueRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("an enqueued job is stored as it was requested") { fixture in
            let request = JobRequest(
                .other, payload: JSONText(stored: #"{"number": 1, "text": "ß"}"#),
                queueName: QueueName(stored: "letters"), priority: .high, maxRetries: 7, uniqueKey: "key",
                transcriptID: TranscriptID.make(at: fixture.now),
                engine: EngineIdentity(known: "ear", model: "sharp"), timeout: .milliseconds(1_500),
                traceContext: ["traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"])
            let id = try await fixture.jobs.enqueue(request)
            let job = try await fixture.stored(id)
            try requireEqual(job, Job(request, id: id, at: fixture.now), "the stored job")
        },
        ContractRule("a unique key or a time-out that makes no sense is refused, and its whole batch with it") {
            fixture in
            let senseless = [
                JobRequest(.work, uniqueKey: ""), JobRequest(.work, uniqueKey: String(repeating: "k", count: 501)),
                JobRequest(.work, timeout: .zero),
            ]
            for request in senseless {
                try await requireError(.invalid, "a senseless request") {
                    _ = try await fixture.jobs.enqueue([JobRequest(.work), request])
                }
            }
            try await requireTotal(0, fixture)
            _ = try await fixture.jobs.enqueue(JobRequest(.work, uniqueKey: String(repeating: "k", count: 500)))
            try await requireTotal(1, fixture)
        },
        ContractRule("of thousands of requests, each with a unique key, those that are open or twins are skipped") {
            fixture in
            var random = fixture.generator()
            let open = try await fixture.jobs.enqueue((0..<500).map { JobRequest(.work, uniqueKey: "key-\($0)") }).ids
            let numbers = (0..<3_000).map { _ in Int.random(in: 0..<2_000, using: &random) }
            let receipt = try await fixture.jobs.enqueue(numbers.map { JobRequest(.work, uniqueKey: "key-\($0)") })
            var known = Dictionary(uniqueKeysWithValues: open.enumerated().map { ($0.offset, $0.element) })
            var skipped: [Int] = []
            for (position, number) in numbers.enumerated() {
                if let holder = known[number] {
                    skipped.append(position)
                    try requireEqual(receipt.ids[position], holder, "the job that stands for request \(position)")
                } else {
                    known[number] = receipt.ids[position]
                }
            }
            try requireEqual(receipt.skipped, skipped, "the skipped positions")
            try await requireTotal(known.count, fixture)
        },
        ContractRule("jobs enqueued together are claimed in the order of their batch") { fixture in
            let ids = try await fixture.enqueue(50)
            try requireEqual(Set(ids).count, 50, "the number of different identities")
            let claimed = try await fixture.claimJobs(by: fixture.worker())
            try requireEqual(claimed.map(\.id), ids, "the order of the claim")
        },
        ContractRule("a request whose unique key an open job has is skipped and named") { fixture in
            let request = JobRequest(.work, uniqueKey: "once")
            let first = try await fixture.jobs.enqueue(request)
            let receipt = try await fixture.jobs.enqueue([JobRequest(.work), request])
            try requireEqual(receipt.skipped, [1], "the skipped positions")
            try requireEqual(receipt.ids.count, 2, "the number of identities in the receipt")
            try requireEqual(receipt.ids[1], first, "the job that stands for the skipped request")
            try await requireTotal(2, fixture)
        },
        ContractRule("two requests of one batch with the same unique key are one job") { fixture in
            let request = JobRequest(.work, uniqueKey: "twin")
            let receipt = try await fixture.jobs.enqueue([request, request])
            try requireEqual(receipt.skipped, [1], "the skipped positions")
            try requireEqual(Set(receipt.ids).count, 1, "the number of jobs for both")
            try await requireTotal(1, fixture)
        },
        ContractRule("many requests with one unique key at once are one job") { fixture in
            let receipts = try await concurrently(16) { _ in
                try await fixture.jobs.enqueue([JobRequest(.work, uniqueKey: "race")])
            }
            try requireEqual(Set(receipts.flatMap(\.ids)).count, 1, "the number of jobs in all receipts")
            try requireEqual(receipts.count { $0.skipped.isEmpty }, 1, "the number of requests not skipped")
            try await requireTotal(1, fixture)
        },
        ContractRule("a unique key is free again once its job has ended") { fixture in
            let request = JobRequest(.work, uniqueKey: "again")
            for outcome: JobSettlement.Outcome in [.completed(result: nil), .failed(error: "broken"), .cancelled] {
                let job = try await fixture.heldJob(request)
                let whileHeld = try await fixture.jobs.enqueue([request])
                try requireEqual(whileHeld.skipped, [0], "the skipped positions while the job is held")
                try await fixture.settle(job, outcome)
            }
            let receipt = try await fixture.jobs.enqueue([request])
            try requireEqual(receipt.skipped, [], "the skipped positions after the job has ended")
        },
        ContractRule("a job is not opened by hand while another open job has its unique key") { fixture in
            let request = JobRequest(.work, uniqueKey: "taken")
            let job = try await fixture.heldJob(request)
            try await fixture.settle(job, .failed(error: "broken"))
            _ = try await fixture.jobs.enqueue(request)
            let before = try await fixture.stored(job.id)
            try await requireError(.conflict, "opening a second job with the key") {
                try await fixture.jobs.updateJobStatus(job.id, to: .queued)
            }
            try requireEqual(try await fixture.stored(job.id), before, "the job after the refusal")
        },
        ContractRule("a batch is seen whole or not at all") { fixture in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    for _ in 0..<20 { _ = try await fixture.enqueue(10) }
                    return true
                }
                group.addTask {
                    while !Task.isCancelled {
                        let total = try await fixture.jobs.jobStats(queueName: .default).total
                        try requireEqual(total % 10, 0, "jobs of a batch of 10 that are seen alone")
                        await Task.yield()
                    }
                    return false
                }
                while let isWriter = try await group.next() {
                    if isWriter { return group.cancelAll() }
                }
            }
        },
        ContractRule("a task that is cancelled already enqueues nothing") { fixture in
            try await requireError(.cancelled, "enqueueing in a cancelled task") {
                try await cancelled { _ = try await fixture.enqueue(3) }
            }
            try await requireTotal(0, fixture)
        },
        ContractRule("a unique key that no store can keep is refused as bad input") { fixture in
            try await requireError(.invalid, "enqueueing with NUL in the unique key") {
                _ = try await fixture.jobs.enqueue([JobRequest(.work), JobRequest(.work, uniqueKey: "a\0b")])
            }
            try requireEqual(try await fixture.jobs.jobStats(queueName: .default).total, 0, "the jobs of the batch")
        },
    ]

    private static func requireTotal(_ total: Int, _ fixture: StoreFixture) async throws {
        try requireEqual(try await fixture.jobs.jobStats(queueName: .default).total, total, "the number of jobs")
    }
}
