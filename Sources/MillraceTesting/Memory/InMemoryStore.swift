public import MillraceCore
internal import Synchronization

/// The memory that the in-memory adapters share, as the tables of one database are shared.
///
/// Behaves as a store of one process that forgets everything when it goes: every port verb is one step that no other
/// can interrupt, and is refused whole or done whole.
public final class InMemoryStore: Sendable {
    private let clock: any WallClock
    private let state = Mutex(StoreState())
    private let passes = Atomic<Int>(0)

    /// Makes an empty store that takes the time from a clock.
    public init(clock: any WallClock) {
        self.clock = clock
    }

    /// How many steps the store has taken: what the number of statements is to an SQL store.
    public var passCount: Int { passes.load(ordering: .relaxed) }

    /// Runs one step.
    ///
    /// A body that throws must not have changed anything yet.
    func step<Value: Sendable>(
        _ body: (inout StoreState, Timestamp) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        guard !Task.isCancelled else {
            throw StoreError(.cancelled, "the task was cancelled before the store did anything")
        }
        passes.add(1, ordering: .relaxed)
        let now = clock.now()
        return try state.withLock { (state) throws(StoreError) in
            let value = try body(&state, now)
            state.wakeWaitingJobs()
            return value
        }
    }
}
