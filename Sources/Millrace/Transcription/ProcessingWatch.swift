internal import MillraceCore

/// Looks at a processing until it has ended.
struct ProcessingWatch: Sendable {
    let processings: any ProcessingRepository
    let id: ProcessingID
    /// How many chunks are known to have come from the cache.
    var cached: @Sendable () -> Int = { 0 }

    /// Calls `onProgress` with every change that is seen, and at least once.
    ///
    /// - Returns: the row as it has ended.
    /// - Throws: `StoreError` `notFound` when it is deleted meanwhile; `CancellationError`.
    func run(onProgress: @Sendable (TranscriptionProgress) -> Void) async throws -> ParallelProcessor.Row {
        var last: TranscriptionProgress?
        var mergingPolls = 0
        while true {
            let row: ParallelProcessor.Row?
            do throws(StoreError) {
                row = try await processings.row(id)
            } catch {
                // The workers go on when the store is busy for a while, and so does the watch.
                guard error.isRetryable else { throw error }
                try await Task.sleep(for: .seconds(1))
                continue
            }
            guard let row else {
                throw StoreError(.notFound, "the run was deleted while it was worked on")
            }
            let progress = TranscriptionProgress(
                status: row.status, total: row.totalChunks, completed: row.completedChunks, failed: row.failedChunks,
                cached: min(cached(), row.completedChunks))
            if progress != last { onProgress(progress) }
            last = progress
            if row.status.isFinal { return row }
            if row.status == .merging {
                // A merge that failed for good ends the run with the next sweep; who waits need not wait for that of the
                // workers.
                mergingPolls += 1
                if mergingPolls.isMultiple(of: 20) { _ = try? await processings.sweep() }
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
