import Synchronization
import Testing

/// Thrown when something that a test waits for does not happen.
struct TookTooLong: Error {}

/// Lets other tasks run until a condition holds; gives up after a time that only a hang can take.
func eventually(_ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(240)
    while try await !condition() {
        guard ContinuousClock.now < end else { throw TookTooLong() }
        try await Task.sleep(for: .milliseconds(1))
    }
}

/// A value that the tasks of a test share.
final class Locked<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    init(_ value: Value) {
        mutex = Mutex(value)
    }

    func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        mutex.withLock { value in body(&value) }
    }
}
