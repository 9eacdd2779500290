public import MillraceCore
internal import MillraceSpeech
public import MillraceWorkers

extension Millrace {
    /// Waits until a run has ended, whoever works on it, or until `stop` is raised.
    ///
    /// `onProgress` is called with every change that is seen, and at least once.
    ///
    /// - Returns: the row of the processing as it has ended; `nil` when the wait was stopped before.
    /// - Throws: `StoreError` `notFound` when there is no such processing or it is deleted meanwhile;
    ///   `CancellationError`.
    public func watch(
        _ id: ProcessingID, stop: StopSignal = StopSignal(),
        onProgress: @escaping @Sendable (TranscriptionProgress) -> Void = { _ in }
    ) async throws -> ParallelProcessor.Row? {
        let watch = ProcessingWatch(processings: processings, id: id)
        return try await withThrowingTaskGroup(of: ParallelProcessor.Row?.self) { group in
            group.addTask { try await watch.run(onProgress: onProgress) }
            group.addTask {
                await stop.wait()
                try Task.checkCancellation()
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }
}
