internal import MillraceCore
internal import Synchronization

/// How rules listen for the ends of jobs.
extension StoreFixture {
    /// Listens until a job has ended, asking the store where nothing is said of the end itself.
    @discardableResult
    func end(
        of id: JobID, by listener: any JobEndListening, _ what: String = "once it has ended"
    ) async throws -> JobEnd {
        while true {
            let word = try requireValue(await word(to: listener), "a word on the job, \(what)")
            let stored = try await stored(id).end
            if let told = word.end { try requireEqual(told, stored, "what is said of the end") }
            if let stored { return stored }
        }
    }

    /// What is said to a listener.
    private struct Word: Sendable {
        var end: JobEnd?
    }

    /// The next word; `nil` when none comes.
    private func word(to listener: any JobEndListening) async -> Word? {
        let heard = Mutex<Word?>(nil)
        await MonotonicTime(ContinuousClock()).limit(ContractPatience.limit) {
            let end = await listener.wait()
            guard !Task.isCancelled else { return }
            heard.withLock { $0 = Word(end: end) }
        }
        return heard.withLock { $0 }
    }

    /// Fails unless a wait for a job that is held ends with its task.
    func requireEndOfWait(
        by listener: any JobEndListening, of job: Job, cancelledAfter yields: Int
    ) async throws {
        let isLate = Mutex(false)
        let said = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { @Sendable in
                try await Task.sleep(for: ContractPatience.limit)
                isLate.withLock { $0 = true }
                // So that the wait ends all the same.
                try await settle(job, .completed(result: nil))
            }
            let said = await withTaskGroup(of: JobEnd?.self) { waits in
                waits.addTask { await listener.wait() }
                for _ in 0..<yields { await Task.yield() }
                waits.cancelAll()
                return await waits.next() ?? nil
            }
            group.cancelAll()
            while let result = await group.nextResult() {
                if case .failure(let error) = result, !(error is CancellationError) { throw error }
            }
            return said
        }
        try require(!isLate.withLock { $0 }, "the wait went on when its task was cancelled")
        try requireEqual(said, nil, "what a wait says that was cancelled")
    }
}
