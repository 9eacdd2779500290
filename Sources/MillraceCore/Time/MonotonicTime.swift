/// Time that only goes forward: what leases and waits are measured by.
///
/// Wraps any clock, so that a test can hand in one that it moves by hand.
public struct MonotonicTime: Sendable {
    private let read: @Sendable () -> Duration
    private let wait: @Sendable (Duration) async throws -> Void

    /// Takes the time from a clock.
    public init(_ clock: some Clock<Duration>) {
        let origin = clock.now
        read = { origin.duration(to: clock.now) }
        wait = { try await clock.sleep(for: $0) }
    }

    /// The time since an origin of no meaning.
    public func now() -> Duration { read() }

    /// Waits.
    ///
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    public func sleep(for duration: Duration) async throws {
        try await wait(duration)
    }

    /// Waits for something, but no longer than a time, after which its task is cancelled; `nil` is without end.
    public func limit(_ duration: Duration?, _ body: @escaping @Sendable () async -> Void) async {
        guard let duration else { return await body() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await body() }
            group.addTask { try? await sleep(for: duration) }
            await group.next()
            group.cancelAll()
        }
    }
}
