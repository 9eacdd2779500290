internal import Millrace

/// Does something; `nil` when the signal is raised before it has ended, and then it is cancelled and waited for.
func unless<Value: Sendable>(
    _ stop: StopSignal, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value? {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            await stop.wait()
            return nil
        }
        defer { group.cancelAll() }
        return try await group.next() ?? nil
    }
}
