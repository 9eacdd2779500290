internal import Synchronization

/// How late this process is, for itself or for its machine: what short sleeps take beyond their time.
///
/// A bound that was promised is checked without it, so that what is measured is the program, and not what else its machine
/// does.
public final class Delays: Sendable {
    private let late: Late
    private let task: Task<Void, any Error>

    private final class Late: Sendable {
        let value = Mutex(Duration.zero)
    }

    /// Begins to measure.
    public init() {
        let late = Late()
        self.late = late
        task = Task {
            while true {
                let start = ContinuousClock.now
                try await Task.sleep(for: .milliseconds(20))
                let excess = ContinuousClock.now - start - .milliseconds(21)
                if excess > .zero { late.value.withLock { $0 += excess } }
            }
        }
    }

    deinit {
        task.cancel()
    }

    /// How much it was so far.
    public var soFar: Duration { late.value.withLock { $0 } }

    /// Ends the measurement; returns how much it was in all.
    public func end() async -> Duration {
        task.cancel()
        _ = await task.result
        return soFar
    }
}
