extension Result where Success: Sendable, Failure == RequestFailure {
    /// What an exchange comes to, unless a wait ends before it does: then that it has timed out. Either is over when this
    /// returns.
    ///
    /// What has come in time counts, also when the task was cancelled meanwhile.
    package static func of(
        _ exchange: @escaping @Sendable () async -> Self, before wait: @escaping @Sendable () async throws -> Void
    ) async -> Self {
        await withTaskGroup(of: Ending<Success>.self) { group in
            group.addTask { .answered(await exchange()) }
            group.addTask {
                do {
                    try await wait()
                    return .timedOut
                } catch {
                    return .waitCancelled
                }
            }
            var isTimedOut = false
            var result = Self.failure(.cancelled)
            for await ending in group {
                switch ending {
                case .answered(let outcome): result = outcome
                case .timedOut: isTimedOut = true
                case .waitCancelled: break
                }
                group.cancelAll()
            }
            guard case .failure = result else { return result }
            if Task.isCancelled { return .failure(.cancelled) }
            return isTimedOut ? .failure(.timedOut) : result
        }
    }
}

private enum Ending<Success: Sendable>: Sendable {
    case answered(Result<Success, RequestFailure>)
    case timedOut
    case waitCancelled
}
