import TestServers
import Testing

/// Waits until something holds that a program is about to bring about; throws after a time that only a hang can take.
func eventually(
    within patience: Duration = .seconds(240), _ what: Comment,
    _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + patience
    while try await !condition() {
        guard ContinuousClock.now < end else { throw OutOfPatience(description: "\(what)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// Waits until something holds that a program has promised for within a time, and throws when it does not. What the
/// machine was late by meanwhile does not count.
func promptly(
    within promise: Duration, _ what: Comment, _ condition: () async throws -> Bool
) async throws {
    let delays = Delays()
    let start = ContinuousClock.now
    while try await !condition() {
        guard ContinuousClock.now - start - delays.soFar < promise else {
            throw OutOfPatience(description: "\(what) within \(promise)")
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}

extension RedisServer {
    /// Leads a program to the server that is to wait for it even when the machine is very busy.
    var patientURL: String { url(options: "?timeout=60s&connect_timeout=60s") }
}

struct OutOfPatience: Error, CustomStringConvertible {
    let description: String
}
