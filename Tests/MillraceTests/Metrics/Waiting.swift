/// Thrown when something that a test waits for does not happen.
struct TookTooLong: Error {}

/// Waits until a condition holds; gives up after a time that only a hang can take.
func eventually(_ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(240)
    while try await !condition() {
        guard ContinuousClock.now < end else { throw TookTooLong() }
        try await Task.sleep(for: .milliseconds(5))
    }
}
