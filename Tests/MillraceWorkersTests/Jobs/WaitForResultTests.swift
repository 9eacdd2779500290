import MillraceCore
import MillraceTesting
import MillraceWorkers
import Testing

extension Result<JSONText?, StoreError> {
    fileprivate var code: StoreError.Code? {
        if case .failure(let error) = self { error.code } else { nil }
    }
}

@Suite(.timeLimit(.minutes(5))) struct WaitForResultTests {
    private let place = Workplace()
    private let handler = TaskHandler { number, _ in number }

    private func waited(for id: JobID, within limit: Duration? = nil) async -> Result<JSONText?, StoreError> {
        do throws(StoreError) {
            return .success(try await place.jobs.waitForResult(of: id, within: limit, clock: place.clock))
        } catch {
            return .failure(error)
        }
    }

    /// A job that somebody holds.
    private func heldJob(maxRetries: Int = 3) async throws -> Job {
        try await handler.enqueue(at: place, maxRetries: maxRetries)
        let worker = WorkerID.make(at: place.clock.timeOfDay)
        try await place.jobs.base.register(worker, process: nil, leasedFor: .seconds(3_600))
        let claimed = try await place.jobs.base.claim(upTo: 1, from: JobScope(types: [handler.jobType]), by: worker)
        return try #require(claimed.first)
    }

    /// Waits for a job while the clock is moved and `body` is done to it.
    private func wait(
        for id: JobID, within limit: Duration? = nil, while body: @escaping @Sendable () async throws -> Void
    ) async throws -> Result<JSONText?, StoreError> {
        try await withThrowingTaskGroup(of: Result<JSONText?, StoreError>?.self) { group in
            group.addTask { await waited(for: id, within: limit) }
            try await place.clock.waitForSleepers(1)
            try await body()
            group.addTask { [place] in
                while !Task.isCancelled {
                    if place.clock.sleeperCount > 0 { place.clock.advance(by: .milliseconds(10)) }
                    await Task.yield()
                }
                return nil
            }
            defer { group.cancelAll() }
            return try #require(try await group.next() ?? nil)
        }
    }

    @Test func `the result of a job that has ended is there at once`() async throws {
        let job = try await heldJob()
        _ = try await place.jobs.settle([JobSettlement(job, .completed(result: JSONText("[7]")))])
        #expect(try await place.jobs.waitForResult(of: job.id, clock: place.clock) == JSONText("[7]"))
        #expect(place.clock.now.offset == .zero)
    }

    @Test func `who waits gets the result from whoever runs the job`() async throws {
        let id = try await handler.enqueue(at: place)[0]
        try await place.run(handler) {
            let result = try await place.jobs.waitForResult(of: id, within: .seconds(240), clock: ContinuousClock())
            #expect(try result?.decode(Int.self) == 0)
        }
    }

    @Test func `a retry is waited for, and nothing returned is nil`() async throws {
        let job = try await heldJob()
        let result = try await wait(for: job.id) { [place, handler] in
            let again = place.clock.timeOfDay + .seconds(1)
            _ = try await place.jobs.settle([JobSettlement(job, .retry(at: again, error: "not yet"))])
            place.clock.advance(by: .seconds(1))
            let worker = try #require(job.workerID)
            let held = try await place.jobs.base.claim(
                upTo: 1, from: JobScope(types: [handler.jobType]), by: worker)
            _ = try await place.jobs.settle([JobSettlement(held[0], .completed(result: nil))])
        }
        #expect(try result.get() == nil)
    }

    @Test func `a job that failed throws its reason, one that was called off says so`() async throws {
        let failing = try await heldJob()
        let failed = try await wait(for: failing.id) { [place] in
            _ = try await place.jobs.settle([JobSettlement(failing, .failed(error: "no such tape"))])
        }
        #expect(failed.code == .jobFailed)
        if case .failure(let error) = failed { #expect(error.message == "job \(failing.id) failed: no such tape") }
        let cancelling = try await heldJob()
        let cancelled = try await wait(for: cancelling.id) { [place] in
            try await place.jobs.updateJobStatus(cancelling.id, to: .cancelled)
        }
        #expect(cancelled.code == .jobCancelled)
    }

    @Test func `a job that does not exist is not waited for, nor one that is deleted meanwhile`() async throws {
        let unknown = JobID.make(at: place.clock.timeOfDay)
        #expect(await waited(for: unknown).code == .notFound)
        var queue = JobQueue(id: .make(at: place.clock.timeOfDay), name: .default)
        let now = place.clock.timeOfDay
        let id = queue.add(JobRequest(handler.jobType), id: .make(at: now), at: now).id
        try await place.jobs.save(queue)
        let queueID = queue.id
        let deleted = try await wait(for: id) { [place] in try await place.jobs.delete(queueID) }
        #expect(deleted.code == .notFound)
    }

    @Test func `the wait ends at its limit, and the job goes on`() async throws {
        let job = try await heldJob()
        let result = try await wait(for: job.id, within: .milliseconds(2_500)) {}
        #expect(result.code == .timedOut)
        #expect(place.clock.now.offset >= .milliseconds(2_500))
        #expect(try await place.jobs.job(job.id) == job)
        #expect(await waited(for: job.id, within: .zero).code == .timedOut)
    }

    @Test func `the wait ends with its task`() async throws {
        let id = try await handler.enqueue(at: place)[0]
        let code = await withTaskGroup(of: StoreError.Code?.self) { group in
            group.addTask { await waited(for: id).code }
            try? await place.clock.waitForSleepers(1)
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(code == .cancelled)
        #expect(try await place.status(id) == .queued)
    }

    @Test func `trouble of the store that may pass is waited out, other trouble is thrown`() async throws {
        let job = try await heldJob()
        place.log.before { call throws(StoreError) in
            if call == .job { throw StoreError(.busy, "locked") }
        }
        let result = try await wait(for: job.id) { [place] in
            _ = try await place.jobs.settle([JobSettlement(job, .completed(result: JSONText("1")))])
            place.log.before(nil)
        }
        #expect(try result.get() == JSONText("1"))
        place.log.before { call throws(StoreError) in
            if call == .job { throw StoreError(.corrupted, "damaged") }
        }
        #expect(await waited(for: job.id).code == .corrupted)
    }

    @Test func `it asks often at first and about once a second later`() async throws {
        let id = try await handler.enqueue(at: place)[0]
        let asked = try await wait(for: id, within: .seconds(100)) {}
        #expect(asked.code == .timedOut)
        // Six pauses until the first second is over, then half to one and a half a second each.
        #expect((60...230).contains(place.log.count { $0 == .job }))
    }
}
