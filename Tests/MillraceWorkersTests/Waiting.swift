import MillraceTesting
import Testing

/// Thrown when something that a test waits for does not happen.
struct TookTooLong: Error {}

/// Lets other tasks run until a condition holds; gives up after a time that only a hang can take.
func eventually(_ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(240)
    while try await !condition() {
        guard ContinuousClock.now < end else { throw TookTooLong() }
        await Task.yield()
    }
}

extension ManualClock {
    /// Moves the clock in small steps until a condition holds, each when so many tasks sleep on it again, so that no
    /// heartbeat is missed for want of a processor.
    func advance(
        by step: Duration = .milliseconds(100), whenSleeping sleepers: Int, until condition: () async throws -> Bool
    ) async throws {
        let end = ContinuousClock.now + .seconds(240)
        while try await !condition() {
            guard ContinuousClock.now < end else { throw TookTooLong() }
            if sleeperCount >= sleepers { advance(by: step) }
            for _ in 0..<10 { await Task.yield() }
        }
    }
}
