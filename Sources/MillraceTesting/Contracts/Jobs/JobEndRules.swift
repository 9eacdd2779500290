internal import MillraceCore
internal import Synchronization

/// What is promised to those who listen for the end of a job. A store that says nothing of ends promises nothing.
enum JobEndRules {
    static let all: [ContractRule<StoreFixture>] = [
        rule("who listens for a job is told when it is settled, not before that is stored, and how it has ended") {
            fixture, ends in
            for outcome in outcomes(at: fixture.now) {
                let job = try await fixture.heldJob(JobRequest(.work, maxRetries: 0))
                let listener = await ends.listen(forEndOf: job.id)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { _ = try await fixture.end(of: job.id, by: listener) }
                    // Most times the other waits by now.
                    for _ in 0..<10 { await Task.yield() }
                    try await fixture.settle(job, outcome)
                    try await group.waitForAll()
                }
                listener.stop()
            }
        },
        rule("what is said of a job between two waits counts") { fixture, ends in
            for outcome in outcomes(at: fixture.now) {
                let job = try await fixture.heldJob(JobRequest(.work, maxRetries: 0))
                let listener = await ends.listen(forEndOf: job.id)
                try await fixture.settle(job, outcome)
                try await fixture.end(of: job.id, by: listener)
                listener.stop()
            }
        },
        rule("a wait ends with its task, and says nothing; the next one hears of the end") { fixture, ends in
            for yields in [0, 50] {
                let job = try await fixture.heldJob()
                let listener = await ends.listen(forEndOf: job.id)
                try await fixture.requireEndOfWait(by: listener, of: job, cancelledAfter: yields)
                try await fixture.settle(job, .completed(result: nil))
                try await fixture.end(of: job.id, by: listener)
                listener.stop()
            }
        },
        rule("a settlement whose lease was lost ends no job") { fixture, ends in
            let stale = try await fixture.heldJob()
            let listener = await ends.listen(forEndOf: stale.id)
            try await fixture.settle(stale, .released)
            let job = try await fixture.claimJobs(by: fixture.worker())[0]
            for outcome in outcomes(at: fixture.now) {
                let lost = try await fixture.jobs.settle([JobSettlement(stale, outcome)])
                try requireEqual(lost, [stale.id], "the leases lost")
            }
            try await fixture.settle(job, .completed(result: JSONText(stored: #""by its holder""#)))
            try await fixture.end(of: job.id, by: listener)
            listener.stop()
        },
        rule("a job that is to be run again has not ended") { fixture, ends in
            let again: [JobSettlement.Outcome] = [
                .retry(at: fixture.now, error: "flaky"), .snoozed(until: fixture.now), .released,
            ]
            var job = try await fixture.heldJob(JobRequest(.work, maxRetries: 3))
            let listener = await ends.listen(forEndOf: job.id)
            for outcome in again {
                try await fixture.settle(job, outcome)
                job = try requireValue(try await fixture.claimJobs(by: fixture.worker()).first, "the job, run again")
            }
            try await fixture.settle(job, .completed(result: JSONText(stored: #""at last""#)))
            try await fixture.end(of: job.id, by: listener)
            listener.stop()
        },
        rule("who listens for a job that was queued again by hand is told nothing of how it had ended before") {
            fixture, ends in
            for outcome in [JobSettlement.Outcome.failed(error: "at first"), .cancelled] {
                var job = try await fixture.heldJob(JobRequest(.work, maxRetries: 0))
                var listener = await ends.listen(forEndOf: job.id)
                try await fixture.settle(job, outcome)
                try await fixture.end(of: job.id, by: listener)
                listener.stop()
                try await fixture.jobs.updateJobStatus(job.id, to: .queued)
                listener = await ends.listen(forEndOf: job.id)
                job = try requireValue(try await fixture.claimJobs(by: fixture.worker()).first, "the job, queued again")
                // A store may not know at once what comes of it.
                try await fixture.settle(job, .retry(at: fixture.now, error: "no more tries"))
                try await fixture.end(of: job.id, by: listener)
                listener.stop()
            }
        },
        rule("everyone who listens is told, of their own job alone, also when another has stopped") { fixture, ends in
            _ = try await fixture.enqueue(2)
            let held = try await fixture.claimJobs(by: fixture.worker())
            let (job, other) = (held[0], held[1])
            let listeners = [await ends.listen(forEndOf: job.id), await ends.listen(forEndOf: job.id)]
            let stopped = await ends.listen(forEndOf: job.id)
            let stranger = await ends.listen(forEndOf: other.id)
            stopped.stop()
            try await fixture.settle(job, .completed(result: JSONText(stored: "1")))
            for listener in listeners { try await fixture.end(of: job.id, by: listener) }
            try await fixture.settle(other, .failed(error: "another"))
            try await fixture.end(of: other.id, by: stranger)
            for listener in listeners + [stranger] { listener.stop() }
        },
        rule("who listens is told of what is called off, or given up after too many crashes") { fixture, ends in
            for way in Way.allCases {
                let (id, act) = try await prepare(way, fixture)
                let listener = await ends.listen(forEndOf: id)
                try await act()
                try await fixture.end(of: id, by: listener, "after it was \(way)")
                listener.stop()
            }
        },
        rule("who waits for a result has it without asking again") { fixture, ends in
            let job = try await fixture.heldJob()
            let result = JSONText(stored: #"{"words": 12}"#)
            let isLate = Mutex(false)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let found = try await fixture.jobs.waitForResult(of: job.id, clock: fixture.clock)
                    try requireEqual(found, result, "the result")
                }
                // It has looked, found the job open, and waits.
                try await fixture.clock.waitForSleepers(1)
                try await fixture.settle(job, .completed(result: result))
                group.addTask { @Sendable in
                    try await Task.sleep(for: ContractPatience.limit)
                    isLate.withLock { $0 = true }
                    // So that it asks.
                    fixture.clock.advance(by: .seconds(10))
                }
                try await group.next()
                group.cancelAll()
            }
            try require(!isLate.withLock { $0 }, "who waited was not told")
        },
    ]

    /// A rule for stores that say when jobs end.
    private static func rule(
        _ name: String, _ check: @escaping @Sendable (StoreFixture, any JobEndAnnouncing) async throws -> Void
    ) -> ContractRule<StoreFixture> {
        ContractRule(name) { fixture in
            if let ends = fixture.jobs.ends { try await check(fixture, ends) }
        }
    }

    /// Those by which a job ends that has no retries.
    private static func outcomes(at now: Timestamp) -> [JobSettlement.Outcome] {
        [
            .completed(result: JSONText(stored: #"{"words": 12}"#)), .completed(result: nil),
            .failed(error: "no such file"), .retry(at: now, error: "no more tries"), .cancelled,
        ]
    }

    /// How jobs end without a settlement.
    private enum Way: String, CaseIterable, CustomStringConvertible {
        case called = "called off"
        case saved = "called off in a queue that is saved"
        case abandoned = "given up"

        var description: String { rawValue }
    }

    /// A job, and what ends it.
    private static func prepare(
        _ way: Way, _ fixture: StoreFixture
    ) async throws -> (JobID, @Sendable () async throws -> Void) {
        let jobs = fixture.jobs
        switch way {
        case .called:
            let id = try await jobs.enqueue(JobRequest(.work))
            return (id, { try await jobs.updateJobStatus(id, to: .cancelled) })
        case .saved:
            let id = JobID.make(at: fixture.now)
            var queue = JobQueue(id: .make(at: fixture.now), name: .default)
            queue.add(JobRequest(.work), id: id, at: fixture.now)
            try await jobs.save(queue)
            var loaded = try requireValue(try await jobs.load(queue.id), "the saved queue")
            try loaded.cancel(id, at: fixture.now)
            let changed = loaded
            return (id, { try await jobs.save(changed) })
        case .abandoned:
            let id = try await fixture.suspect()
            let scope = JobScope(types: [.work], maxCrashes: 3, isAlone: true)
            _ = try await fixture.claimJobs(from: scope, by: fixture.worker())
            fixture.clock.advance(by: StoreFixture.lease)
            return (id, { _ = try await jobs.rescue(maxCrashes: 3) })
        }
    }
}
