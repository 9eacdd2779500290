extension JobQueueRepository {
    /// Waits until a job has ended, whoever runs it, and returns what its handler returned; `nil` when that was nothing.
    ///
    /// Where the store says when jobs end (``JobQueueRepository/ends``), the result is there at once. Besides, the job is
    /// looked at again and again: soon at first, then less and less often, at last about once a second. Each
    /// pause is drawn from half to one and a half of that, so that many who wait do not ask in step. A job that is to
    /// be run again is waited for; trouble of the store that may pass is waited out. The job is not touched: when the
    /// wait ends early, the job goes on. `limit` is how long to wait, `nil` for as long as it takes; it and the pauses
    /// are measured by `clock`.
    ///
    /// - Throws: `jobFailed` with the job's own reason; `jobCancelled`; `notFound` when there is no such job, or no
    ///   longer; `timedOut` after the limit, its cause the trouble of the store if that lasts; `cancelled` as soon as
    ///   the task is; other errors of the store.
    public func waitForResult(
        of id: JobID, within limit: Duration? = nil, clock: some Clock<Duration> = ContinuousClock()
    ) async throws(StoreError) -> JSONText? {
        let start = clock.now
        // Before the first look, so that no end falls in between.
        let listener = await ends?.listen(forEndOf: id)
        defer { listener?.stop() }
        var pause = Duration.milliseconds(20)
        while true {
            var trouble: StoreError?
            do throws(StoreError) {
                guard let job = try await job(id) else { throw StoreError(.notFound, "there is no job \(id)") }
                if let end = job.end { return try Self.result(of: id, end) }
            } catch {
                guard error.isRetryable else { throw error }
                trouble = error
            }
            var length = pause * Double.random(in: 0.5...1.5)
            if let limit {
                let left = limit - start.duration(to: clock.now)
                guard left > .zero else {
                    throw StoreError(
                        .timedOut, "job \(id) has not ended within \(limit.inSeconds) s; it goes on", cause: trouble)
                }
                length = min(length, left)
            }
            do {
                let end = try await Self.pause(for: length, clock, listener)
                if let end { return try Self.result(of: id, end) }
            } catch let error as StoreError {
                throw error
            } catch {
                throw StoreError(.cancelled, "waiting for job \(id) was cancelled; the job goes on", cause: error)
            }
            pause = min(pause * 2, .seconds(1))
        }
    }

    /// Waits, but not beyond what is said of the job.
    private static func pause(
        for length: Duration, _ clock: some Clock<Duration>, _ listener: (any JobEndListening)?
    ) async throws -> JobEnd? {
        guard let listener else {
            try await clock.sleep(for: length)
            return nil
        }
        return try await withThrowingTaskGroup(of: JobEnd?.self) { group in
            group.addTask { await listener.wait() }
            group.addTask {
                try await clock.sleep(for: length)
                return nil
            }
            defer { group.cancelAll() }
            let end = try await group.next() ?? nil
            try Task.checkCancellation()
            return end
        }
    }

    private static func result(of id: JobID, _ end: JobEnd) throws(StoreError) -> JSONText? {
        switch end {
        case .completed(let result): return result
        case .failed(let error): throw StoreError(.jobFailed, "job \(id) failed: \(error ?? "no reason known")")
        case .cancelled: throw StoreError(.jobCancelled, "job \(id) was cancelled")
        }
    }
}
